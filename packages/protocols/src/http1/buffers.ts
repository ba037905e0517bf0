import { LONGEST_HEAD } from './lines.ts';

/** Most heads that come in parts fit; allocating costs more than parsing one. */
const SIZE = 2048;
const MOST_KEPT = 64;
const kept: Uint8Array[] = [];

/** A buffer of at least `length` bytes (at most `LONGEST_HEAD` are ever asked for); what it contains is of no meaning. */
export function takeBuffer(length: number): Uint8Array {
  if (length <= SIZE) return kept.pop() ?? new Uint8Array(SIZE);
  let size = 2 * SIZE;
  while (size < length) size *= 2;
  return new Uint8Array(Math.min(size, LONGEST_HEAD));
}

/** Takes a buffer back that nobody uses any more. */
export function giveBuffer(buffer: Uint8Array): void {
  if (buffer.length === SIZE && kept.length < MOST_KEPT) kept.push(buffer);
}
