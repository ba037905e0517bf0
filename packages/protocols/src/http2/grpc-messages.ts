import { latin1 } from '../bytes.ts';

/** gRPC over HTTP/2, "Length-Prefixed-Message": a byte of flags and 32 bits of length. */
const PREFIX = 5;
/** gRPC-Web: the last "message" is the trailers, as lines of text. */
const TRAILERS_FLAG = 0x80;
const COMPRESSED_FLAG = 0x01;
const LONGEST_TRAILERS = 1024;

/** The messages of one side of a gRPC call, told by their prefixes; what is between is skipped. */
export interface GrpcMessages {
  /** Messages that have begun; -1: some were missed. */
  count: number;
  /** Bytes of the prefix so far. */
  prefix: number;
  /** Value of the length's bytes so far. */
  length: number;
  /** Bytes of the message that are still to come. */
  remaining: number;
  /** The message is gRPC-Web's trailers. */
  isTrailers: boolean;
  /** Their text so far. */
  trailers: string;
}

/** Nothing has been seen yet. */
export function createGrpcMessages(): GrpcMessages {
  return { count: 0, prefix: 0, length: 0, remaining: 0, isTrailers: false, trailers: '' };
}

/** Reads on in the bytes [from, to) of the body. */
export function readGrpcMessages(m: GrpcMessages, bytes: Uint8Array, from: number, to: number): void {
  let at = from;
  while (at < to && m.count >= 0) {
    if (m.remaining > 0) {
      const taken = Math.min(m.remaining, to - at);
      if (m.isTrailers && m.trailers.length < LONGEST_TRAILERS) {
        m.trailers += latin1(bytes, at, at + Math.min(taken, LONGEST_TRAILERS));
      }
      m.remaining -= taken;
      at += taken;
      continue;
    }
    const byte = bytes[at++]!;
    if (m.prefix === 0) beginMessage(m, byte);
    else m.length = m.length * 256 + byte;
    if (++m.prefix === PREFIX) {
      m.prefix = 0;
      m.remaining = m.length;
    }
  }
}

function beginMessage(m: GrpcMessages, flags: number): void {
  m.length = 0;
  m.isTrailers = (flags & TRAILERS_FLAG) !== 0;
  if ((flags & ~(TRAILERS_FLAG | COMPRESSED_FLAG)) !== 0) m.count = -1;
  else if (!m.isTrailers) m.count++;
}

/** Bytes of the body that were not seen: within a message they do not matter. */
export function skipGrpcMessages(m: GrpcMessages, length: number): void {
  if (length <= m.remaining && !m.isTrailers) m.remaining -= length;
  else m.count = -1;
}

/** Value of `grpc-status` in the text of gRPC-Web's trailers, '' if it is not there. */
export function statusInTrailers(trailers: string): string {
  for (const line of trailers.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && line.slice(0, colon).trim().toLowerCase() === 'grpc-status')
      return line.slice(colon + 1).trim();
  }
  return '';
}
