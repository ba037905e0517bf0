import type { Attributes } from '@weft/model';
import { byteSet, DIGITS, latin1, UPPER } from '../bytes.ts';
import { type Connection, leaveRedis, specialOf } from './connection.ts';
import { oneWay, respond } from './emit.ts';
import { push } from './pubsub.ts';
import type { ReplyFlow } from './reply-flow.ts';
import { BANG, MINUS, PLUS, PUSH, STAR } from './types.ts';

const SP = 32;

const OK: Attributes = { 'db.system.name': 'redis' };
const ERROR_WORD = byteSet(`${UPPER}${DIGITS}_`);
const LONGEST_ERROR_WORD = 48;

/**
 * The size of a reply's outermost value is known. It is a response now, unless its first elements decide.
 * @param size bytes or elements
 * @param position one past the line that says so
 */
export function beginReply(c: Connection, f: ReplyFlow, size: number, position: number): void {
  f.element = 0;
  f.isKindCut = false;
  f.elements = size;
  f.textLength = 0;
  f.inspects = f.top === PUSH || (f.top === STAR && mayBePush(c, size));
  if (f.inspects || f.top === BANG) return;
  f.open = respond(c, f.start, 'ok', OK);
  if (c.leaves) leave(c, f, position);
}

/** RESP2 sends confirmations and published messages as arrays of three or four. */
function mayBePush(c: Connection, size: number): boolean {
  if (c.resp3 || (size !== 3 && size !== 4)) return false;
  if (c.subscriber || c.confirmed !== null) return true;
  if (size === 4) return false;
  const special = specialOf(c, c.responses);
  return c.responses >= c.requests || (special !== null && special.kind !== 'replicate');
}

/** A status, an error, a number: the line is the reply. @param position one past its last byte */
export function lineReply(c: Connection, f: ReplyFlow, position: number): void {
  if (c.monitors && f.top === PLUS && isReport(f)) {
    oneWay(c, f.start, position, 'monitor', { 'db.system.name': 'redis' });
    return;
  }
  f.open = f.top === MINUS ? respond(c, f.start, 'error', errorAttributes(f)) : respond(c, f.start, 'ok', OK);
  if (f.top === PLUS && isReplication(latin1(f.text, 0, Math.min(f.textLength, 10)))) c.leaves = true;
  if (c.leaves) leave(c, f, position);
}

/** The reply is complete. @param position one past its last byte */
export function endReply(c: Connection, f: ReplyFlow, position: number): void {
  if (f.inspects) {
    f.inspects = false;
    if (push(c, f, position)) return;
    f.open = respond(c, f.start, 'ok', OK);
  } else if (f.top === BANG) {
    f.open = respond(c, f.start, 'error', errorAttributes(f));
  }
  const message = f.open;
  if (message === null) return;
  f.open = null;
  c.sink.end(message, position, null);
}

/** `ERR` of `ERR unknown command`: the error's prefix as Redis calls it. */
function errorAttributes(f: ReplyFlow): Attributes {
  let end = 0;
  while (end < f.textLength && end < LONGEST_ERROR_WORD && ERROR_WORD[f.text[end]!] === 1) end++;
  const isWord = end > 0 && (end === f.textLength || f.text[end] === SP);
  return { 'db.system.name': 'redis', 'db.response.status_code': isWord ? latin1(f.text, 0, end) : 'ERR' };
}

/** `1339518083.107412 [0 127.0.0.1:60866] "keys" "*"`: what MONITOR reports. */
function isReport(f: ReplyFlow): boolean {
  const text = latin1(f.text, 0, Math.min(f.textLength, 32));
  const space = text.indexOf(' [');
  return space > 0 && text.charCodeAt(0) >= 48 && text.charCodeAt(0) <= 57 && text.indexOf('.') < space;
}

function isReplication(text: string): boolean {
  return text === 'FULLRESYNC' || text.startsWith('CONTINUE');
}

function leave(c: Connection, f: ReplyFlow, position: number): void {
  const message = f.open;
  f.open = null;
  if (message !== null) c.sink.end(message, position, null);
  leaveRedis(c);
}
