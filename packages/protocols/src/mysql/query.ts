import { latin1 } from '../bytes.ts';
import { carriedIn } from '../carried/carried.ts';
import type { CarriedIds } from '../protocol.ts';
import { encodedInteger, encodedStringEnd, int2, lengthOfInteger } from './wire.ts';

/** Where the text of a COM_QUERY begins, and what its attributes carry. */
export interface QueryHead {
  readonly textAt: number;
  readonly carried: CarriedIds | null;
}

const SET_COUNT = 1;
const MOST_PARAMETERS = 64;
/** Bytes of values by type (`enum_field_types`), where they are fixed; -1: a length byte precedes; absent: length-encoded. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [0x01, 1],
  [0x02, 2],
  [0x03, 4],
  [0x04, 4],
  [0x05, 8],
  [0x06, 0],
  [0x07, -1],
  [0x08, 8],
  [0x09, 4],
  [0x0a, -1],
  [0x0b, -1],
  [0x0c, -1],
  [0x0d, 2],
]);

/**
 * Reads what stands before the text of a COM_QUERY where CLIENT_QUERY_ATTRIBUTES was agreed on: a count, the number of
 * sets, which is always 1, and named values. No SQL has a byte 1 behind its first, so that the bytes tell by themselves.
 * @returns null: the attributes go on behind `to`
 */
export function readQueryHead(b: Uint8Array, to: number): QueryHead | null {
  const count = to > 1 ? encodedInteger(b, 1, to) : -1;
  const at = 1 + (count < 0 ? 0 : lengthOfInteger(b[1]!));
  if (count < 0 || at >= to || b[at] !== SET_COUNT) return { textAt: 1, carried: null };
  return count === 0 ? { textAt: at + 1, carried: null } : readAttributes(b, at + 1, to, count);
}

function readAttributes(b: Uint8Array, from: number, to: number, count: number): QueryHead | null {
  if (count > MOST_PARAMETERS) return null;
  const nulls = from;
  const types: number[] = [];
  const names: string[] = [];
  // Behind the bitmap of NULLs a byte says that types follow; it is always 1.
  let at = nulls + ((count + 7) >> 3) + 1;
  for (let i = 0; i < count; i++) {
    const end = encodedStringEnd(b, at + 2, to);
    if (end < 0) return null;
    types.push(int2(b, at) & 255);
    names.push(latin1(b, at + 2 + lengthOfInteger(b[at + 2]!), end));
    at = end;
  }
  let carried: CarriedIds | null = null;
  for (let i = 0; i < count; i++) {
    if ((b[nulls + (i >> 3)]! >> (i & 7)) & 1) continue;
    const size = SIZES.get(types[i]!);
    const end = size === undefined ? encodedStringEnd(b, at, to) : at + (size < 0 ? 1 + (b[at] ?? 0) : size);
    if (end < 0 || end > to) return null;
    if (size === undefined) {
      carried ??= carriedIn(names[i]!.toLowerCase(), latin1(b, at + lengthOfInteger(b[at]!), end));
    }
    at = end;
  }
  return { textAt: at, carried };
}
