/** Character codes of the hex digits. */
const DIGIT = new Uint8Array(16);
/** Value of a hex digit by its character code; anything else counts as 0. */
const NIBBLE = new Uint8Array(128);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  DIGIT[value] = digit.charCodeAt(0);
  NIBBLE[digit.charCodeAt(0)] = value;
  NIBBLE[digit.toUpperCase().charCodeAt(0)] = value;
}

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
export function hex32(v: number): string {
  const D = DIGIT;
  return String.fromCharCode(
    D[(v >>> 28) & 15]!,
    D[(v >>> 24) & 15]!,
    D[(v >>> 20) & 15]!,
    D[(v >>> 16) & 15]!,
    D[(v >>> 12) & 15]!,
    D[(v >>> 8) & 15]!,
    D[(v >>> 4) & 15]!,
    D[v & 15]!,
  );
}

/** Sixteen digits of two words. In one call: pieces that are joined cost three times as much, and as many objects. */
export function hex64(a: number, b: number): string {
  const D = DIGIT;
  return String.fromCharCode(
    D[(a >>> 28) & 15]!,
    D[(a >>> 24) & 15]!,
    D[(a >>> 20) & 15]!,
    D[(a >>> 16) & 15]!,
    D[(a >>> 12) & 15]!,
    D[(a >>> 8) & 15]!,
    D[(a >>> 4) & 15]!,
    D[a & 15]!,
    D[(b >>> 28) & 15]!,
    D[(b >>> 24) & 15]!,
    D[(b >>> 20) & 15]!,
    D[(b >>> 16) & 15]!,
    D[(b >>> 12) & 15]!,
    D[(b >>> 8) & 15]!,
    D[(b >>> 4) & 15]!,
    D[b & 15]!,
  );
}

function hex128(a: number, b: number, c: number, d: number): string {
  const D = DIGIT;
  return String.fromCharCode(
    D[(a >>> 28) & 15]!,
    D[(a >>> 24) & 15]!,
    D[(a >>> 20) & 15]!,
    D[(a >>> 16) & 15]!,
    D[(a >>> 12) & 15]!,
    D[(a >>> 8) & 15]!,
    D[(a >>> 4) & 15]!,
    D[a & 15]!,
    D[(b >>> 28) & 15]!,
    D[(b >>> 24) & 15]!,
    D[(b >>> 20) & 15]!,
    D[(b >>> 16) & 15]!,
    D[(b >>> 12) & 15]!,
    D[(b >>> 8) & 15]!,
    D[(b >>> 4) & 15]!,
    D[b & 15]!,
    D[(c >>> 28) & 15]!,
    D[(c >>> 24) & 15]!,
    D[(c >>> 20) & 15]!,
    D[(c >>> 16) & 15]!,
    D[(c >>> 12) & 15]!,
    D[(c >>> 8) & 15]!,
    D[(c >>> 4) & 15]!,
    D[c & 15]!,
    D[(d >>> 28) & 15]!,
    D[(d >>> 24) & 15]!,
    D[(d >>> 20) & 15]!,
    D[(d >>> 16) & 15]!,
    D[(d >>> 12) & 15]!,
    D[(d >>> 8) & 15]!,
    D[(d >>> 4) & 15]!,
    D[d & 15]!,
  );
}

/** Eight hex digits of a text as an integer of 32 bits (signed); other characters count as 0. */
export function hexWord(text: string, at: number): number {
  let word = 0;
  for (let i = at; i < at + 8; i++) word = (word << 4) | (NIBBLE[text.charCodeAt(i) & 127] ?? 0);
  return word;
}

const SEEDS = [0x9747b28c, 0x3c6ef372, 0xa54ff53a, 0x510e527f] as const;

/** The lanes of the last `mixLanes`: a result of several numbers without an object for it. */
let laneA = 0;
let laneB = 0;
let laneC = 0;
let laneD = 0;

function mixLanes(w0: number, w1: number, w2: number, w3: number, w4: number, w5: number, w6: number): void {
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
  laneA = finish(a);
  laneB = finish(b);
  laneC = finish(c);
  laneD = finish(d);
}

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
  mixLanes(w0, w1, w2, w3, w4, w5, w6);
  return hex128(laneA, laneB, laneC, laneD);
}

/** The first 16 digits of `hash128`. */
export function hash64(
  w0: number,
  w1: number,
  w2: number,
  w3: number,
  w4: number,
  w5: number,
  w6: number,
): string {
  mixLanes(w0, w1, w2, w3, w4, w5, w6);
  return hex64(laneA, laneB);
}

/** FNV-1a of the first bytes, 32 bits: digests of short datagrams. @param most bytes that count */
export function fnv1a(bytes: Uint8Array, most: number = bytes.length): number {
  let hash = 0x811c9dc5;
  const length = Math.min(most, bytes.length);
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash >>> 0;
}
