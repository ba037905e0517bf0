const VALUES = new Int8Array(256).fill(-1);
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i;
const PAD = 0x3d;

/** Base64 (RFC 4648 §4) that comes in pieces; each part that is padded ends a text, and another may follow. */
export interface Base64 {
  /** Bits that are not given out yet, and how many. */
  bits: number;
  count: number;
}

/** Nothing has been read yet. */
export function createBase64(): Base64 {
  return { bits: 0, count: 0 };
}

/**
 * Decodes the characters [from, to).
 * @param out gets the bytes; three quarters of the characters' number, and one, fit
 * @returns how many bytes; -1 where a character is none of base64
 */
export function decodeBase64(
  state: Base64,
  text: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
): number {
  let length = 0;
  for (let i = from; i < to; i++) {
    const char = text[i]!;
    if (char === PAD) {
      state.count = 0;
      state.bits = 0;
      continue;
    }
    const value = VALUES[char]!;
    if (value < 0) return -1;
    state.bits = ((state.bits << 6) | value) & 0xffff;
    state.count += 6;
    if (state.count < 8) continue;
    state.count -= 8;
    out[length++] = (state.bits >> state.count) & 0xff;
  }
  return length;
}
