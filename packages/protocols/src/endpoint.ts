import { LOWER, UPPER } from './bytes.ts';

const LONGEST = 256;
const SHORTEST_HEX = 8;
const SHORTEST_TOKEN = 16;

const OTHER = 0;
const DIGIT = 1;
const HEX_LETTER = 2;
const LETTER = 4;
const DASH = 8;
const TOKEN_MARK = 16;
const ESCAPE = 32;

/** What each character says about a segment; base64url and its kin add `_`, `=`, `+`, `~`, `.` to the letters. */
const CLASS = new Uint8Array(256);
for (const letter of LOWER + UPPER) CLASS[letter.charCodeAt(0)] = LETTER;
for (const letter of 'abcdefABCDEF') CLASS[letter.charCodeAt(0)] = HEX_LETTER;
for (const digit of '0123456789') CLASS[digit.charCodeAt(0)] = DIGIT;
for (const mark of '_=+~') CLASS[mark.charCodeAt(0)] = TOKEN_MARK;
CLASS['-'.charCodeAt(0)] = DASH;
CLASS['%'.charCodeAt(0)] = ESCAPE;

/**
 * An API of a service: the path with its ids taken out, `/orders/7` → `/orders/{id}`. At most 256 characters.
 * A segment is an id when it is a number, a UUID, at least 8 hex digits with a digit among them, or a token of at
 * least 16 characters that has digits and does not read like words.
 */
export function endpointOf(path: string): string {
  let out = '';
  let kept = 0;
  const end = Math.min(path.length, 4 * LONGEST);
  for (let from = 0; from < end; ) {
    let to = from;
    let seen = 0;
    let digits = 0;
    for (; to < end; to++) {
      const code = path.charCodeAt(to);
      if (code === 47) break;
      const kind = CLASS[code & 255]!;
      seen |= kind === OTHER ? 64 : kind;
      if (kind === DIGIT) digits++;
    }
    // Without a digit nothing is an id: most segments are done here.
    if (digits > 0 && isIdSegment(path, from, to, seen, digits)) {
      out += `${path.slice(kept, from)}{id}`;
      kept = to;
    }
    from = to + 1;
  }
  if (kept === 0) return path.length > LONGEST ? path.slice(0, LONGEST) : path;
  out += path.slice(kept, end);
  return out.length > LONGEST ? out.slice(0, LONGEST) : out;
}

/**
 * A text in which parts between separators are ids (channel, queue and table names), with these taken out.
 * @param separators the characters that separate parts
 */
export function withoutIds(text: string, separators: string = ':./'): string {
  let out = '';
  let from = 0;
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && !separators.includes(text.charAt(i))) continue;
    out += isId(text, from, i) ? '{id}' : text.slice(from, i);
    if (i < text.length) out += text[i];
    from = i + 1;
  }
  return out;
}

function isId(text: string, from: number, to: number): boolean {
  let seen = 0;
  let digits = 0;
  for (let i = from; i < to; i++) {
    const kind = CLASS[text.charCodeAt(i) & 255]!;
    seen |= kind === OTHER ? 64 : kind;
    if (kind === DIGIT) digits++;
  }
  return digits > 0 && isIdSegment(text, from, to, seen, digits);
}

/** @param seen the classes of its characters, or-ed; @param digits how many of them are digits (at least one) */
function isIdSegment(text: string, from: number, to: number, seen: number, digits: number): boolean {
  const length = to - from;
  if ((seen & ~DIGIT) === 0) return true;
  if ((seen & ~(DIGIT | DASH)) === 0) return true;
  if ((seen & ~(DIGIT | HEX_LETTER)) === 0) return length >= SHORTEST_HEX;
  if (length === 36 && (seen & ~(DIGIT | HEX_LETTER | DASH)) === 0 && isUuid(text, from)) return true;
  if (length < SHORTEST_TOKEN || (seen & 64) !== 0) return false;
  return looksRandom(text, from, to, digits);
}

function isUuid(text: string, from: number): boolean {
  return (
    text.charCodeAt(from + 8) === 45 &&
    text.charCodeAt(from + 13) === 45 &&
    text.charCodeAt(from + 18) === 45 &&
    text.charCodeAt(from + 23) === 45
  );
}

/**
 * Tells `dGhpcyBpcyBhIHRlc3Q` from `list-of-orders-v2`: random text changes between lower case, upper case and
 * digits every few characters; words joined by dashes do so rarely.
 */
function looksRandom(text: string, from: number, to: number, digits: number): boolean {
  let changes = 0;
  let last = 0;
  let counted = 0;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    const kind =
      code >= 97 && code <= 122 ? 1 : code >= 65 && code <= 90 ? 2 : code >= 48 && code <= 57 ? 3 : 0;
    if (kind === 0) {
      last = 0;
      continue;
    }
    counted++;
    if (last !== 0 && kind !== last) changes++;
    last = kind;
  }
  return digits * 3 >= counted || changes * 5 >= counted;
}
