import { type Protocol, type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { likeFrame, PREFIX } from './frames.ts';
import { message, readMessage } from './message.ts';
import { createDnsParser } from './parser.ts';

/** All of it was understood, to the last byte; as far as the bytes go; the length and little more is there. */
const SURE = 0.95;
const PROBABLE = 0.8;
const POSSIBLE = 0.3;
/** Queries are shorter: a longer one is not waited for. */
const LONGEST_AWAITED = 1024;

/** Types of records that were ever given out (IANA, DNS parameters), and the private ones. */
function isKnownType(type: number): boolean {
  return (
    (type > 0 && type <= 128) ||
    (type >= 249 && type <= 264) ||
    type === 32_768 ||
    type === 32_769 ||
    type >= 65_280
  );
}

/** How sure what is in `message` is DNS: some question or record must have been read, a bare header fits anything. */
function confidence(reading: 'whole' | 'cut', side: Side | null): number {
  if (message.name === null && (reading === 'cut' || message.addresses.length === 0)) return 0;
  if (message.name !== null && !isKnownType(message.type)) return 0;
  // Datagrams come whole, and what goes before the end of one must say more.
  const saysMore = message.opcode === 0 && message.questions === 1 && message.name !== '.';
  if (reading === 'cut' && !saysMore) return 0;
  if (side !== null && message.isResponse !== (side === TO_CLIENT)) return 0;
  return reading === 'whole' ? SURE : PROBABLE;
}

/** Port numbers play no part: multicast DNS and LLMNR are DNS as far as their messages are. */
function detect(bytes: Uint8Array, side: Side | null): number {
  const datagram = readMessage(bytes, 0, bytes.length);
  const asDatagram = datagram === 'wrong' ? 0 : confidence(datagram, side);
  if (asDatagram > 0) return asDatagram;
  const frame = likeFrame(bytes);
  if (frame === 'wrong' || bytes.length < PREFIX) return 0;
  if (frame === 'short') return ((bytes[0]! << 8) | bytes[1]!) <= LONGEST_AWAITED ? POSSIBLE : 0;
  return confidence(frame, side);
}

function sideOf(bytes: Uint8Array): Side | null {
  if (detect(bytes, null) < PROBABLE) return null;
  return message.isResponse ? TO_CLIENT : TO_SERVER;
}

/**
 * DNS over UDP and TCP (RFC 1035, EDNS of RFC 6891, updates of RFC 2136, NOTIFY of RFC 1996). NXDOMAIN is an error
 * like the other codes: the name that was asked for is not there.
 */
export const dns: Protocol = { name: 'dns', detect, sideOf, createParser: createDnsParser };
