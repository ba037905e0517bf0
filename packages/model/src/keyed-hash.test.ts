import { expect, test } from 'vitest';
import { type HashKey, keyedHash } from './keyed-hash.ts';

/** Key and messages of the reference implementation's test vectors: bytes 0, 1, 2, …, as pairs of them. */
const KEY: HashKey = [0x03020100, 0x07060504];
const bytes = (count: number) =>
  Array.from({ length: count / 2 }, (_, i) => String.fromCharCode(2 * i + (2 * i + 1) * 256)).join('');
const littleEndian = (hash: string) =>
  [hash.slice(0, 8), hash.slice(8)]
    .flatMap((word) => [word.slice(6), word.slice(4, 6), word.slice(2, 4), word.slice(0, 2)])
    .join('');

test.each([
  [0, '218d1f59b9b83cc8'],
  [2, '064f39ef7c50eb57'],
  [4, 'd5e78a175be52ea1'],
  [6, 'ce3e91358aa2bc25'],
])('HalfSipHash of %d bytes', (count, expected) => {
  expect(littleEndian(keyedHash(bytes(count), KEY))).toBe(expected);
});

test('texts and keys make the difference', () => {
  const texts = ['', 'a', 'b', 'ab', 'ba', 'abc', 'abcd', 'abcd\x00', '0af7651916cd43dd8448eb211c80319c'];
  expect(new Set(texts.map((text) => keyedHash(text))).size).toBe(texts.length);
  expect(keyedHash('a', [1, 2])).not.toBe(keyedHash('a', [1, 3]));
  expect(keyedHash('a')).toMatch(/^[0-9a-f]{16}$/);
});
