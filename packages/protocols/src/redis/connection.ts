import type { Message, MessageSink } from '../protocol.ts';
import { TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { createReplyFlow, type ReplyFlow } from './reply-flow.ts';
import { createRequestFlow, type RequestFlow } from './request-flow.ts';

/** A request whose reply changes what the following bytes mean. */
export interface SpecialRequest {
  readonly index: number;
  readonly kind: 'subscribe' | 'unsubscribe' | 'replicate' | 'unknown';
  /** First element of what confirms it: `psubscribe`; '' of an unknown command. */
  readonly word: string;
  /** Confirmations that answer it; 0: one for each subscription there is. */
  readonly count: number;
}
const MOST_SPECIAL = 256;

/** Both directions of a connection. Requests and replies are numbered; the n-th answers the n-th. */
export interface Connection {
  readonly sink: MessageSink;
  readonly mask: boolean;
  readonly request: RequestFlow;
  readonly reply: ReplyFlow;
  requests: number;
  responses: number;
  readonly special: SpecialRequest[];
  /** Subscriptions as the confirmations tell. */
  channels: number;
  patterns: number;
  shards: number;
  /** The response that further confirmations belong to, how many are to come, and where the last one ended. */
  confirmed: Message | null;
  confirmationsLeft: number;
  confirmationEnd: number;
  /** Confirmations of this kind that follow the last reply belong to it; '' none, '*' any. */
  confirmsMore: string;
  /** The client has subscribed and not left all: arrays may be published messages. */
  subscriber: boolean;
  /** MONITOR was sent: status lines may be reports. */
  monitors: boolean;
  /** The server has used a type that RESP3 brought: pushes have a type of their own there. */
  resp3: boolean;
  /** What follows are no replies any more (replication). */
  leaves: boolean;
  /** Number of the database that SELECT has chosen; '' before one was seen. */
  database: string;
  /** CLIENT REPLY OFF; CLIENT REPLY SKIP was the last command. */
  replyOff: boolean;
  replySkip: boolean;
}

/** State of a new connection. */
export function createConnection(sink: MessageSink, mask: boolean): Connection {
  return {
    sink,
    mask,
    request: createRequestFlow(mask),
    reply: createReplyFlow(),
    requests: 0,
    responses: 0,
    special: [],
    channels: 0,
    patterns: 0,
    shards: 0,
    confirmed: null,
    confirmationsLeft: 0,
    confirmationEnd: 0,
    confirmsMore: '',
    subscriber: false,
    monitors: false,
    resp3: false,
    leaves: false,
    database: '',
    replyOff: false,
    replySkip: false,
  };
}

/** Remembers a request whose reply needs it, unless that has come already. */
export function rememberSpecial(c: Connection, special: SpecialRequest): void {
  if (special.index < c.responses) return;
  if (c.special.length >= MOST_SPECIAL) c.special.shift();
  c.special.push(special);
}

/** The special request that the reply of that number answers, if it is one. */
export function specialOf(c: Connection, index: number): SpecialRequest | null {
  while (c.special.length > 0 && c.special[0]!.index < index) c.special.shift();
  const first = c.special[0];
  return first !== undefined && first.index === index ? first : null;
}

/** The first outstanding request that confirmations of that word answer. */
export function specialOfWord(c: Connection, word: string): SpecialRequest | null {
  const next = specialOf(c, c.responses);
  if (next?.kind === 'unknown') return next;
  return c.special.find((special) => special.word === word) ?? null;
}

/** Ends the response to a subscription before all its confirmations have been seen. */
export function closeConfirmed(c: Connection): void {
  const message = c.confirmed;
  if (message === null) return;
  c.confirmed = null;
  c.confirmationsLeft = 0;
  c.sink.end(message, c.confirmationEnd, null);
}

/** Something was missed: nothing from before answers, or is answered by, anything after. */
function forgetOutstanding(c: Connection): void {
  c.requests = Math.max(c.requests, c.responses);
  c.responses = c.requests;
  c.special.length = 0;
  c.replySkip = false;
  closeConfirmed(c);
}

/** The requests are out of step; counted once until the next good one. */
export function loseRequests(c: Connection, cause: string): void {
  const f = c.request;
  f.phase = 'lost';
  if (f.lost) return;
  f.lost = true;
  forgetOutstanding(c);
  c.sink.malformed(TO_SERVER, cause);
}

/** The replies are out of step. @param position where */
export function loseReplies(c: Connection, cause: string, position: number): void {
  const f = c.reply;
  // What looks like replies may be elements of the one that was cut: only the next turn tells.
  f.awaitsTurn ||= f.depth > 0 || !f.synchronised;
  f.phase = 'lost';
  f.depth = 0;
  f.afterAttribute = false;
  f.readsLost = 0;
  const message = f.open;
  f.open = null;
  if (message !== null) c.sink.end(message, position, null);
  if (f.lost) return;
  f.lost = true;
  forgetOutstanding(c);
  c.sink.malformed(TO_CLIENT, cause);
}

/** Both directions turn to something else than requests and replies: replication. */
export function leaveRedis(c: Connection): void {
  c.request.phase = 'tunnel';
  c.reply.phase = 'tunnel';
}
