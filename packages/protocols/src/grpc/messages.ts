import type { AttributeValue } from '@weft/model';
import { gunzipSync } from 'fflate';
import { ascii, latin1 } from '../bytes.ts';
import { type Side, TO_SERVER } from '../protocol.ts';
import { type Base64, createBase64, decodeBase64 } from './base64.ts';
import { describeStatus } from './call.ts';
import { GRPC_WEB_TEXT, type GrpcBody, NO_GRPC } from './content-type.ts';

/** gRPC over HTTP/2, "Length-Prefixed-Message": a byte of flags and 32 bits of length. */
const PREFIX = 5;
/** gRPC-Web: the last "message" is the trailers, as lines of text. */
const TRAILERS_FLAG = 0x80;
const COMPRESSED_FLAG = 0x01;
const LONGEST_TRAILERS = 1024;
/** What compressed ones may become. */
const plain = new Uint8Array(4 * LONGEST_TRAILERS);
/** Characters of base64 that are decoded at once. */
const TEXT_STEP = 4096;
const decoded = new Uint8Array(TEXT_STEP);

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
  /** They are compressed. */
  isCompressed: boolean;
  /** Their bytes so far, one character each. */
  trailers: string;
  /** The body is base64. */
  readonly base64: Base64 | null;
}

/** Nothing has been read yet of a body of that kind; null: it holds no messages. */
export function createGrpcMessages(body: GrpcBody): GrpcMessages | null {
  if (body === NO_GRPC) return null;
  const base64 = body === GRPC_WEB_TEXT ? createBase64() : null;
  const trailers = { isTrailers: false, isCompressed: false, trailers: '' };
  return { count: 0, prefix: 0, length: 0, remaining: 0, ...trailers, base64 };
}

/** Reads on in the bytes [from, to) of the body. */
export function readGrpcMessages(m: GrpcMessages, bytes: Uint8Array, from: number, to: number): void {
  if (m.base64 === null) {
    read(m, bytes, from, to);
    return;
  }
  for (let at = from; at < to && m.count >= 0; at += TEXT_STEP) {
    const length = decodeBase64(m.base64, bytes, at, Math.min(to, at + TEXT_STEP), decoded);
    if (length < 0) m.count = -1;
    else read(m, decoded, 0, length);
  }
}

function read(m: GrpcMessages, bytes: Uint8Array, from: number, to: number): void {
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
  m.isCompressed = (flags & COMPRESSED_FLAG) !== 0;
  if ((flags & ~(TRAILERS_FLAG | COMPRESSED_FLAG)) !== 0) m.count = -1;
  else if (!m.isTrailers) m.count++;
}

/** Bytes of the body that were not seen: within a message they do not matter. */
export function skipGrpcMessages(m: GrpcMessages, length: number): void {
  if (length <= m.remaining && !m.isTrailers && m.base64 === null) m.remaining -= length;
  else m.count = -1;
}

/** Bytes that come next and are not needed to go on counting. */
export function idleGrpcBytes(m: GrpcMessages): number {
  if (m.count < 0) return Number.POSITIVE_INFINITY;
  return m.isTrailers || m.base64 !== null ? 0 : m.remaining;
}

/** Adds what the messages of a side say that is over: their number, and the status if it is in the body. */
export function describeMessages(m: GrpcMessages, side: Side, facts: Record<string, AttributeValue>): void {
  if (m.trailers !== '')
    describeStatus(facts, statusInTrailers(m.isCompressed ? unzipped(m.trailers) : m.trailers));
  if (m.count < 0) return;
  facts[side === TO_SERVER ? 'weft.rpc.request.messages' : 'weft.rpc.response.messages'] = m.count;
}

/** What gzip made of it, the one compression of gRPC that is in use; '' where it is something else. */
function unzipped(trailers: string): string {
  try {
    const out = gunzipSync(ascii(trailers), { out: plain });
    return latin1(out, 0, out.length);
  } catch {
    return '';
  }
}

/** Value of `grpc-status` in the text of gRPC-Web's trailers, '' if it is not there. */
function statusInTrailers(trailers: string): string {
  for (const line of trailers.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && line.slice(0, colon).trim().toLowerCase() === 'grpc-status')
      return line.slice(colon + 1).trim();
  }
  return '';
}
