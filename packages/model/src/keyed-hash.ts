import { hex64 } from './hash.ts';

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
  state[0] = key[0];
  state[1] = key[1] ^ 0xee;
  state[2] = 0x6c796765 ^ key[0];
  state[3] = 0x74656462 ^ key[1];
  const { length } = text;
  // Two characters a word; what remains goes into the last word, with the length in front.
  let at = 0;
  for (; at + 1 < length; at += 2) take(text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16));
  take(((length * 2) << 24) | (at < length ? text.charCodeAt(at) : 0));
  state[2]! ^= 0xee;
  rounds(4);
  const first = state[1]! ^ state[3]!;
  state[1]! ^= 0xdd;
  rounds(4);
  return hex64(first, state[1]! ^ state[3]!);
}

/** The four words of the hash under way: it is done before anybody else begins. */
const state = new Int32Array(4);

function take(word: number): void {
  state[3]! ^= word;
  rounds(2);
  state[0]! ^= word;
}

function rounds(count: number): void {
  let v0 = state[0]!;
  let v1 = state[1]!;
  let v2 = state[2]!;
  let v3 = state[3]!;
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
  state[0] = v0;
  state[1] = v1;
  state[2] = v2;
  state[3] = v3;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
