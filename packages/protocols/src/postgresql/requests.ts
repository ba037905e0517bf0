import type { Attributes } from '@weft/model';
import { utf8 } from '../bytes.ts';
import { tellOneWay } from '../one-way.ts';
import { type Message, TO_SERVER } from '../protocol.ts';
import { LONGEST_SQL, type SqlDescription } from '../sql/index.ts';
import { type Connection, forgetRounds, resetGroup } from './connection.ts';
import { attributesOf, endRequestRound, plainAttributes, request } from './emit.ts';
import type { FrameReader } from './frames.ts';
import { int32 } from './plausible.ts';
import { answerNegotiation } from './responses.ts';
import { describeStatement, rememberPortal, rememberStatement } from './statements.ts';
import { resynchroniseRequests } from './synchronise.ts';
import { CANCEL_REQUEST, F, GSSENC_REQUEST, PROTOCOL_3, SSL_REQUEST } from './types.ts';

const STATEMENT = 83;
/** Names of a portal and a statement, each at most 63 bytes where SQL gave it (NAMEDATALEN). */
const LONGEST_NAMES = 256;
const LONGEST_STARTUP = 1024;

/** Reads what the client sends. */
export function createRequestReader(c: Connection): FrameReader {
  return {
    wants: wantedOf,
    isAlone: () => false,
    message(bytes, from, to, position) {
      // What the server said before answers what was not seen.
      if (!c.frontend.synchronised) forgetRounds(c);
      return readMessage(c, bytes, from, to, position);
    },
    lose: (cause) => loseRequests(c, cause),
    resynchronise: (bytes, from) => resynchroniseRequests(c, bytes, from),
  };
}

function wantedOf(type: number): number {
  switch (type) {
    case F.query:
      return LONGEST_SQL + 1;
    case F.parse:
      return LONGEST_SQL + LONGEST_NAMES;
    case F.bind:
    case F.execute:
    case F.describe:
    case F.close:
      return LONGEST_NAMES;
    case F.startup:
      return LONGEST_STARTUP;
    default:
      return 0;
  }
}

/** The requests are out of step; counted once until the next good one. */
export function loseRequests(c: Connection, cause: string): void {
  endGroup(c, c.frontend.start);
  c.isRequestPartial = true;
  c.copied = false;
  c.requestsInRound = 0;
  forgetRounds(c);
  if (c.frontend.lost) return;
  c.frontend.lost = true;
  c.sink.malformed(TO_SERVER, cause);
}

/** Position behind the NUL that ends the text at `from`, or behind the end of what is kept. */
function behindText(bytes: Uint8Array, from: number, to: number): number {
  for (let i = from; i < to; i++) if (bytes[i] === 0) return i + 1;
  return to + 1;
}

const textAt = (bytes: Uint8Array, from: number, behind: number): string =>
  utf8(bytes, from, Math.max(from, behind - 1));

function readMessage(c: Connection, bytes: Uint8Array, from: number, to: number, position: number): string {
  const { type, start } = c.frontend;
  const g = c.group;
  switch (type) {
    case F.startup:
      return startup(c, bytes, from, to, position);
    case F.query: {
      const sql = describe(c, bytes, from, behindText(bytes, from, to));
      wholeRequest(c, start, position, sql.name, attributesOf(c, sql), sql);
      return '';
    }
    case F.functionCall:
      wholeRequest(c, start, position, 'FUNCTION CALL', plainAttributes(c, 'FUNCTION CALL'), null);
      return '';
    case F.parse: {
      beginGroup(c, start, true);
      const text = behindText(bytes, from, to);
      g.parsed = describe(c, bytes, text, behindText(bytes, text, to));
      g.isParsed = true;
      rememberStatement(c.statements, textAt(bytes, from, text), g.parsed);
      return '';
    }
    case F.bind: {
      beginGroup(c, start, true);
      const name = behindText(bytes, from, to);
      const statement = c.statements.prepared.get(textAt(bytes, name, behindText(bytes, name, to)));
      rememberPortal(c.statements, textAt(bytes, from, name), statement ?? null);
      if (!g.isBound) g.bound = statement ?? null;
      g.isBound = true;
      return '';
    }
    case F.describe:
      beginGroup(c, start, true);
      // The statement alone, not a portal of it: its columns are asked for before anything is bound.
      if (bytes[from] === STATEMENT && to > from) requestOfGroup(c, position);
      return '';
    case F.execute: {
      beginGroup(c, start, true);
      const portal = c.statements.portals.get(textAt(bytes, from, behindText(bytes, from, to)));
      executeGroup(c, portal ?? null, position);
      return '';
    }
    case F.close:
      beginGroup(c, start, g.asks);
      if (bytes[from] === STATEMENT)
        c.statements.prepared.delete(textAt(bytes, from + 1, behindText(bytes, from + 1, to)));
      return '';
    case F.flush:
      if (g.isParsed || g.isBound) openGroup(c);
      return '';
    case F.sync:
      sync(c, start, position);
      return '';
    case F.copyDone:
    case F.copyFail:
      c.copied = true;
      return '';
    case F.terminate:
      tellOneWay(c.sink, TO_SERVER, start, position, 'TERMINATE', plainAttributes(c, ''));
      return '';
    default:
      return '';
  }
}

/** The SQL that begins at `from`; of a text that is cut, what is kept. */
function describe(c: Connection, bytes: Uint8Array, from: number, behind: number): SqlDescription {
  return describeStatement(textAt(bytes, from, behind), c.mask, c.backslash, c.names);
}

/** A request of one message that a ReadyForQuery answers. */
function wholeRequest(
  c: Connection,
  start: number,
  position: number,
  name: string,
  attributes: Attributes,
  sql: SqlDescription | null,
): void {
  endGroup(c, start);
  c.copied = false;
  c.isRequestPartial = false;
  c.sink.end(request(c, start, name, attributes, sql?.carried ?? null), position, null);
  endRequestRound(c, start);
}

function beginGroup(c: Connection, start: number, asks: boolean): void {
  const g = c.group;
  if (g.start < 0) g.start = start;
  g.asks = asks;
  c.copied = false;
}

/** Says what the group will ask before it has ended. */
function openGroup(c: Connection): void {
  const g = c.group;
  if (g.open !== null || c.isRequestPartial) return;
  g.open = execution(c, g.isBound ? g.bound : g.parsed);
}

/** The request that runs a statement; its comments' ids are this request's only if it brought the text. */
function execution(c: Connection, sql: SqlDescription | null): Message {
  const g = c.group;
  if (sql === null) return request(c, g.start, 'EXECUTE', plainAttributes(c, 'EXECUTE'), null);
  return request(c, g.start, sql.name, attributesOf(c, sql), g.isParsed ? sql.carried : null);
}

function executeGroup(c: Connection, portal: SqlDescription | null, position: number): void {
  const g = c.group;
  if (!c.isRequestPartial) c.sink.end(g.open ?? execution(c, g.isBound ? g.bound : portal), position, null);
  resetGroup(g);
}

/** The group asks something without running it. */
function requestOfGroup(c: Connection, position: number): void {
  const g = c.group;
  if (!c.isRequestPartial) c.sink.end(g.open ?? preparation(c), position, null);
  resetGroup(g);
}

function preparation(c: Connection): Message {
  const g = c.group;
  if (g.parsed !== null) {
    const name = `PREPARE ${g.parsed.name}`;
    const attributes = {
      ...attributesOf(c, g.parsed),
      'db.operation.name': 'PREPARE',
      'db.query.summary': name,
    };
    return request(c, g.start, name, attributes, g.parsed.carried);
  }
  const name = g.isBound ? 'BIND' : g.asks ? 'DESCRIBE' : 'CLOSE';
  return request(c, g.start, name, plainAttributes(c, name), null);
}

/** A request that a Flush made known ends with what was read of it. */
function endGroup(c: Connection, position: number): void {
  const g = c.group;
  if (g.open !== null) c.sink.end(g.open, Math.max(position, g.open.start), null);
  resetGroup(g);
}

/** The end of a round. What is left of it asks something, unless these are the closing of what was run before. */
function sync(c: Connection, start: number, position: number): void {
  const g = c.group;
  const isAfterCopy = c.copied && g.start < 0 && c.requestsInRound === 0;
  c.copied = false;
  if (isAfterCopy) return;
  if (c.isRequestPartial) {
    c.isRequestPartial = false;
    endGroup(c, start);
    c.requestsInRound = 0;
    return;
  }
  if (g.asks || c.requestsInRound === 0) {
    if (g.start >= 0) requestOfGroup(c, position);
    // Nothing else was said: the Sync itself is the request.
    else c.sink.end(request(c, start, 'SYNC', plainAttributes(c, 'SYNC'), null), position, null);
  }
  resetGroup(g);
  endRequestRound(c, start);
}

function startup(c: Connection, bytes: Uint8Array, from: number, to: number, position: number): string {
  const { start } = c.frontend;
  if (to - from < 4) return 'startup';
  const code = int32(bytes, from);
  switch (code) {
    case SSL_REQUEST:
    case GSSENC_REQUEST: {
      const name = code === SSL_REQUEST ? 'SSLRequest' : 'GSSENCRequest';
      c.isRequestPartial = false;
      c.sink.end(request(c, start, name, plainAttributes(c, ''), null), position, null);
      // One byte answers it, and no ReadyForQuery.
      c.requestsInRound--;
      c.negotiations++;
      answerNegotiation(c);
      return '';
    }
    case CANCEL_REQUEST:
      tellOneWay(c.sink, TO_SERVER, start, position, 'CANCEL', plainAttributes(c, 'CANCEL'));
      return '';
    default:
  }
  if (code >>> 16 !== PROTOCOL_3) return 'startup';
  const { user, database } = parametersOf(bytes, from + 4, to);
  c.namespace = database === '' ? user : database;
  const attributes = plainAttributes(c, 'LOGIN');
  wholeRequest(
    c,
    start,
    position,
    'LOGIN',
    c.mask || user === '' ? attributes : { ...attributes, 'user.name': user },
    null,
  );
  return '';
}

/** The parameters of a startup packet that matter: pairs of texts, until an empty one. */
function parametersOf(bytes: Uint8Array, from: number, to: number): { user: string; database: string } {
  let user = '';
  let database = '';
  for (let i = from; i < to && bytes[i] !== 0; ) {
    const value = behindText(bytes, i, to);
    const next = behindText(bytes, value, to);
    const name = textAt(bytes, i, value);
    if (name === 'user') user = textAt(bytes, value, next);
    else if (name === 'database') database = textAt(bytes, value, next);
    i = next;
  }
  return { user, database };
}

/** The client will say no more. @param position one past its last byte */
export function finishRequests(c: Connection, position: number): void {
  endGroup(c, position);
}
