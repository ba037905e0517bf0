import { ascii, intern, latin1, nameAt, skipBlanks, trimBlanks } from '../bytes.ts';
import { lineStarts, linesOfHead } from './lines.ts';

const SP = 32;
const TAB = 9;
const COLON = 58;
const COMMA = 44;
const ZERO = 48;

/** Where the value of the field lies that `fieldAt` found last. */
export const value = { from: 0, to: 0, folded: false };

/**
 * Whether line `line` of the head that was split last is the field of that name; its value is then in `value`,
 * continuation lines (obsolete folding, RFC 9112 §5.2) included.
 * @param name lower case
 * @param end of the head
 */
export function fieldAt(bytes: Uint8Array, line: number, name: Uint8Array, end: number): boolean {
  const start = lineStarts[line]!;
  const colon = start + name.length;
  if (colon >= end || bytes[colon] !== COLON || !nameAt(bytes, start, name)) return false;
  const lines = linesOfHead();
  let next = line + 1;
  while (next < lines && isFold(bytes[lineStarts[next]!]!)) next++;
  const limit = next < lines ? lineStarts[next]! : end;
  value.folded = next > line + 1;
  value.from = skipBlanks(bytes, colon + 1, limit);
  value.to = trimBlanks(bytes, value.from, limit);
  return true;
}

function isFold(byte: number): boolean {
  return byte === SP || byte === TAB;
}

/** Text of bytes [from, to) of the value found last, at most `longest` characters, folds as one space. */
export function valueText(bytes: Uint8Array, from: number, to: number, longest: number): string {
  const limit = Math.min(to, from + longest);
  return value.folded ? unfolded(latin1(bytes, from, limit)) : intern(bytes, from, limit);
}

/** Line ends with the white space around them become one space, other control characters too. */
function unfolded(text: string): string {
  let out = '';
  for (const char of text) out += char < ' ' ? ' ' : char;
  return out.replaceAll(/ {2,}/g, ' ');
}

/** How the body of a message is delimited, as its fields say. Filled line by line, reset for each head. */
export interface Framing {
  /** Content-Length, -1 without one. */
  length: number;
  /** There are several lengths that differ, or one that is no number: RFC 9112 §6.3 (5). */
  invalid: boolean;
  /** There is a Transfer-Encoding. */
  coded: boolean;
  /** Its last coding is `chunked`. */
  chunked: boolean;
}

/** The framing of the head that is being read; shared, since it is used at once. */
export const framing: Framing = { length: -1, invalid: false, coded: false, chunked: false };

/** Forgets the last head's framing. */
export function resetFraming(): void {
  framing.length = -1;
  framing.invalid = false;
  framing.coded = false;
  framing.chunked = false;
}

const CONTENT_LENGTH = ascii('content-length');
const TRANSFER_ENCODING = ascii('transfer-encoding');
const CHUNKED = ascii('chunked');
const IDENTITY = ascii('identity');

/** Reads line `line` if it is one of the two fields that delimit the body. */
export function readFraming(bytes: Uint8Array, line: number, end: number): void {
  const first = bytes[lineStarts[line]!]! | 0x20;
  if (first === 0x63) {
    if (fieldAt(bytes, line, CONTENT_LENGTH, end)) readLength(bytes);
  } else if (first === 0x74) {
    if (fieldAt(bytes, line, TRANSFER_ENCODING, end)) readCoding(bytes);
  }
}

/** One length, or the same one several times (`5, 5`: RFC 9110 §8.6). */
function readLength(bytes: Uint8Array): void {
  let number = -1;
  for (let i = value.from; i <= value.to; i++) {
    const byte = i < value.to ? bytes[i]! : COMMA;
    if (byte >= ZERO && byte <= ZERO + 9) {
      number = Math.max(0, number) * 10 + byte - ZERO;
    } else if (byte === COMMA) {
      if (number < 0 || number > Number.MAX_SAFE_INTEGER) framing.invalid = true;
      else if (framing.length >= 0 && framing.length !== number) framing.invalid = true;
      else framing.length = number;
      number = -1;
    } else if (!(isFold(byte) && (number < 0 || restIsBlank(bytes, i)))) {
      framing.invalid = true;
      return;
    }
  }
}

/** Whether only white space stands between `from` and the next comma or the value's end. */
function restIsBlank(bytes: Uint8Array, from: number): boolean {
  const next = skipBlanks(bytes, from, value.to);
  return next === value.to || bytes[next] === COMMA;
}

function readCoding(bytes: Uint8Array): void {
  const length = value.to - value.from;
  // Obsolete, and means: none.
  if (length === IDENTITY.length && nameAt(bytes, value.from, IDENTITY)) return;
  framing.coded = true;
  const at = value.to - CHUNKED.length;
  framing.chunked =
    at >= value.from && nameAt(bytes, at, CHUNKED) && (at === value.from || isSeparator(bytes[at - 1]!));
}

function isSeparator(byte: number): boolean {
  return byte === COMMA || byte === SP || byte === TAB;
}
