import {
  DATA,
  END_HEADERS,
  FRAME_HEADER,
  frameChain,
  HEADERS,
  looksLikeFrame,
  streamIdAt,
  uint24,
} from './frames.ts';
import { type Connection, type Flow, HEADER } from './stream.ts';

/**
 * Out of step: looks for a place where frames stand one after the other. Reads begin at frames more often than not,
 * so at the begin of one a single frame is enough.
 * @returns index where to go on; the length of `bytes` if there is none
 */
export function resynchronise(c: Connection, f: Flow, bytes: Uint8Array, from: number): number {
  for (let i = from; i + FRAME_HEADER <= bytes.length; i++) {
    // Most bytes are told by the length alone, cheaply.
    if (bytes[i] !== 0 || bytes[i + 3]! > 9) continue;
    if (!looksLikeFrame(bytes, i) || !isConvincing(c, bytes, i)) continue;
    f.phase = HEADER;
    return i;
  }
  return bytes.length;
}

function isConvincing(c: Connection, bytes: Uint8Array, at: number): boolean {
  const frames = frameChain(bytes, at, bytes.length);
  if (frames < 0) return false;
  if (frames > 1 || at + FRAME_HEADER + uint24(bytes, at) === bytes.length) return true;
  if (at > 0) return false;
  // A cut frame: of a stream that is known, or with a header block of its own as nearly all have.
  const type = bytes[at + 3]!;
  if (type === HEADERS) return (bytes[at + 4]! & END_HEADERS) !== 0;
  return type === DATA && c.streams.has(streamIdAt(bytes, at + 5));
}
