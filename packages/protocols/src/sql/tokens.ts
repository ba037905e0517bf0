import { DIGITS, LOWER, UPPER } from '../bytes.ts';

/** Whose rules of quoting and comments a text follows. */
export type SqlDialect = 'mysql' | 'postgresql';

/** What a token is. */
export const END = 0;
export const SPACE = 1;
export const COMMENT = 2;
/** An unquoted identifier or key word. */
export const WORD = 3;
/** An identifier in quotes. */
export const QUOTED = 4;
/** A string in double quotes, which is an identifier where MySQL runs in ANSI mode. */
export const AMBIGUOUS = 5;
/** A string or number. */
export const LITERAL = 6;
/** A place for a value: `?`, `$1`. */
export const PARAMETER = 7;
/** One character of anything else. */
export const SIGN = 8;

/** A text and the token in it that was read last, `[from, to)`. */
export interface Tokens {
  readonly text: string;
  readonly isMysql: boolean;
  /** A backslash in an ordinary string escapes what follows. */
  readonly backslash: boolean;
  kind: number;
  from: number;
  to: number;
  /** Within the comment of MySQL that its servers carry out: `/*!40101 … *` and a slash. */
  executes: boolean;
}

/** Begins before the first token. */
export function tokensOf(text: string, dialect: SqlDialect, backslash: boolean): Tokens {
  const isMysql = dialect === 'mysql';
  return { text, isMysql, backslash, kind: END, from: 0, to: 0, executes: false };
}

const QUOTE = 39;
const DOUBLE = 34;
const BACKTICK = 96;
const BACKSLASH = 92;
const DOLLAR = 36;
const QUESTION = 63;
const HASH = 35;
const DASH = 45;
const SLASH = 47;
const STAR = 42;
const BANG = 33;
const DOT = 46;
const AMPERSAND = 38;
const PLUS = 43;

const OTHER = 0;
const BLANK = 1;
const DIGIT = 2;
const LETTER = 4;
const CLASS = new Uint8Array(128);
for (const blank of ' \t\n\v\f\r') CLASS[blank.charCodeAt(0)] = BLANK;
for (const digit of DIGITS) CLASS[digit.charCodeAt(0)] = DIGIT;
for (const letter of `${LOWER}${UPPER}_`) CLASS[letter.charCodeAt(0)] = LETTER;

/** Beyond ASCII everything is a letter, in both dialects. */
function classAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 128 ? CLASS[code]! : code >= 128 ? LETTER : OTHER;
}

function isWordPart(text: string, at: number): boolean {
  return classAt(text, at) >= DIGIT || text.charCodeAt(at) === DOLLAR;
}

/** Reads the next token; `END` at the end. Each character is looked at a bounded number of times. */
export function nextToken(t: Tokens): number {
  const { text } = t;
  const from = t.to;
  t.from = from;
  if (from >= text.length) {
    t.kind = END;
    return END;
  }
  let to = from + 1;
  const kind = classAt(text, from);
  if (kind === BLANK) {
    while (classAt(text, to) === BLANK) to++;
    return found(t, SPACE, to);
  }
  if (kind === LETTER) {
    const quote = prefixedQuote(t, from);
    if (quote >= 0)
      return found(t, LITERAL, endOfString(text, quote, t.backslash || isEscapeString(t, from)));
    while (isWordPart(text, to)) to++;
    return found(t, WORD, to);
  }
  if (kind === DIGIT) return found(t, LITERAL, endOfNumber(text, from));
  return special(t, text.charCodeAt(from));
}

function found(t: Tokens, kind: number, to: number): number {
  t.kind = kind;
  t.to = Math.min(to, t.text.length);
  return kind;
}

function special(t: Tokens, code: number): number {
  const { text, from } = t;
  switch (code) {
    case QUOTE:
      return found(t, LITERAL, endOfString(text, from, t.backslash));
    case DOUBLE:
      return t.isMysql
        ? found(t, AMBIGUOUS, endOfString(text, from, t.backslash))
        : found(t, QUOTED, endOfString(text, from, false));
    case BACKTICK:
      return t.isMysql ? found(t, QUOTED, endOfString(text, from, false)) : found(t, SIGN, from + 1);
    case DOT:
      return classAt(text, from + 1) === DIGIT && !isWordPart(text, from - 1)
        ? found(t, LITERAL, endOfNumber(text, from))
        : found(t, SIGN, from + 1);
    case QUESTION:
      return found(t, PARAMETER, from + 1);
    case DOLLAR:
      return t.isMysql ? dollarWord(t) : dollar(t);
    case HASH:
      return t.isMysql ? found(t, COMMENT, endOfLine(text, from)) : found(t, SIGN, from + 1);
    case DASH:
      return isDashComment(t) ? found(t, COMMENT, endOfLine(text, from)) : found(t, SIGN, from + 1);
    case SLASH:
      return text.charCodeAt(from + 1) === STAR ? slashComment(t) : found(t, SIGN, from + 1);
    case STAR:
      if (!t.executes || text.charCodeAt(from + 1) !== SLASH) return found(t, SIGN, from + 1);
      t.executes = false;
      return found(t, COMMENT, from + 2);
    default:
      return found(t, SIGN, from + 1);
  }
}

/** `N'…'`, `X'…'`, `B'…'`, and of PostgreSQL `E'…'`, `U&'…'`: where the quote is; -1 for any other word. */
function prefixedQuote(t: Tokens, from: number): number {
  const { text } = t;
  const prefix = text.charCodeAt(from) | 0x20;
  if (text.charCodeAt(from + 1) === QUOTE) {
    const isPrefix = prefix === 110 || prefix === 120 || prefix === 98 || (prefix === 101 && !t.isMysql);
    return isPrefix ? from + 1 : -1;
  }
  const isUnicode = prefix === 117 && !t.isMysql && text.charCodeAt(from + 1) === AMPERSAND;
  return isUnicode && text.charCodeAt(from + 2) === QUOTE ? from + 2 : -1;
}

function isEscapeString(t: Tokens, from: number): boolean {
  return !t.isMysql && (t.text.charCodeAt(from) | 0x20) === 101;
}

/** One past the closing quote; a doubled one stands for itself. Without a closing one: the end. */
function endOfString(text: string, from: number, backslash: boolean): number {
  const quote = text.charCodeAt(from);
  for (let i = from + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH && backslash) i++;
    else if (code === quote) {
      if (text.charCodeAt(i + 1) !== quote) return i + 1;
      i++;
    }
  }
  return text.length;
}

/** Digits, a fraction, an exponent, hex: `1`, `1.5e-3`, `0xFF`, `1_000`. What sticks to a number belongs to it. */
function endOfNumber(text: string, from: number): number {
  const isHex = text.charCodeAt(from) === 48 && (text.charCodeAt(from + 1) | 0x20) === 120;
  let i = from;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (classAt(text, i) >= DIGIT || code === DOT) continue;
    const isExponent = !isHex && i > from && (text.charCodeAt(i - 1) | 0x20) === 101;
    if (!isExponent || (code !== DASH && code !== PLUS) || classAt(text, i + 1) !== DIGIT) break;
  }
  return i;
}

/** `$1` is a parameter, `$tag$ … $tag$` a string (PostgreSQL 4.1.2.4). */
function dollar(t: Tokens): number {
  const { text, from } = t;
  let i = from + 1;
  if (classAt(text, i) === DIGIT) {
    while (classAt(text, i) === DIGIT) i++;
    return found(t, PARAMETER, i);
  }
  while (classAt(text, i) >= DIGIT) i++;
  if (text.charCodeAt(i) !== DOLLAR) return found(t, SIGN, i);
  const end = text.indexOf(text.slice(from, i + 1), i + 1);
  return found(t, LITERAL, end < 0 ? text.length : end + i + 1 - from);
}

/** To MySQL `$` is a letter. */
function dollarWord(t: Tokens): number {
  let i = t.from + 1;
  while (isWordPart(t.text, i)) i++;
  return found(t, WORD, i);
}

/** Two dashes; in MySQL white space, or the end, must follow. */
function isDashComment(t: Tokens): boolean {
  const { text, from } = t;
  if (text.charCodeAt(from + 1) !== DASH) return false;
  return !t.isMysql || from + 2 >= text.length || classAt(text, from + 2) === BLANK;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** PostgreSQL's comments nest; MySQL's do not, and `/*!` begins one that is carried out: what it holds is no comment. */
function slashComment(t: Tokens): number {
  const { text, from } = t;
  if (t.isMysql) {
    const bang = (text.charCodeAt(from + 2) | 0x20) === 109 ? from + 3 : from + 2;
    if (text.charCodeAt(bang) === BANG) {
      t.executes = true;
      let i = bang + 1;
      while (classAt(text, i) === DIGIT) i++;
      return found(t, COMMENT, i);
    }
    const end = text.indexOf('*/', from + 2);
    return found(t, COMMENT, end < 0 ? text.length : end + 2);
  }
  let depth = 1;
  let i = from + 2;
  for (; i < text.length && depth > 0; i++) {
    const code = text.charCodeAt(i);
    if (code === STAR && text.charCodeAt(i + 1) === SLASH) depth--;
    else if (code === SLASH && text.charCodeAt(i + 1) === STAR) depth++;
    else continue;
    i++;
  }
  return found(t, COMMENT, i);
}

/** Whether the token is that word, in any case. @param word upper case */
export function isWord(t: Tokens, word: string): boolean {
  if (t.kind !== WORD || t.to - t.from !== word.length) return false;
  for (let i = 0; i < word.length; i++) {
    const code = t.text.charCodeAt(t.from + i);
    if ((code >= 97 && code <= 122 ? code - 32 : code) !== word.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether the token is that sign. */
export function isSign(t: Tokens, sign: string): boolean {
  return t.kind === SIGN && t.text.charCodeAt(t.from) === sign.charCodeAt(0);
}

/** The identifier that the token is, without its quotes. */
export function identifierOf(t: Tokens): string {
  if (t.kind === WORD) return t.text.slice(t.from, t.to);
  const quote = t.text.charAt(t.from);
  const isClosed = t.to - t.from > 1 && t.text.charAt(t.to - 1) === quote;
  return t.text.slice(t.from + 1, isClosed ? t.to - 1 : t.to).replaceAll(quote + quote, quote);
}
