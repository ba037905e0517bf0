import {
  AMBIGUOUS,
  COMMENT,
  identifierOf,
  isSign,
  isWord,
  QUOTED,
  SPACE,
  type Tokens,
  WORD,
} from './tokens.ts';
import {
  hasBody,
  isCollection,
  isNoise,
  isObject,
  isSecret,
  isTableVerb,
  isVerbAfterWith,
  targetOf,
} from './verbs.ts';

/** What the next token decides. */
type Phase =
  | 'verb'
  /** Names and bodies of a WITH clause, until the statement's own verb. */
  | 'with'
  /** The word behind START or SET. */
  | 'second'
  | 'object'
  | 'target'
  | 'into'
  /** Waits for FROM, of the statement itself or of a query within it. */
  | 'from'
  /** Nothing further is wanted of this statement. */
  | 'done';

/** A part of a qualified name is longer than anything a server takes. */
const LONGEST_NAME = 192;
const MOST_COMMON_TABLES = 16;
/** Deeper parentheses are not told apart: their FROM names nothing. */
const DEEPEST = 30;

/** What the tokens so far say about the first statement of a text, and how many statements there are. */
export interface Statement {
  phase: Phase;
  /** Upper case: `SELECT`, `CREATE TABLE`; '' before it is known or when it is no SQL. */
  operation: string;
  /** What it works on, '' when none was named: table, procedure, index, channel. */
  target: string;
  /** The target is a table or view. */
  isCollection: boolean;
  isProcedure: boolean;
  /** It may hold a password. */
  isSecret: boolean;
  statements: number;
  /** Statements end at `;`, but not within the body of a function. */
  hasBody: boolean;
  /** A `;` or the beginning: the next token begins a statement. */
  between: boolean;
  depth: number;
  /** Bit n: the parenthesis of depth n holds a query. */
  queries: number;
  /** The last token was `(`. */
  opened: boolean;
  /** Names that the WITH clause defines. */
  readonly common: string[];
  /** The next word of the WITH clause is such a name. */
  defines: boolean;
  /** The next token may name a table. */
  expects: boolean;
  /** The qualified name that is being read, '' none; whether a `.` was its last token. */
  name: string;
  dotted: boolean;
  /** The last word was DISTINCT: FROM is no clause then. */
  distinct: boolean;
  /** Table of a query within the statement. */
  inner: string;
}

/** Before the first token. */
export function createStatement(): Statement {
  return {
    phase: 'verb',
    operation: '',
    target: '',
    isCollection: false,
    isProcedure: false,
    isSecret: false,
    statements: 0,
    hasBody: false,
    between: true,
    depth: 0,
    queries: 0,
    opened: false,
    common: [],
    defines: false,
    expects: false,
    name: '',
    dotted: false,
    distinct: false,
    inner: '',
  };
}

/** Takes in the next token. */
export function readStatement(s: Statement, t: Tokens): void {
  if (t.kind === SPACE || t.kind === COMMENT) return;
  if (isSign(t, ';') && s.depth === 0 && !s.hasBody) {
    finishStatement(s);
    s.between = true;
    return;
  }
  if (s.between) {
    s.between = false;
    s.statements++;
  }
  if (isSign(t, '(')) {
    if (s.phase !== 'done') open(s);
    s.depth++;
    return;
  }
  if (isSign(t, ')')) {
    if (s.phase !== 'done') close(s);
    s.depth = Math.max(0, s.depth - 1);
    return;
  }
  if (s.phase === 'done') return;
  if (s.opened) {
    s.opened = false;
    if (beginsQuery(t)) {
      s.expects = false;
      if (s.depth <= DEEPEST) s.queries |= 1 << s.depth;
    }
  }
  if (!goesOnWithName(s, t)) readPhase(s, t);
}

/** The text is over, or a `;` came. */
export function finishStatement(s: Statement): void {
  settleName(s);
  if (s.phase === 'done' || s.phase === 'verb') return;
  if (s.target === '' && s.phase !== 'object') {
    s.target = s.inner;
    s.isCollection = s.inner !== '';
  }
  s.phase = 'done';
}

/** Whether the token names something although it looks like a string: `FROM "orders"` with MySQL in ANSI mode. */
export function namesTable(s: Statement, t: Tokens): boolean {
  if (t.kind !== AMBIGUOUS || s.depth > 0) return false;
  if (s.phase === 'target') return s.name === '' || s.dotted;
  return s.phase === 'from' && (s.expects || s.dotted);
}

function open(s: Statement): void {
  if (s.phase === 'from' || s.phase === 'with') {
    // A function in the place of a table.
    s.name = '';
    s.dotted = false;
  }
  settleName(s);
  // COPY (SELECT …)
  if (s.phase === 'target') s.phase = 'from';
  s.opened = true;
  if (s.depth < DEEPEST) s.queries &= ~(2 << s.depth);
}

function close(s: Statement): void {
  settleName(s);
  s.expects = false;
  s.opened = false;
}

function beginsQuery(t: Tokens): boolean {
  return isWord(t, 'SELECT') || isWord(t, 'WITH') || isWord(t, 'DELETE');
}

function isQuery(s: Statement): boolean {
  return s.depth === 0 || (s.depth <= DEEPEST && (s.queries & (1 << s.depth)) !== 0);
}

/** Reads on in a qualified name: `shop.orders`, `"Shop"."Orders"`. */
function goesOnWithName(s: Statement, t: Tokens): boolean {
  if (s.name === '') return false;
  if (isSign(t, '.') && !s.dotted) {
    s.dotted = true;
    return true;
  }
  if (s.dotted && isIdentifier(s, t)) {
    s.dotted = false;
    if (s.name.length < LONGEST_NAME) s.name += `.${identifierOf(t)}`;
    return true;
  }
  settleName(s);
  return false;
}

function isIdentifier(s: Statement, t: Tokens): boolean {
  return t.kind === WORD || t.kind === QUOTED || namesTable(s, t);
}

function readPhase(s: Statement, t: Tokens): void {
  switch (s.phase) {
    case 'verb':
      readVerb(s, t);
      return;
    case 'with':
      readWith(s, t);
      return;
    case 'second':
      if (isWord(t, 'TRANSACTION') && s.operation === 'START') s.operation = 'START TRANSACTION';
      s.isSecret = isWord(t, 'PASSWORD');
      s.phase = 'done';
      return;
    case 'object':
      readObject(s, t);
      return;
    case 'into':
      if (isWord(t, 'INTO')) s.phase = 'target';
      return;
    case 'target':
      if (t.kind === QUOTED || t.kind === AMBIGUOUS) s.name = identifierOf(t);
      else if (t.kind !== WORD) s.phase = 'done';
      else if (!isNoise(upper(t))) s.name = identifierOf(t);
      return;
    case 'from':
      readFrom(s, t);
      return;
    case 'done':
      return;
  }
}

function upper(t: Tokens): string {
  return t.text.slice(t.from, Math.min(t.to, t.from + 32)).toUpperCase();
}

function readVerb(s: Statement, t: Tokens): void {
  const verb = t.kind === WORD ? upper(t) : '';
  if (verb === 'WITH') {
    s.phase = 'with';
    s.operation = 'WITH';
    s.defines = true;
    return;
  }
  const target = targetOf(verb);
  if (target === null) {
    s.phase = 'done';
    return;
  }
  s.operation = verb;
  s.isCollection = isTableVerb(verb);
  s.isProcedure = verb === 'CALL';
  s.isSecret = verb === 'GRANT' || verb === 'CHANGE';
  switch (target) {
    case 'none':
      s.phase = verb === 'START' || verb === 'SET' ? 'second' : 'done';
      return;
    case 'from':
      s.phase = 'from';
      return;
    case 'into':
      s.phase = 'into';
      return;
    case 'next':
      s.phase = 'target';
      return;
    case 'object':
      s.phase = 'object';
      return;
  }
}

function readWith(s: Statement, t: Tokens): void {
  if (s.depth > 0) {
    readFrom(s, t);
    return;
  }
  if (isSign(t, ',')) {
    s.defines = true;
  } else if (s.defines && (t.kind === WORD || t.kind === QUOTED)) {
    if (isWord(t, 'RECURSIVE')) return;
    s.defines = false;
    if (s.common.length < MOST_COMMON_TABLES) s.common.push(identifierOf(t).toLowerCase());
  } else if (t.kind === WORD && isVerbAfterWith(upper(t))) {
    s.expects = false;
    readVerb(s, t);
  }
}

function readObject(s: Statement, t: Tokens): void {
  if (t.kind !== WORD) return;
  const object = upper(t);
  if (!isObject(object)) return;
  s.operation = `${s.operation} ${object}`;
  s.isCollection = isCollection(object);
  s.isSecret = isSecret(object);
  s.hasBody = hasBody(object);
  s.phase = 'target';
}

/** FROM of the statement, or of a query in it, and the table behind it. */
function readFrom(s: Statement, t: Tokens): void {
  if (isWord(t, 'FROM')) {
    s.expects = !s.distinct && isQuery(s);
  } else if (s.expects && isIdentifier(s, t)) {
    if (isWord(t, 'ONLY') || isWord(t, 'LATERAL')) return;
    s.expects = false;
    s.name = identifierOf(t);
  } else {
    s.expects = false;
  }
  s.distinct = isWord(t, 'DISTINCT');
}

/** A qualified name is complete: the target, unless a better one may follow. */
function settleName(s: Statement): void {
  const { name } = s;
  if (name === '') return;
  s.name = '';
  s.dotted = false;
  const table = name.length > LONGEST_NAME ? name.slice(0, LONGEST_NAME) : name;
  if (s.phase !== 'with' && s.phase !== 'from') {
    s.target = table;
    s.phase = 'done';
    return;
  }
  if (s.common.includes(table.toLowerCase())) return;
  if (s.phase === 'from' && s.depth === 0) {
    s.target = table;
    s.phase = 'done';
  } else if (s.inner === '') s.inner = table;
}
