import {
  AMBIGUOUS,
  COMMENT,
  isSign,
  isWord,
  LITERAL,
  PARAMETER,
  QUOTED,
  SPACE,
  type Tokens,
  WORD,
} from './tokens.ts';

const SPACE_CODE = 32;
const NO_LIST = 0;
const AFTER_IN = 1;
const OPENED = 2;
const AFTER_VALUE = 3;
const AFTER_COMMA = 4;

/** Writes a text token by token with its values hidden. */
export interface MaskedText {
  /** Written so far, but for what stands as it was in [from, to) of the source. */
  text: string;
  from: number;
  to: number;
  /** White space or a comment stood before the next token. */
  space: boolean;
  /** Where in `IN (value, value…)` the writer is. */
  list: number;
  /** The further values of such a list, not written unless something else than a value follows. */
  held: string;
  /** A sign before a digit belongs to the number. */
  sign: string;
  /** The last token was a value or a name: what follows is an operator, no sign of a number. */
  afterOperand: boolean;
}

/** Nothing written yet. */
export function createMaskedText(): MaskedText {
  return { text: '', from: 0, to: 0, space: false, list: NO_LIST, held: '', sign: '', afterOperand: false };
}

/**
 * Writes one token: values as `?`, comments not at all, white space as one space. `IN (?, ?, ?)` becomes `IN (?)`,
 * as OpenTelemetry suggests: such lists make as many texts as they have lengths.
 * @param asName the token names a table, whatever it looks like
 */
export function writeMasked(m: MaskedText, t: Tokens, asName: boolean): void {
  if (t.kind === SPACE || t.kind === COMMENT) {
    m.space = true;
    return;
  }
  const isValue = t.kind === LITERAL || t.kind === PARAMETER || (t.kind === AMBIGUOUS && !asName);
  if (!isValue && isNumberSign(m, t)) {
    m.sign = t.text.charAt(t.from);
    return;
  }
  if (isValue) writeValue(m, t);
  else writeOther(m, t);
  m.sign = '';
  m.afterOperand = isValue || t.kind === WORD || t.kind === QUOTED || t.kind === AMBIGUOUS || isSign(t, ')');
}

/** `-` and `+` where a value stands, with a digit behind. */
function isNumberSign(m: MaskedText, t: Tokens): boolean {
  if (m.afterOperand || m.sign !== '' || !(isSign(t, '-') || isSign(t, '+'))) return false;
  const next = t.text.charCodeAt(t.to);
  return (next >= 48 && next <= 57) || next === 46;
}

function writeValue(m: MaskedText, t: Tokens): void {
  const isKept = t.kind === PARAMETER && m.sign === '';
  if (m.list === AFTER_COMMA) {
    if (m.space) m.held += ' ';
    m.held += isKept ? t.text.slice(t.from, t.to) : '?';
    m.space = false;
    m.list = AFTER_VALUE;
    return;
  }
  m.list = m.list === OPENED ? AFTER_VALUE : NO_LIST;
  if (isKept) writeSame(m, t);
  else write(m, t, '?');
}

function writeOther(m: MaskedText, t: Tokens): void {
  const { list } = m;
  if (list === AFTER_VALUE && isSign(t, ',')) {
    m.held += ',';
    m.list = AFTER_COMMA;
    m.space = false;
    return;
  }
  if (m.held !== '') {
    if (list === AFTER_VALUE && isSign(t, ')')) m.space = false;
    else {
      flush(m, t);
      m.text += m.held;
    }
    m.held = '';
  }
  m.list = isWord(t, 'IN') ? AFTER_IN : list === AFTER_IN && isSign(t, '(') ? OPENED : NO_LIST;
  if (m.sign !== '') write(m, t, m.sign);
  writeSame(m, t);
}

/** What stands as it was is written in stretches as long as can be. */
function writeSame(m: MaskedText, t: Tokens): void {
  const isNext = t.from === (m.space ? m.to + 1 : m.to) && m.to > m.from;
  if (isNext && (!m.space || t.text.charCodeAt(m.to) === SPACE_CODE)) {
    m.to = t.to;
    m.space = false;
    return;
  }
  write(m, t, '');
  m.from = t.from;
  m.to = t.to;
}

function write(m: MaskedText, t: Tokens, text: string): void {
  flush(m, t);
  if (m.space && m.text !== '') m.text += ' ';
  m.space = false;
  m.text += text;
}

function flush(m: MaskedText, t: Tokens): void {
  if (m.to > m.from) m.text += t.text.slice(m.from, m.to);
  m.from = 0;
  m.to = 0;
}

/** Characters that have been written, but for those that are held back. */
export function maskedLength(m: MaskedText): number {
  return m.text.length + m.to - m.from;
}

/** The whole text, what is held back included. */
export function maskedText(m: MaskedText, t: Tokens): string {
  flush(m, t);
  return m.text + m.held + m.sign;
}
