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

const NO_LIST = 0;
const AFTER_IN = 1;
const OPENED = 2;
const AFTER_VALUE = 3;
const AFTER_COMMA = 4;

/** Writes a text token by token with its values hidden. */
export interface MaskedText {
  text: string;
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
  return { text: '', space: false, list: NO_LIST, held: '', sign: '', afterOperand: false };
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
  const value = t.kind === PARAMETER && m.sign === '' ? t.text.slice(t.from, t.to) : '?';
  if (m.list === AFTER_COMMA) {
    m.held += m.space ? ` ${value}` : value;
    m.space = false;
    m.list = AFTER_VALUE;
    return;
  }
  m.list = m.list === OPENED ? AFTER_VALUE : NO_LIST;
  write(m, value);
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
    else m.text += m.held;
    m.held = '';
  }
  m.list = isWord(t, 'IN') ? AFTER_IN : list === AFTER_IN && isSign(t, '(') ? OPENED : NO_LIST;
  write(m, m.sign + t.text.slice(t.from, t.to));
}

function write(m: MaskedText, text: string): void {
  if (m.space && m.text !== '') m.text += ' ';
  m.space = false;
  m.text += text;
}

/** The whole text, what is held back included. */
export function maskedText(m: MaskedText): string {
  return m.text + m.held + m.sign;
}
