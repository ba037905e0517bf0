import { DATA, FRAME_HEADER, frameChain, looksLikeFrame, streamIdAt, uint24 } from './frames.ts';
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
  return bytes[at + 3] !== DATA || c.streams.has(streamIdAt(bytes, at + 5));
}
