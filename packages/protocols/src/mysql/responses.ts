import type { Attributes, SpanStatus } from '@weft/model';
import { type Message, TO_CLIENT } from '../protocol.ts';
import {
  ANY_SEQUENCE,
  answeredNext,
  type Connection,
  loseResponses,
  type Outstanding,
  type ResponseFlow,
  rememberStatement,
} from './connection.ts';
import { CURSOR_EXISTS, greetingVersion, MORE_RESULTS, statusWord } from './handshake.ts';
import { type PacketReader, type Packets, resetPackets } from './packets.ts';
import { resultColumns } from './recognise.ts';
import { int2, int4 } from './wire.ts';

const OK = 0x00;
const MORE_DATA = 0x01;
const LOCAL_FILE = 0xfb;
const EOF = 0xfe;
const ERR = 0xff;
/** Kept of the first packet of a response, and of what may be its last. */
const KEPT = 128;
/** Length of an EOF packet, and of the OK to a COM_STMT_PREPARE. */
const EOF_LENGTH = 5;
const PREPARED_LENGTH = 12;
const NO_ATTRIBUTES: Attributes = {};

/** Makes responses of the server's packets. */
export function createResponseReader(c: Connection): PacketReader {
  const f = c.response;
  return {
    begin: (p) => begin(c, f, p),
    read(p) {
      if (f.ignores) return p.wanted;
      const wanted = Math.min(p.length, keptOf(f, p));
      if (p.keptLength < wanted && !p.isCut) return wanted;
      if (p.keptLength > 0) take(c, f, p);
      else if (!unreadResponse(c)) loseResponses(c, 'gap');
      return wanted;
    },
    end(p, position) {
      f.reached = position;
      f.ignores = false;
      if (f.announces) announce(c, p.start, position);
      if (f.isLast) over(c, f, position);
    },
    broken: (cause) => loseResponses(c, cause),
  };
}

/** A packet begins: is it the one that is expected? */
function begin(c: Connection, f: ResponseFlow, p: Packets): number {
  const isNext = p.sequence === ((f.sequence + 1) & 255);
  f.sequence = p.sequence;
  if (p.length === 0) {
    loseResponses(c, 'length');
    return 0;
  }
  if (f.stage === 'definitions-end' && f.leftAfter === 0 && !isNext) {
    c.eofs = false;
    settleResponse(c);
  }
  if (f.stage === 'stream') f.ignores = true;
  else if (f.stage === 'idle') {
    // The rest of something that was taken to be over: rows that nobody was seen to ask for.
    if (!isFirst(c, p) && isNext && !f.lost) f.ignores = true;
    else if (!isFirst(c, p)) loseResponses(c, 'sequence');
  } else if (!isNext && f.stage !== 'file' && c.compression !== 'on') loseResponses(c, 'sequence');
  return 1;
}

/** Whether the sequence id is one that a response, or what the server says unasked, begins with. */
function isFirst(c: Connection, p: Packets): boolean {
  // With compression the ids of packets follow those of frames where a frame begins.
  if (p.sequence === 0 || c.compression === 'on') return true;
  const asked = answeredNext(c);
  return asked === null ? p.sequence === 1 : asked.sequence === p.sequence || asked.sequence === ANY_SEQUENCE;
}

/** How much of a packet tells what it is, once its first byte is known. */
function keptOf(f: ResponseFlow, p: Packets): number {
  if (f.stage === 'columns' || f.stage === 'definitions') return 1;
  if (f.stage === 'rows' && !isEnd(p) && p.kept[0] !== ERR) return 1;
  return KEPT;
}

/** EOF, or the OK that stands for it: no row begins so, but for one with a first value of 16 MB. */
function isEnd(p: Packets): boolean {
  return p.kept[0] === EOF && !p.continues && p.length >= EOF_LENGTH;
}

function take(c: Connection, f: ResponseFlow, p: Packets): void {
  switch (f.stage) {
    case 'idle':
    case 'result':
    case 'file':
      takeFirst(c, f, p);
      return;
    case 'columns':
      if (--f.left === 0) f.stage = 'columns-end';
      return;
    case 'columns-end':
      f.stage = 'rows';
      if (!isEnd(p)) c.eofs = false;
      else if (p.length === EOF_LENGTH) {
        c.eofs = true;
        // Rows are fetched from a cursor one portion after the other.
        if (int2(p.kept, 3) & CURSOR_EXISTS) f.isLast = true;
        return;
      }
      takeRow(c, f, p);
      return;
    case 'rows':
      takeRow(c, f, p);
      return;
    case 'definitions':
      if (--f.left > 0) return;
      if (c.eofs === false) nextDefinitions(f);
      else f.stage = 'definitions-end';
      return;
    case 'definitions-end':
      takeBehindDefinitions(c, f, p);
      return;
    case 'fields':
      if (p.kept[0] === ERR) fail(c, f, p);
      else if (isEnd(p)) f.isLast = true;
      return;
    case 'unread':
    case 'stream':
      return;
  }
}

function takeRow(c: Connection, f: ResponseFlow, p: Packets): void {
  if (p.kept[0] === ERR) fail(c, f, p);
  else if (isEnd(p)) endResult(c, f, p);
  else f.rows++;
}

/** A result of possibly several is over. */
function endResult(c: Connection, f: ResponseFlow, p: Packets): void {
  const status = statusWord(p.kept, p.length, p.keptLength);
  if (status < 0) loseResponses(c, 'status');
  else if (status & MORE_RESULTS) f.stage = 'result';
  else f.isLast = true;
}

/** The first packet of a response, or of one result in it. */
function takeFirst(c: Connection, f: ResponseFlow, p: Packets): void {
  const asked = f.open === null ? answeredNext(c) : null;
  const answer = asked?.answer ?? null;
  const byte = p.kept[0]!;
  if (f.stage === 'idle' && p.sequence === 0 && asked?.sequence !== ANY_SEQUENCE) {
    takeUnasked(c, f, p);
    return;
  }
  if (byte === ERR) {
    fail(c, f, p);
    return;
  }
  if (answer === 'login' && (byte === EOF || byte === MORE_DATA)) {
    f.announces = true;
    return;
  }
  switch (answer) {
    case 'text':
      respond(c, f, p, 'ok', NO_ATTRIBUTES);
      f.isLast = true;
      return;
    case 'stream':
      respond(c, f, p, 'ok', NO_ATTRIBUTES);
      f.isLast = true;
      f.stage = 'stream';
      return;
    case 'rows':
      respond(c, f, p, 'ok', NO_ATTRIBUTES);
      f.stage = 'rows';
      f.hasRows = true;
      takeRow(c, f, p);
      return;
    case 'prepared':
      if (byte === OK && p.length === PREPARED_LENGTH) takePrepared(c, f, p, asked);
      else loseResponses(c, 'prepared');
      return;
    default:
      takeResult(c, f, p, asked);
  }
}

/** OK, EOF, a result set, definitions of fields, or the wish for a file: the bytes tell which. */
function takeResult(c: Connection, f: ResponseFlow, p: Packets, asked: Outstanding | null): void {
  const byte = p.kept[0]!;
  if (byte === LOCAL_FILE && p.length > 1) {
    f.announces = true;
    f.stage = 'file';
    return;
  }
  const columns = resultColumns(p.kept, p.length);
  if (columns !== null) {
    succeed(c, asked);
    respond(c, f, p, 'ok', NO_ATTRIBUTES);
    f.hasRows = true;
    f.left = columns;
    f.stage = columns > 0 ? 'columns' : 'columns-end';
    return;
  }
  if ((byte === OK && p.length >= 7) || (byte === EOF && p.length === EOF_LENGTH)) {
    // No prepare was seen, but as an OK these twelve bytes would be odd.
    if (asked === null && f.open === null && isLikePrepared(p)) {
      takePrepared(c, f, p, null);
      return;
    }
    succeed(c, asked);
    respond(c, f, p, 'ok', NO_ATTRIBUTES);
    endResult(c, f, p);
    return;
  }
  if (p.kept[0] === 3 && p.kept[1] === 0x64 && p.length > 20) {
    respond(c, f, p, 'ok', NO_ATTRIBUTES);
    f.stage = 'fields';
    return;
  }
  loseResponses(c, 'response');
}

function isLikePrepared(p: Packets): boolean {
  if (p.length !== PREPARED_LENGTH || p.kept[9] !== 0 || int4(p.kept, 1) === 0) return false;
  return int2(p.kept, 5) + int2(p.kept, 7) > 0 && int2(p.kept, 3) === 0;
}

/** Id of the statement, columns, parameters; their definitions follow. */
function takePrepared(c: Connection, f: ResponseFlow, p: Packets, asked: Outstanding | null): void {
  if (asked !== null && asked.statement !== null) rememberStatement(c, int4(p.kept, 1), asked.statement);
  respond(c, f, p, 'ok', NO_ATTRIBUTES);
  const columns = int2(p.kept, 5);
  const parameters = int2(p.kept, 7);
  f.left = parameters > 0 ? parameters : columns;
  f.leftAfter = parameters > 0 ? columns : 0;
  if (f.left > 0) f.stage = 'definitions';
  else f.isLast = true;
}

/** The EOF behind definitions, or, where there are none any more, the next definition. */
function takeBehindDefinitions(c: Connection, f: ResponseFlow, p: Packets): void {
  c.eofs = p.kept[0] === EOF && p.length === EOF_LENGTH;
  nextDefinitions(f);
  if (!c.eofs && f.stage === 'definitions') take(c, f, p);
}

/** The definitions of the parameters are followed by those of the columns. */
function nextDefinitions(f: ResponseFlow): void {
  f.left = f.leftAfter;
  f.leftAfter = 0;
  if (f.left > 0) f.stage = 'definitions';
  else f.isLast = true;
}

/** What the server says before it was asked: its greeting, or why it closes the connection. */
function takeUnasked(c: Connection, f: ResponseFlow, p: Packets): void {
  const version = greetingVersion(p.kept, 0, p.keptLength);
  if (version === null && p.kept[0] !== ERR) {
    loseResponses(c, 'sequence');
    return;
  }
  f.lost = false;
  if (version?.includes('MariaDB')) c.system = 'mariadb';
}

function fail(c: Connection, f: ResponseFlow, p: Packets): void {
  const code = String(int2(p.kept, 1));
  const attributes: Attributes = { 'db.response.status_code': code, 'error.type': code };
  if (f.open === null) respond(c, f, p, 'error', attributes);
  else f.failure = attributes;
  f.isLast = true;
}

/** What the command changes of the connection is true now. */
function succeed(c: Connection, asked: Outstanding | null): void {
  if (asked === null) return;
  if (asked.namespace !== null) c.namespace = asked.namespace;
  if (asked.answer === 'login' && c.compression === 'agreed') c.compression = 'on';
}

/** The response begins, unless it is one more result of the same. */
function respond(
  c: Connection,
  f: ResponseFlow,
  p: Packets,
  status: SpanStatus,
  attributes: Attributes,
): void {
  f.lost = false;
  if (f.open !== null) return;
  c.responses++;
  f.rows = 0;
  f.hasRows = false;
  f.failure = null;
  f.open = responseMessage('response', p.start, status, attributes);
  c.sink.message(f.open);
}

/** The response has begun, but another turn of the client comes before what it says. */
function announce(c: Connection, start: number, position: number): void {
  c.response.lost = false;
  c.response.announces = false;
  const message = responseMessage('interim', start, 'unset', NO_ATTRIBUTES);
  c.sink.message(message);
  c.sink.end(message, position, null);
}

function responseMessage(
  kind: Message['kind'],
  start: number,
  status: SpanStatus,
  attributes: Attributes,
): Message {
  return { side: TO_CLIENT, kind, pairingId: null, start, name: '', status, attributes, carried: null };
}

/** The last packet of a response has ended. */
function over(c: Connection, f: ResponseFlow, position: number): void {
  const message = f.open;
  const counts = f.hasRows && f.stage !== 'unread';
  f.open = null;
  f.isLast = false;
  if (f.stage !== 'stream') f.stage = 'idle';
  if (message === null) return;
  c.sink.end(message, position, counts ? { ...f.failure, 'db.response.returned_rows': f.rows } : f.failure);
}

/**
 * Something of the response was not seen. If it is a result and nothing else is asked for, it is over when the client
 * speaks again: the last of it that was sent is then its end. @returns false: it is not so
 */
export function unreadResponse(c: Connection): boolean {
  const f = c.response;
  if (f.open === null || answeredNext(c) !== null) return false;
  f.stage = 'unread';
  f.isLast = false;
  resetPackets(f.packets);
  f.packets.stopped = true;
  return true;
}

/**
 * The client speaks again, or the connection ends: a response whose end could not be seen is over. That is one of which
 * something is missing, or a prepared statement behind whose definitions an EOF might have stood.
 */
export function settleResponse(c: Connection): void {
  const f = c.response;
  if (f.stage === 'stream') f.stage = 'idle';
  if (f.stage === 'unread' || (f.stage === 'definitions-end' && f.leftAfter === 0)) over(c, f, f.reached);
}
