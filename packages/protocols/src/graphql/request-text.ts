import { utf8 } from '../bytes.ts';

/** Bytes of a body that are looked at: what a call copies twice over. */
const LONGEST_BODY = 8_192;

/** A body that may hold a GraphQL request: its first bytes, as long as they may be those of one. */
export interface RequestText {
  /** It is JSON (GraphQL over HTTP §5.4); else the document itself (`application/graphql`). */
  readonly isJson: boolean;
  bytes: Uint8Array;
  length: number;
  /** No more is wanted. */
  over: boolean;
  /** Bytes are missing at its end. */
  cut: boolean;
}

/** What a media type says of a request's body: null where it is no GraphQL for certain. */
export function requestTextOf(type: string): RequestText | null {
  const lower = type.toLowerCase();
  const isJson = isType(lower, 'application/json') || isType(lower, 'application/graphql+json');
  if (!isJson && !isType(lower, 'application/graphql')) return null;
  return { isJson, bytes: NOTHING, length: 0, over: false, cut: false };
}

function isType(type: string, name: string): boolean {
  if (!type.startsWith(name)) return false;
  const next = type.charCodeAt(name.length);
  return Number.isNaN(next) || next === 0x3b || next === 0x20;
}

const NOTHING = new Uint8Array(0);
const [NO, PERHAPS, YES] = [0, 1, 2];
/** Members of a request's object, each of which clients write first; what begins with another is some other JSON. */
const MEMBERS = ['query"', 'operationName"', 'variables"', 'extensions"'];
/** So far the first member's name may lie behind white space. */
const LONGEST_BEGIN = 256;

/** Whether these bytes of JSON begin a request, or a list of them (`[{"query"`). */
function begins(bytes: Uint8Array, from: number, to: number): number {
  let at = skipWhite(bytes, from, to);
  if (at < to && bytes[at] === 0x5b) at = skipWhite(bytes, at + 1, to);
  if (at < to && bytes[at] !== 0x7b) return NO;
  at = skipWhite(bytes, at + 1, to);
  if (at < to && bytes[at] !== 0x22) return NO;
  at++;
  if (at >= to) return to - from > LONGEST_BEGIN ? NO : PERHAPS;
  for (const member of MEMBERS) {
    let same = 0;
    while (same < member.length && at + same < to && bytes[at + same] === member.charCodeAt(same)) same++;
    if (same === member.length) return YES;
    if (at + same === to) return PERHAPS;
  }
  return NO;
}

function skipWhite(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] === 0x20 || (bytes[at]! >= 9 && bytes[at]! <= 13))) at++;
  return at;
}

/** The next bytes of the body. */
export function readRequestText(t: RequestText, bytes: Uint8Array, from: number, to: number): void {
  if (t.over || to <= from) return;
  // Most JSON is none, which its first bytes tell before anything is kept.
  if (t.length === 0 && t.isJson && begins(bytes, from, to) === NO) {
    t.over = true;
    return;
  }
  const taken = Math.min(to - from, LONGEST_BODY - t.length);
  const length = t.length + taken;
  if (t.bytes.length < length) {
    const larger = new Uint8Array(t.length === 0 ? length : Math.min(LONGEST_BODY, length * 2));
    larger.set(t.bytes.subarray(0, t.length));
    t.bytes = larger;
  }
  t.bytes.set(bytes.subarray(from, from + taken), t.length);
  t.length = length;
  if (t.isJson && begins(t.bytes, 0, length) === NO) {
    t.over = true;
    t.length = 0;
    t.bytes = NOTHING;
  } else if (taken < to - from) skipRequestText(t);
}

/** Bytes of the body that were not seen: what follows them cannot be read. */
export function skipRequestText(t: RequestText): void {
  t.over = true;
  t.cut = true;
}

/** The text so far. */
export function textOf(t: RequestText): string {
  return utf8(t.bytes, 0, t.length);
}
