import type { Attributes, AttributeValue, SpanStatus } from '@weft/model';
import { type CarriedIds, type Message, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { type SqlDescription, sqlAttributes } from '../sql/index.ts';
import { type Answer, type Connection, resetAnswer } from './connection.ts';

const SYSTEM = 'postgresql';
/** Of a request that the server leaves out because one before it in its pipeline has failed. */
const SKIPPED = 'skipped';
const MOST_ROUNDS = 4096;

/** A message that the client waits to be answered. */
export function request(
  c: Connection,
  start: number,
  name: string,
  attributes: Attributes,
  carried: CarriedIds | null,
): Message {
  const message: Message = {
    side: TO_SERVER,
    kind: 'request',
    pairingId: null,
    start,
    name,
    status: 'unset',
    attributes,
    carried,
  };
  // Notices that came while nothing was asked are no part of the answer.
  if (c.outstanding <= 0 && c.answer.isAside) resetAnswer(c.answer);
  c.outstanding++;
  c.requestsInRound++;
  c.sink.message(message);
  return message;
}

/** Attributes of a request that is no SQL, or whose SQL was not seen. @param operation '' if it is no command either */
export function plainAttributes(c: Connection, operation: string): Attributes {
  const attributes: Record<string, AttributeValue> = { 'db.system.name': SYSTEM };
  if (operation !== '') attributes['db.operation.name'] = operation;
  if (c.namespace !== '') attributes['db.namespace'] = c.namespace;
  return attributes;
}

/** Attributes of a request that runs that SQL. */
export function attributesOf(c: Connection, sql: SqlDescription): Attributes {
  return sqlAttributes(sql, SYSTEM, c.namespace);
}

/** The client has said all that the next ReadyForQuery answers. */
export function endRequestRound(c: Connection, start: number): void {
  const requests = c.requestsInRound;
  c.requestsInRound = 0;
  const answered = c.roundsAhead.shift();
  if (answered !== undefined) {
    for (let i = answered; i < requests; i++) skip(c, start);
    return;
  }
  // The other direction is not seen.
  if (c.rounds.length >= MOST_ROUNDS) c.rounds.length = 0;
  c.rounds.push(requests);
}

/** A ReadyForQuery, at `start`: what was asked before it and not answered was skipped because of an error. */
export function endResponseRound(c: Connection, start: number, end: number): void {
  // Only an error makes the server skip requests.
  const answered = c.hasFailed ? c.responsesInRound : Number.POSITIVE_INFINITY;
  c.responsesInRound = 0;
  c.hasFailed = false;
  c.isExtended = false;
  if (c.isAnswerPartial) {
    c.isAnswerPartial = false;
    return;
  }
  const requests = c.rounds.shift();
  if (requests === undefined) {
    if (c.roundsAhead.length < MOST_ROUNDS) c.roundsAhead.push(answered);
    return;
  }
  for (let i = answered; i < requests; i++) skip(c, start, end);
  if (c.rounds.length === 0 && c.requestsInRound === 0) c.outstanding = 0;
}

function skip(c: Connection, start: number, end: number = start): void {
  respond(c, start, end, 'error', { 'db.system.name': SYSTEM, 'error.type': SKIPPED });
}

/** What the server has said so far is a response, and complete. @param end one past its last byte */
export function endAnswer(c: Connection, end: number): void {
  const a = c.answer;
  const { start } = a;
  if ((!c.isAnswerPartial || a.isTorn) && !isOfSync(c, a)) {
    const status = a.error !== '' ? 'error' : a.isTorn && !a.isOver ? 'unset' : 'ok';
    respond(c, start, end, status, resultOf(a));
    c.responsesInRound++;
  }
  resetAnswer(a);
}

/** The client speaks again: an answer of which bytes were lost, its end among them, is over. */
export function endTorn(c: Connection): void {
  if (c.answer.isTorn) endAnswer(c, Math.max(c.answer.start, c.backend.next));
}

/** An error that comes when all requests of the round are answered is that of its end: a commit that failed. */
function isOfSync(c: Connection, a: Answer): boolean {
  return a.error !== '' && c.isExtended && c.rounds.length > 0 && c.responsesInRound >= c.rounds[0]!;
}

function resultOf(a: Answer): Attributes {
  const attributes: Record<string, AttributeValue> = { 'db.system.name': SYSTEM };
  if (a.error !== '') {
    attributes['db.response.status_code'] = a.error;
    attributes['error.type'] = a.error;
  } else if (a.tagged >= 0) attributes['db.response.returned_rows'] = a.tagged;
  else if (a.rows > 0 && !a.isTorn) attributes['db.response.returned_rows'] = a.rows;
  return attributes;
}

/** A response of its own. */
export function respond(
  c: Connection,
  start: number,
  end: number,
  status: SpanStatus,
  attributes: Attributes,
): void {
  const message: Message = {
    side: TO_CLIENT,
    kind: 'response',
    pairingId: null,
    start,
    name: '',
    status,
    attributes,
    carried: null,
  };
  c.outstanding--;
  c.sink.message(message);
  c.sink.end(message, end, null);
}
