/** Two hex digits of each byte value. */
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function mix(hash: number, value: number): number {
  let k = Math.imul(value, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  k = Math.imul(k, 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Eight lower-case hex digits of the low 32 bits. */
export function hex32(value: number): string {
  return HEX[value >>> 24]! + HEX[(value >>> 16) & 255]! + HEX[(value >>> 8) & 255]! + HEX[value & 255]!;
}

const SEEDS = [0x9747b28c, 0x3c6ef372, 0xa54ff53a, 0x510e527f] as const;

/**
 * 128 bits of seven 32-bit words (fractions and high bits are dropped) as 32 hex digits: MurmurHash3's
 * 32-bit mixing over four lanes that differ by their seed and feed each other. Not cryptographic: keys
 * must agree between hosts and spread well, nobody gains by a collision in their own trace.
 */
export function hash128(
  w0: number,
  w1: number,
  w2: number,
  w3: number,
  w4: number,
  w5: number,
  w6: number,
): string {
  let a: number = SEEDS[0];
  let b: number = SEEDS[1];
  let c: number = SEEDS[2];
  let d: number = SEEDS[3];
  a = mix(mix(a, w0), w4);
  b = mix(mix(b, w1), w5);
  c = mix(mix(c, w2), w6);
  d = mix(mix(d, w3), w0);
  // Every lane must depend on every word: two rounds of neighbours.
  a = mix(a, b);
  b = mix(b, c);
  c = mix(c, d);
  d = mix(d, a);
  a = mix(a, c);
  b = mix(b, d);
  c = mix(c, a);
  d = mix(d, b);
  a = mix(a, d);
  return hex32(finish(a)) + hex32(finish(b)) + hex32(finish(c)) + hex32(finish(d));
}

/** FNV-1a of the first bytes, 32 bits: digests of short datagrams. @param most bytes that count */
export function fnv1a(bytes: Uint8Array, most: number = bytes.length): number {
  let hash = 0x811c9dc5;
  const length = Math.min(most, bytes.length);
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash >>> 0;
}
