import { bytesAt } from '../bytes.ts';
import { type Protocol, type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import {
  END_HEADERS,
  FRAME_HEADER,
  frameChain,
  GOAWAY,
  HAS_PRIORITY,
  HEADERS,
  looksLikeFrame,
  PADDED,
  PING,
  PREFACE,
  RST_STREAM,
  SETTINGS,
  uint24,
  WINDOW_UPDATE,
} from './frames.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { createHttp2Parser } from './parser.ts';

const SURE = 1;
const PROBABLE = 0.9;
const POSSIBLE = 0.3;
/** `PRI * HTTP/2.0` is a request of no other protocol. */
const SHORTEST_PREFACE = 14;

function isPreface(bytes: Uint8Array): boolean {
  return bytesAt(bytes, 0, PREFACE.subarray(0, Math.min(bytes.length, PREFACE.length)));
}

/** Looks into the first header block alone: it says which way it goes, and whether it is one. */
const scout = new HpackDecoder(new Set());

/** Which way the frames go by the pseudo-header fields of their first header block; null if there is none. */
function wayOf(bytes: Uint8Array): Side | null {
  for (let at = 0; at + FRAME_HEADER < bytes.length; at += FRAME_HEADER + uint24(bytes, at)) {
    if (bytes[at + 3] !== HEADERS) continue;
    const flags = bytes[at + 4]!;
    const end = at + FRAME_HEADER + uint24(bytes, at);
    if ((flags & END_HEADERS) === 0 || (flags & PADDED) !== 0 || end > bytes.length) return null;
    scout.forget();
    if (!scout.decode(bytes, at + FRAME_HEADER + ((flags & HAS_PRIORITY) !== 0 ? 5 : 0), end)) return null;
    for (let i = 0; i < scout.count; i++) {
      const { name } = scout.fields[i]!;
      if (name === ':status') return TO_CLIENT;
      if (name === ':method' || name === ':scheme' || name === ':path') return TO_SERVER;
    }
    return null;
  }
  return null;
}

/**
 * The preface, the SETTINGS that a server begins with, or, of a connection that is older than the watch, frames: a
 * header block that can be read, or whole frames of kinds that have a fixed form.
 */
function detect(bytes: Uint8Array, side: Side | null): number {
  const length = bytes.length;
  if (length < 3) return 0;
  if (side !== TO_CLIENT && isPreface(bytes)) return length >= SHORTEST_PREFACE ? SURE : POSSIBLE;
  if (length < FRAME_HEADER || !looksLikeFrame(bytes, 0)) return 0;
  const frames = frameChain(bytes, 0, length);
  if (frames < 0) return 0;
  const way = wayOf(bytes);
  if (way !== null) return side === null || side === way ? PROBABLE : 0;
  const type = bytes[3]!;
  const first = uint24(bytes, 0);
  const isWhole = FRAME_HEADER + first <= length;
  if (type === SETTINGS && isWhole) {
    if (first > 0) return hasKnownSettings(bytes, first) ? PROBABLE : POSSIBLE;
    // Zeros, mostly: a frame of a fixed form must follow.
    const next = bytes[FRAME_HEADER + 3]!;
    return frames > 1 && (next === SETTINGS || CONTROL.has(next)) ? PROBABLE : POSSIBLE;
  }
  if (!CONTROL.has(type)) return POSSIBLE;
  // Bytes of other protocols look like one short frame more often than one would think: it must fill what is there.
  return frames > 1 || FRAME_HEADER + first === length ? PROBABLE : POSSIBLE;
}

/** Frames of a fixed length, but for what a peer may add to GOAWAY; PRIORITY, which is deprecated, holds anything. */
const CONTROL: ReadonlySet<number> = new Set([RST_STREAM, PING, GOAWAY, WINDOW_UPDATE]);

/** Settings that RFC 9113 §6.5.2 and its extensions define. */
function hasKnownSettings(bytes: Uint8Array, length: number): boolean {
  for (let at = FRAME_HEADER; at < FRAME_HEADER + length; at += 6) {
    if (bytes[at] !== 0 || bytes[at + 1] === 0 || bytes[at + 1]! > 9) return false;
  }
  return true;
}

function sideOf(bytes: Uint8Array): Side | null {
  if (bytes.length >= SHORTEST_PREFACE && isPreface(bytes)) return TO_SERVER;
  return frameChain(bytes, 0, bytes.length) < 0 ? null : wayOf(bytes);
}

/** HTTP/2 (RFC 9113) with HPACK (RFC 7541), gRPC and gRPC-Web on it. */
export const http2: Protocol = {
  name: 'http2',
  interleaves: true,
  detect,
  sideOf,
  createParser: createHttp2Parser,
};
