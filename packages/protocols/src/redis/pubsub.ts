import type { Attributes } from '@weft/model';
import { latin1 } from '../bytes.ts';
import { withoutIds } from '../endpoint.ts';
import { type Connection, specialOf, specialOfWord } from './connection.ts';
import { oneWay, respond } from './emit.ts';
import type { ReplyFlow } from './reply-flow.ts';
import { escaped } from './text.ts';
import { COLON, DOLLAR, PUSH } from './types.ts';

const NULL = 0x5f;

/**
 * What the first elements of a complete array or push say: a published message, a confirmation of a subscription,
 * another push.
 * @param position one past its last byte
 * @returns false when it is an ordinary reply after all
 */
export function push(c: Connection, f: ReplyFlow, position: number): boolean {
  const isPush = f.top === PUSH;
  const kind = f.isKindCut ? guessedKind(c, f) : textOf(f, 0);
  switch (kind) {
    case 'message':
    case 'smessage':
    case 'pmessage':
      if (!isPush && !c.subscriber) return false;
      if (f.elements !== (kind === 'pmessage' ? 4 : 3)) return false;
      published(c, f, position, kind);
      return true;
    case 'subscribe':
    case 'psubscribe':
    case 'ssubscribe':
    case 'unsubscribe':
    case 'punsubscribe':
    case 'sunsubscribe':
      if (f.elements !== 3 || f.types[2] !== COLON) break;
      if (f.types[1] !== DOLLAR && f.types[1] !== NULL) break;
      confirm(c, f, position, kind);
      return true;
    default:
  }
  if (isPush) oneWay(c, f.start, position, isName(kind) ? kind : 'push', { 'db.system.name': 'redis' });
  return isPush;
}

/** Of a push whose first element was lost: a confirmation ends with a number, a message with a text. */
function guessedKind(c: Connection, f: ReplyFlow): string {
  if (f.elements === 3 && f.types[2] === COLON) return specialOf(c, c.responses)?.word || 'subscribe';
  if (f.types[2] !== DOLLAR) return '';
  return f.elements === 4 ? 'pmessage' : 'message';
}

/** A message of a channel: of a pattern's, the pattern names the span, as there are fewer of them. */
function published(c: Connection, f: ReplyFlow, position: number, kind: string): void {
  const topic = textOf(f, 1);
  const attributes: Attributes = {
    'db.system.name': 'redis',
    'messaging.system': 'redis',
    'messaging.operation.type': 'receive',
    'messaging.destination.name': kind === 'pmessage' ? textOf(f, 2) : topic,
  };
  oneWay(c, f.start, position, `${kind} ${withoutIds(topic)}`, attributes);
}

/**
 * SUBSCRIBE with n channels is one request with n confirmations: the first is its response, the others belong to
 * it, and its end is the last one's.
 */
function confirm(c: Connection, f: ReplyFlow, position: number, kind: string): void {
  const before = countOf(c, kind);
  count(c, kind, integerOf(f, 2));
  if (c.confirmed !== null) {
    c.confirmationEnd = position;
    if (--c.confirmationsLeft === 0) end(c);
    return;
  }
  // Replies come in order: if others were outstanding before it, theirs were missed.
  const special = specialOfWord(c, kind);
  if (special !== null) {
    c.responses = special.index;
    const expected = special.count > 0 ? special.count : Math.max(1, before);
    c.confirmed = respond(c, f.start, 'ok', { 'db.system.name': 'redis' });
    c.confirmationsLeft = expected - 1;
    c.confirmationEnd = position;
    if (expected === 1) end(c);
    // How many there are of all is counted, and wrong if some were missed: those that follow belong to it too.
    if (special.count === 0) c.confirmsMore = kind;
  } else if (c.responses < c.requests) {
    // The outstanding request is another one: its response must not be taken for this.
    oneWay(c, f.start, position, kind, { 'db.system.name': 'redis' });
  } else if (c.confirmsMore !== '*' && c.confirmsMore !== kind) {
    const message = respond(c, f.start, 'ok', { 'db.system.name': 'redis' });
    c.sink.end(message, position, null);
    c.confirmsMore = kind;
  }
}

function end(c: Connection): void {
  const message = c.confirmed;
  c.confirmed = null;
  if (message !== null) c.sink.end(message, c.confirmationEnd, null);
}

/** Subscriptions of the kind that the confirmation is about. */
function countOf(c: Connection, kind: string): number {
  if (kind === 'subscribe' || kind === 'unsubscribe') return c.channels;
  return kind === 'psubscribe' || kind === 'punsubscribe' ? c.patterns : c.shards;
}

/** The number in a confirmation is that of channels and patterns together, or of shard channels. */
function count(c: Connection, kind: string, total: number): void {
  if (kind === 'ssubscribe' || kind === 'sunsubscribe') c.shards = total;
  else if (kind === 'subscribe' || kind === 'unsubscribe') c.channels = Math.max(0, total - c.patterns);
  else c.patterns = Math.max(0, total - c.channels);
  // Zero means none of either, whatever was counted from the middle of the connection on.
  if (total === 0 && kind !== 'ssubscribe' && kind !== 'sunsubscribe') {
    c.channels = 0;
    c.patterns = 0;
  }
  c.subscriber = c.channels + c.patterns + c.shards > 0;
}

function textOf(f: ReplyFlow, element: number): string {
  if (element >= f.element) return '';
  return escaped(f.text, element === 0 ? 0 : f.ends[element - 1]!, f.ends[element]!);
}

function integerOf(f: ReplyFlow, element: number): number {
  const value = Number(latin1(f.text, f.ends[element - 1]!, f.ends[element]!));
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}

/** `invalidate`, `tracking-redir-broken`: kinds of push are words. */
function isName(kind: string): boolean {
  return kind.length > 0 && kind.length <= 32 && /^[a-z-]+$/.test(kind);
}
