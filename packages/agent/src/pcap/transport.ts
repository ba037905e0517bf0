import type { CaptureRefusal, Frame, Packet, TcpFlags } from './packet.ts';

const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const TCP_HEADER = 20;
const UDP_HEADER = 8;

const NO_FLAGS: TcpFlags = Object.freeze({ syn: false, ack: false, fin: false, rst: false });
const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;
/** One shared object for each of the sixteen combinations. */
const FLAGS: readonly TcpFlags[] = Array.from({ length: 32 }, (_, bits) =>
  Object.freeze({
    syn: (bits & SYN) !== 0,
    ack: (bits & ACK) !== 0,
    fin: (bits & FIN) !== 0,
    rst: (bits & RST) !== 0,
  }),
);

/** What an IP header says about the segment behind it. */
export interface Datagram {
  readonly bytes: Uint8Array;
  /** Where the transport header begins in `bytes`. */
  readonly offset: number;
  /** Bytes from there to the datagram's end, on the wire. */
  readonly length: number;
  readonly protocol: number;
  /** A first fragment: the rest of the datagram comes in others. */
  readonly fragmented: boolean;
  readonly sourceAddress: string;
  readonly destinationAddress: string;
}

function u16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

function u32(bytes: Uint8Array, offset: number): number {
  return ((u16(bytes, offset) << 16) | u16(bytes, offset + 2)) >>> 0;
}

function payloadOf(bytes: Uint8Array, start: number, length: number): Uint8Array {
  return bytes.subarray(Math.min(start, bytes.length), Math.min(start + length, bytes.length));
}

/** Reads a TCP (RFC 9293 §3.1) or UDP (RFC 768) header. */
export function readSegment(frame: Frame, datagram: Datagram): Packet | CaptureRefusal {
  const { bytes, offset, length, protocol, sourceAddress, destinationAddress } = datagram;
  const captured = Math.min(length, bytes.length - offset);
  if (protocol !== PROTOCOL_TCP && protocol !== PROTOCOL_UDP) return 'not-tcp-udp';
  const tcp = protocol === PROTOCOL_TCP;
  const least = tcp ? TCP_HEADER : UDP_HEADER;
  if (length < least) return 'malformed';
  if (captured < least) return 'short';
  const sourcePort = u16(bytes, offset);
  const destinationPort = u16(bytes, offset + 2);
  const { timeUnixNanos, interfaceIndex } = frame;
  if (!tcp) {
    const announced = u16(bytes, offset + 4);
    // 0: an IPv6 jumbogram (RFC 2675). A first fragment holds less than the datagram.
    if ((announced !== 0 && announced < UDP_HEADER) || (announced > length && !datagram.fragmented)) {
      return 'malformed';
    }
    const payloadLength = (announced === 0 ? length : announced) - UDP_HEADER;
    return {
      timeUnixNanos,
      interfaceIndex,
      transport: 'udp',
      sourceAddress,
      sourcePort,
      destinationAddress,
      destinationPort,
      sequence: 0,
      acknowledgment: 0,
      flags: NO_FLAGS,
      payload: payloadOf(bytes, offset + UDP_HEADER, Math.min(payloadLength, length - UDP_HEADER)),
      payloadLength,
    };
  }
  const header = (bytes[offset + 12]! >> 4) * 4;
  if (header < TCP_HEADER || header > length) return 'malformed';
  const payloadLength = length - header;
  return {
    timeUnixNanos,
    interfaceIndex,
    transport: 'tcp',
    sourceAddress,
    sourcePort,
    destinationAddress,
    destinationPort,
    sequence: u32(bytes, offset + 4),
    acknowledgment: u32(bytes, offset + 8),
    flags: FLAGS[bytes[offset + 13]! & 31]!,
    payload: payloadOf(bytes, offset + header, payloadLength),
    payloadLength,
  };
}
