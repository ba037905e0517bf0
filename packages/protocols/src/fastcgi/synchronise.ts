import type { Flow } from './connection.ts';
import { BEGIN_REQUEST, chain, END_REQUEST, RECORD_HEADER, recordChain } from './records.ts';

/**
 * Out of step: looks for a place where records stand one after the other.
 * @returns index where to go on; the length of `bytes` if there is none
 */
export function synchronise(f: Flow, bytes: Uint8Array, from: number): number {
  for (let i = from; i + RECORD_HEADER <= bytes.length; i++) {
    // Most bytes are told by two of them, cheaply.
    if (bytes[i] !== 1 || bytes[i + 7] !== 0) continue;
    if (!recordChain(bytes, i, bytes.length, f.side)) continue;
    // A read begins at a record more often than not; elsewhere one header alone is nothing.
    const isConvincing = chain.records > 1 || chain.isWhole || i === 0 || isOfFixedLength(bytes[i + 1]!);
    if (!isConvincing) continue;
    f.searches = false;
    return i;
  }
  return bytes.length;
}

function isOfFixedLength(type: number): boolean {
  return type === BEGIN_REQUEST || type === END_REQUEST;
}
