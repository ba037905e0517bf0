/** Little-endian integers and length-encoded values of the MySQL client/server protocol ("Basic Types"). */

/** Two bytes at `at`; missing ones count as zero. */
export function int2(b: Uint8Array, at: number): number {
  return (b[at] ?? 0) | ((b[at + 1] ?? 0) << 8);
}

export function int3(b: Uint8Array, at: number): number {
  return int2(b, at) | ((b[at + 2] ?? 0) << 16);
}

/** Unsigned. */
export function int4(b: Uint8Array, at: number): number {
  return (int3(b, at) | ((b[at + 3] ?? 0) << 24)) >>> 0;
}

/** Bytes that the length-encoded integer beginning with `first` takes; 0: `first` begins none. */
export function lengthOfInteger(first: number): number {
  if (first < 0xfb) return 1;
  if (first === 0xfc) return 3;
  if (first === 0xfd) return 4;
  return first === 0xfe ? 9 : 0;
}

/** Value of the length-encoded integer at `at`; -1: there is none, or more than any message holds. */
export function encodedInteger(b: Uint8Array, at: number, to: number): number {
  if (at >= to) return -1;
  const length = lengthOfInteger(b[at]!);
  if (length === 0 || at + length > to) return -1;
  if (length === 1) return b[at]!;
  if (length === 3) return int2(b, at + 1);
  if (length === 4) return int3(b, at + 1);
  return int4(b, at + 5) > 0 ? -1 : int4(b, at + 1);
}

/** One past the length-encoded string at `at`; -1: it does not end before `to`. */
export function encodedStringEnd(b: Uint8Array, at: number, to: number): number {
  const length = encodedInteger(b, at, to);
  if (length < 0) return -1;
  const end = at + lengthOfInteger(b[at]!) + length;
  return end > to ? -1 : end;
}

/** Position of the zero byte that ends the string at `at`; -1: there is none before `to`. */
export function zeroAfter(b: Uint8Array, at: number, to: number): number {
  for (let i = at; i < to; i++) if (b[i] === 0) return i;
  return -1;
}
