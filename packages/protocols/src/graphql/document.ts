/** `graphql.operation.type` of the conventions. */
export type OperationType = 'query' | 'mutation' | 'subscription';

/** One operation of a document. */
export interface Operation {
  readonly type: OperationType;
  /** '' of one without a name. */
  name: string;
}

/** What a document says. */
export interface GraphqlDocument {
  readonly operations: readonly Operation[];
  /** With its strings and numbers replaced by `?` and its comments left out. */
  readonly masked: string;
}

const TYPES: ReadonlySet<string> = new Set(['query', 'mutation', 'subscription']);
const MOST_OPERATIONS = 64;

/** Between definitions. */
const OUTSIDE = 0;
/** Behind `query`: a name may follow. */
const NAME = 1;
/** Before the selection set: variables, directives. */
const HEAD = 2;
/** In a fragment before its selection set. */
const FRAGMENT = 3;
/** In a selection set. */
const BODY = 4;

/**
 * Reads an executable document (GraphQL §2.2) as far as names and literals go.
 * @param cut it goes on behind the text's end
 * @returns null where it is none: a definition that is neither operation nor fragment, or one without a selection set
 */
export function readDocument(text: string, cut: boolean): GraphqlDocument | null {
  const operations: Operation[] = [];
  const m: Masked = { text: '', space: false };
  let state = OUTSIDE;
  let depth = 0;
  for (let at = 0; at < text.length; ) {
    const char = text.charCodeAt(at);
    if (isIgnored(char)) {
      if (char === COMMA) m.text += ',';
      else m.space = true;
      at++;
      continue;
    }
    if (char === HASH) {
      at = endOfLine(text, at);
      m.space = true;
      continue;
    }
    if (char === QUOTE || isNumber(text, at)) {
      if (state === OUTSIDE || state === NAME) return null;
      at = char === QUOTE ? endOfString(text, at) : endOfNumber(text, at);
      write(m, '?');
      continue;
    }
    if (isNameStart(char)) {
      const end = endOfName(text, at);
      const name = text.slice(at, end);
      at = end;
      write(m, name);
      if (state === OUTSIDE) {
        if (name === 'fragment') state = FRAGMENT;
        else if (isOperationType(name)) {
          if (operations.length < MOST_OPERATIONS) operations.push({ type: name, name: '' });
          state = NAME;
        } else return null;
      } else if (state === NAME) {
        // A name that the end of a cut text may have shortened is none.
        if (!(cut && end === text.length)) operations[operations.length - 1]!.name = name;
        state = HEAD;
      }
      continue;
    }
    at++;
    write(m, text[at - 1]!);
    if (state === OUTSIDE) {
      if (char !== OPEN_BRACE) return null;
      operations.push({ type: 'query', name: '' });
    }
    if (char === OPEN_BRACE || char === OPEN_PAREN || char === OPEN_BRACKET) {
      if (char === OPEN_BRACE && depth === 0) state = BODY;
      else if (state === NAME) state = HEAD;
      depth++;
    } else if (char === CLOSE_BRACE || char === CLOSE_PAREN || char === CLOSE_BRACKET) {
      if (--depth < 0) return null;
      if (depth === 0 && state === BODY) state = OUTSIDE;
    } else if (depth === 0 && char !== AT) return null;
    else if (state === NAME) state = HEAD;
  }
  if (operations.length === 0 || (state !== OUTSIDE && !cut)) return null;
  return { operations, masked: m.text };
}

interface Masked {
  text: string;
  space: boolean;
}

function write(m: Masked, token: string): void {
  if (m.space && m.text !== '') m.text += ' ';
  m.space = false;
  m.text += token;
}

const [TAB, LF, CR, SP, HASH, QUOTE, COMMA] = [9, 10, 13, 32, 35, 34, 44];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_PAREN, CLOSE_PAREN, OPEN_BRACKET, CLOSE_BRACKET] = [
  123, 125, 40, 41, 91, 93,
];
const [AT, MINUS, DOT, BACKSLASH, UNDERSCORE, BYTE_ORDER] = [64, 45, 46, 92, 95, 0xfeff];

function isOperationType(name: string): name is OperationType {
  return TYPES.has(name);
}

/** GraphQL §2.1.7; commas mean nothing. */
function isIgnored(char: number): boolean {
  return char === SP || char === LF || char === CR || char === TAB || char === COMMA || char === BYTE_ORDER;
}

function isDigit(char: number): boolean {
  return char >= 48 && char <= 57;
}

function isNameStart(char: number): boolean {
  return (char >= 65 && char <= 90) || (char >= 97 && char <= 122) || char === UNDERSCORE;
}

/** Whether a text is a name (GraphQL §2.1.9). */
export function isGraphqlName(text: string): boolean {
  return text !== '' && isNameStart(text.charCodeAt(0)) && endOfName(text, 0) === text.length;
}

function endOfName(text: string, from: number): number {
  let at = from;
  while (at < text.length && (isNameStart(text.charCodeAt(at)) || isDigit(text.charCodeAt(at)))) at++;
  return at;
}

function endOfLine(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) !== LF && text.charCodeAt(at) !== CR) at++;
  return at;
}

function isNumber(text: string, at: number): boolean {
  const char = text.charCodeAt(at);
  return isDigit(char) || (char === MINUS && isDigit(text.charCodeAt(at + 1)));
}

/** `-1.5e+3`; what letters follow belong to it too: it is no name. */
function endOfNumber(text: string, from: number): number {
  let at = from + 1;
  for (; at < text.length; at++) {
    const char = text.charCodeAt(at);
    const isExponentSign = (char === MINUS || char === 43) && (text.charCodeAt(at - 1) | 0x20) === 0x65;
    if (!isDigit(char) && !isNameStart(char) && char !== DOT && !isExponentSign) break;
  }
  return at;
}

/** `"…"`, which ends at its line's end at the latest, or `"""…"""` (GraphQL §2.9.4). */
function endOfString(text: string, from: number): number {
  if (text.startsWith('"""', from)) {
    let at = text.indexOf('"""', from + 3);
    while (at > 0 && text.charCodeAt(at - 1) === BACKSLASH) at = text.indexOf('"""', at + 3);
    return at < 0 ? text.length : at + 3;
  }
  for (let at = from + 1; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === BACKSLASH) at++;
    else if (char === QUOTE || char === LF || char === CR) return at + 1;
  }
  return text.length;
}
