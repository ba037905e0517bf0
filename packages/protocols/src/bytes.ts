const CR = 13;
const LF = 10;
const SP = 32;
const TAB = 9;

const decoder = new TextDecoder('latin1');
const chars = String.fromCharCode;

/**
 * Bytes [from, to) as a string, one character a byte (Latin-1). Short ranges are spelled out in blocks of
 * eight, which was measured twice as fast as a decoder up to about 48 bytes.
 */
export function latin1(b: Uint8Array, from: number, to: number): string {
  if (to - from > 48) return decoder.decode(b.subarray(from, to));
  let text = '';
  let i = from;
  for (; i + 8 <= to; i += 8) {
    text += chars(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!, b[i + 7]!);
  }
  for (; i < to; i++) text += chars(b[i]!);
  return text;
}

const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Bytes [from, to) as UTF-8; what is none becomes U+FFFD. ASCII, which most texts are, is spelled out or found again. */
export function utf8(bytes: Uint8Array, from: number, to: number): string {
  for (let i = from; i < to; i++) {
    if (bytes[i]! >= 128) return utf8Decoder.decode(bytes.subarray(from, to));
  }
  return intern(bytes, from, to);
}

const INTERN_SLOTS = 2048;
const INTERN_LONGEST = 192;
const slots: string[] = new Array<string>(INTERN_SLOTS).fill('');

/**
 * As `latin1`, but gives the same string object for bytes that were seen lately (hosts, user agents, paths):
 * no allocation, and later stages compare and hash it for free. A direct-mapped table of bounded size.
 */
export function intern(bytes: Uint8Array, from: number, to: number): string {
  const length = to - from;
  if (length > INTERN_LONGEST) return latin1(bytes, from, to);
  let hash = length;
  const stride = (length >> 4) + 1;
  for (let i = to - 1; i >= from; i -= stride) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  const slot = (hash ^ (hash >>> 15)) & (INTERN_SLOTS - 1);
  const known = slots[slot]!;
  if (known.length === length) {
    let i = 0;
    while (i < length && known.charCodeAt(i) === bytes[from + i]) i++;
    if (i === length) return known;
  }
  const text = latin1(bytes, from, to);
  slots[slot] = text;
  return text;
}

/** Whether lower-case `name` (letters, digits, `-`) stands at `at`, in any case. */
export function nameAt(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if ((bytes[at + i]! | 0x20) !== name[i]) return false;
  return true;
}

/** Whether exactly these bytes stand at `at`. */
export function bytesAt(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  if (at + expected.length > bytes.length) return false;
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** Bytes of an ASCII text. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** First position in [from, to) that is no white space of a header line, or `to`. */
export function skipBlanks(bytes: Uint8Array, from: number, to: number): number {
  let i = from;
  while (i < to && isBlank(bytes[i]!)) i++;
  return i;
}

/** One past the last byte in [from, to) that is no white space of a header line, or `from`. */
export function trimBlanks(bytes: Uint8Array, from: number, to: number): number {
  let i = to;
  while (i > from && isBlank(bytes[i - 1]!)) i--;
  return i;
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === TAB || byte === CR || byte === LF;
}

/** Table of the bytes of a text: 1 for each byte that occurs in it. */
export function byteSet(text: string): Uint8Array {
  const set = new Uint8Array(256);
  for (let i = 0; i < text.length; i++) set[text.charCodeAt(i)] = 1;
  return set;
}

export const DIGITS = '0123456789';
export const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
export const LOWER = 'abcdefghijklmnopqrstuvwxyz';
