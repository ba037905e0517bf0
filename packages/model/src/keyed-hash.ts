import { hex32 } from './hash.ts';

/** 64 bits in two words. */
export type HashKey = readonly [number, number];

/** Where nobody gives out a key (replay): the same for all, so that files give the same spans everywhere. */
export const FIXED_KEY: HashKey = [0x57656674, 0x7365616d];

/**
 * HalfSipHash-2-4 with 64 bits of output (Aumasson and Bernstein; the 32-bit variant of SipHash) over a text's
 * UTF-16 units: who lacks the key cannot tell a value from its hash, nor try values out.
 * @returns 16 lower-case hex digits
 */
export function keyedHash(text: string, key: HashKey = FIXED_KEY): string {
  let v0 = key[0] | 0;
  let v1 = (key[1] | 0) ^ 0xee;
  let v2 = 0x6c796765 ^ key[0];
  let v3 = 0x74656462 ^ key[1];

  function rounds(count: number): void {
    for (let i = 0; i < count; i++) {
      v0 = (v0 + v1) | 0;
      v1 = rotate(v1, 5) ^ v0;
      v0 = rotate(v0, 16);
      v2 = (v2 + v3) | 0;
      v3 = rotate(v3, 8) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = rotate(v3, 7) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = rotate(v1, 13) ^ v2;
      v2 = rotate(v2, 16);
    }
  }
  function take(word: number): void {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }

  const { length } = text;
  // Two characters a word; what remains goes into the last word, with the length in front.
  let at = 0;
  for (; at + 1 < length; at += 2) take(text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16));
  take(((length * 2) << 24) | (at < length ? text.charCodeAt(at) : 0));
  v2 ^= 0xee;
  rounds(4);
  const first = v1 ^ v3;
  v1 ^= 0xdd;
  rounds(4);
  return hex32(first) + hex32(v1 ^ v3);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
