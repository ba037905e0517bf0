import type { Attributes } from '@weft/model';
import { ascii, bytesAt, latin1, utf8 } from '../bytes.ts';
import { withoutIds } from '../endpoint.ts';
import { tellOneWay } from '../one-way.ts';
import { TO_CLIENT } from '../protocol.ts';
import { type Connection, forgetRounds, resetAnswer } from './connection.ts';
import { endAnswer, endResponseRound, plainAttributes, respond } from './emit.ts';
import type { FrameReader } from './frames.ts';
import { isTransactionStatus } from './plausible.ts';
import { resynchroniseResponses } from './synchronise.ts';
import { B } from './types.ts';

/** Severity and SQLSTATE come first in an error; its texts are not read, they may quote values. */
const KEPT_ERROR = 256;
const KEPT_TAG = 256;
const KEPT_NAME = 256;
const SEVERITY = 83;
const SEVERITY_UNTRANSLATED = 86;
const SQLSTATE = 67;
const SQLSTATE_LENGTH = 5;
const FATAL = ascii('FATAL\0');
const PANIC = ascii('PANIC\0');
const STANDARD_STRINGS = ascii('standard_conforming_strings\0off\0');
const STANDARD_STRINGS_ON = ascii('standard_conforming_strings\0on\0');
/** Answers to a request for encryption: `S` and `G` yes, `N` no. */
const YES_SSL = 83;
const YES_GSS = 71;
const NO = 78;

/** Reads what the server sends. */
export function createResponseReader(c: Connection): FrameReader {
  return {
    wants: wantedOf,
    isAlone: (byte, position) => isNegotiated(c, byte, position),
    message: (bytes, from, to, position) => readMessage(c, bytes, from, to, position),
    lose: (cause) => loseResponses(c, cause),
    resynchronise: (bytes, from) => resynchroniseResponses(c, bytes, from),
  };
}

function wantedOf(type: number): number {
  switch (type) {
    case B.error:
      return KEPT_ERROR;
    case B.commandComplete:
      return KEPT_TAG;
    case B.notification:
    case B.parameterStatus:
      return KEPT_NAME;
    case B.ready:
      return 1;
    default:
      return 0;
  }
}

/** The responses are out of step; counted once until the next good one. */
function loseResponses(c: Connection, cause: string): void {
  const a = c.answer;
  // An answer that has begun stays open: its end may still be seen.
  if (a.start < 0 || a.isAside || c.isAnswerPartial) {
    if (!a.isTorn) resetAnswer(a);
  } else a.isTorn = true;
  c.isAnswerPartial = true;
  forgetRounds(c);
  if (c.backend.lost) return;
  c.backend.lost = true;
  c.sink.malformed(TO_CLIENT, cause);
}

/** The one byte that answers a request for encryption. After a yes nobody can read on. */
function isNegotiated(c: Connection, byte: number, position: number): boolean {
  if (c.negotiations === 0 || (byte !== YES_SSL && byte !== YES_GSS && byte !== NO)) return false;
  c.negotiations--;
  respond(c, position, position + 1, 'ok', plainAttributes(c, ''));
  if (byte !== NO) {
    c.frontend.phase = 'tunnel';
    c.backend.phase = 'tunnel';
  }
  return true;
}

/** The client's request for encryption was read after the byte that answers it. */
export function answerNegotiation(c: Connection): void {
  const f = c.backend;
  if (f.phase !== 'length' || f.lengthBytes > 0) return;
  f.phase = 'type';
  if (!isNegotiated(c, f.type, f.start)) f.phase = 'length';
}

function readMessage(c: Connection, bytes: Uint8Array, from: number, to: number, position: number): string {
  const { type, start } = c.backend;
  const a = c.answer;
  switch (type) {
    case B.notice:
    case B.parameterStatus:
      if (type === B.parameterStatus) readParameter(c, bytes, from);
      if (a.start < 0) {
        a.start = start;
        a.isAside = true;
      }
      return '';
    case B.notification:
      notify(c, bytes, from, to, start, position);
      return '';
    case B.ready:
      if (to > from && !isTransactionStatus(bytes[from]!)) return 'transaction-status';
      ready(c, start, position);
      return '';
    default:
  }
  if (a.start < 0) a.start = start;
  a.isAside = false;
  if (type !== B.closeComplete) a.says = true;
  switch (type) {
    case B.authentication:
    case B.backendKey:
    case B.negotiateVersion:
      a.isLogin = true;
      break;
    case B.parseComplete:
    case B.bindComplete:
    case B.closeComplete:
      c.isExtended = true;
      break;
    case B.parameterDescription:
      c.isExtended = true;
      a.describes = true;
      break;
    case B.rowDescription:
      a.hasColumns = true;
      if (a.describes) endAnswer(c, position);
      break;
    case B.noData:
      c.isExtended = true;
      if (a.describes) endAnswer(c, position);
      break;
    case B.dataRow:
      a.rows++;
      // A simple query's rows never come without their description.
      if (!a.hasColumns) c.isExtended = true;
      break;
    case B.commandComplete:
      a.isOver = true;
      readTag(c, bytes, from, to);
      if (c.isExtended) endAnswer(c, position);
      break;
    case B.emptyQuery:
      a.isOver = true;
      if (c.isExtended) endAnswer(c, position);
      break;
    case B.portalSuspended:
      c.isExtended = true;
      a.isOver = true;
      endAnswer(c, position);
      break;
    case B.copyOut:
      a.isCopyOut = true;
      break;
    case B.error: {
      c.hasFailed = true;
      const isLast = readError(c, bytes, from, to);
      // A connection that cannot go on sends no ReadyForQuery.
      if (isLast || c.isExtended || a.isLogin) endAnswer(c, position);
      break;
    }
    default:
  }
  return '';
}

/** ReadyForQuery ends the answer to a simple query, and what is left of extended ones. */
function ready(c: Connection, start: number, position: number): void {
  const a = c.answer;
  // Nothing was asked but the Sync itself.
  if ((a.start < 0 || a.isAside) && c.responsesInRound === 0) {
    if (a.start < 0) a.start = start;
    a.says = true;
  }
  // A Close behind what was run belongs to it.
  if (a.start >= 0 && (a.says || c.responsesInRound === 0)) endAnswer(c, position);
  resetAnswer(a);
  endResponseRound(c, start, position);
}

/** `SELECT 5`: rows, unless they went into a table. */
function readTag(c: Connection, bytes: Uint8Array, from: number, to: number): void {
  const a = c.answer;
  const tag = latin1(bytes, from, Math.max(from, to - 1));
  const space = tag.lastIndexOf(' ');
  if (space < 0) return;
  const isRows =
    tag.startsWith('SELECT ') || tag.startsWith('FETCH ') || (a.isCopyOut && tag.startsWith('COPY '));
  const rows = Number(tag.slice(space + 1));
  if (!isRows || !Number.isSafeInteger(rows)) return;
  if (a.hasColumns || a.isCopyOut || a.rows > 0 || rows === 0) a.tagged = Math.max(0, a.tagged) + rows;
}

/** Keeps the SQLSTATE of the first error. @returns whether it ends the connection */
function readError(c: Connection, bytes: Uint8Array, from: number, to: number): boolean {
  let isLast = false;
  let state = '';
  for (let i = from; i < to && bytes[i] !== 0; ) {
    const field = bytes[i]!;
    const value = i + 1;
    while (i < to && bytes[i] !== 0) i++;
    if (field === SQLSTATE && i - value === SQLSTATE_LENGTH) state = latin1(bytes, value, i);
    // The severity's second form came with 9.6 and is never translated.
    if (field === SEVERITY || field === SEVERITY_UNTRANSLATED)
      isLast = i < to && (bytesAt(bytes, value, FATAL) || bytesAt(bytes, value, PANIC));
    i++;
  }
  if (c.answer.error === '') c.answer.error = state === '' ? 'unknown' : state;
  return isLast;
}

function readParameter(c: Connection, bytes: Uint8Array, from: number): void {
  if (bytesAt(bytes, from, STANDARD_STRINGS)) c.backslash = true;
  else if (bytesAt(bytes, from, STANDARD_STRINGS_ON)) c.backslash = false;
}

/** NOTIFY of some session, to one that listens: process id, channel, payload. */
function notify(
  c: Connection,
  bytes: Uint8Array,
  from: number,
  to: number,
  start: number,
  position: number,
): void {
  let end = Math.min(from + 4, to);
  const name = end;
  while (end < to && bytes[end] !== 0) end++;
  const channel = utf8(bytes, name, end);
  const attributes: Attributes = {
    ...plainAttributes(c, 'NOTIFY'),
    'messaging.system': 'postgresql',
    'messaging.operation.type': 'receive',
    'messaging.destination.name': channel,
  };
  tellOneWay(
    c.sink,
    TO_CLIENT,
    start,
    position,
    channel === '' ? 'NOTIFY' : `NOTIFY ${withoutIds(channel, '._:/')}`,
    attributes,
  );
}

/** The connection is over, and with it an answer that has begun. @param position one past the last byte */
export function finishResponses(c: Connection, position: number): void {
  const a = c.answer;
  if (a.start >= 0 && a.says) {
    a.isTorn ||= !c.isAnswerPartial;
    endAnswer(c, Math.max(a.start, position));
  }
  resetAnswer(a);
}
