import { formatIpv4, formatIpv6 } from '@weft/model';
import type { CaptureRefusal } from './packet.ts';
import type { Datagram } from './transport.ts';

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;

/** Extension headers of IPv6 that come before the transport (IANA, "IPv6 Extension Header Types"). */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HOST_IDENTITY = 139;
const SHIM6 = 140;
const EXTENSIONS = new Set([
  HOP_BY_HOP,
  ROUTING,
  FRAGMENT,
  AUTHENTICATION,
  DESTINATION_OPTIONS,
  MOBILITY,
  HOST_IDENTITY,
  SHIM6,
]);
const MAX_EXTENSIONS = 16;

function u16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

/** RFC 791 §3.1. @param available bytes from `offset` to the frame's end, on the wire */
function readIpv4(bytes: Uint8Array, offset: number, available: number): Datagram | CaptureRefusal {
  if (bytes.length - offset < IPV4_HEADER) return 'short';
  const header = (bytes[offset]! & 15) * 4;
  // 0: the network card cuts the segment later (TSO).
  const total = u16(bytes, offset + 2) || available;
  if (header < IPV4_HEADER || total < header) return 'malformed';
  const fragment = u16(bytes, offset + 6);
  if ((fragment & 0x1fff) !== 0) return 'fragment';
  return {
    bytes,
    offset: offset + header,
    length: total - header,
    protocol: bytes[offset + 9]!,
    fragmented: (fragment & 0x2000) !== 0,
    sourceAddress: formatIpv4(bytes, offset + 12),
    destinationAddress: formatIpv4(bytes, offset + 16),
  };
}

/** RFC 8200 §3, §4. */
function readIpv6(bytes: Uint8Array, offset: number, available: number): Datagram | CaptureRefusal {
  if (bytes.length - offset < IPV6_HEADER) return 'short';
  let protocol = bytes[offset + 6]!;
  let at = offset + IPV6_HEADER;
  // 0: a jumbogram (RFC 2675), or TSO.
  let length = u16(bytes, offset + 4) || Math.max(0, available - IPV6_HEADER);
  let fragmented = false;
  for (let i = 0; EXTENSIONS.has(protocol); i++) {
    if (i === MAX_EXTENSIONS || length < 8) return 'malformed';
    if (bytes.length - at < 8) return 'short';
    let size = (bytes[at + 1]! + 1) * 8;
    if (protocol === AUTHENTICATION) size = (bytes[at + 1]! + 2) * 4;
    if (protocol === FRAGMENT) {
      const fragment = u16(bytes, at + 2);
      if (fragment >> 3 !== 0) return 'fragment';
      fragmented = (fragment & 1) !== 0;
      size = 8;
    }
    if (size > length) return 'malformed';
    protocol = bytes[at]!;
    at += size;
    length -= size;
  }
  return {
    bytes,
    offset: at,
    length,
    protocol,
    fragmented,
    sourceAddress: formatIpv6(bytes, offset + 8),
    destinationAddress: formatIpv6(bytes, offset + 24),
  };
}

/**
 * Reads an IP header of either version.
 * @param originalLength of the whole frame on the wire
 */
export function readDatagram(
  bytes: Uint8Array,
  offset: number,
  originalLength: number,
): Datagram | CaptureRefusal {
  if (offset >= bytes.length) return 'short';
  const available = Math.max(originalLength, bytes.length) - offset;
  switch (bytes[offset]! >> 4) {
    case 4:
      return readIpv4(bytes, offset, available);
    case 6:
      return readIpv6(bytes, offset, available);
    default:
      return 'not-ip';
  }
}
