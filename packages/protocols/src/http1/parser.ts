import { ascii } from '../bytes.ts';
import type { MessageSink, Parser, ParserOptions, Side } from '../protocol.ts';
import { TO_CLIENT } from '../protocol.ts';
import { readChunkData, readChunkLine, readLengthBody, readTrailers, skipBody } from './body.ts';
import {
  CHUNK_DATA,
  CHUNK_LINE,
  CLOSE,
  type Connection,
  createConnection,
  endBody,
  endMessage,
  type Flow,
  HEAD,
  LENGTH,
  LOST,
  lose,
  type Phase,
  PROBE,
  START,
  TRAILERS,
  TUNNEL,
} from './connection.ts';
import { idleBytes, readBytes, skipBytes } from './content.ts';
import { collect, readHeadPart } from './head-parts.ts';
import { LONGEST_HEAD, lineFeed, splitHead } from './lines.ts';
import { PROBE_LENGTH, readHead } from './messages.ts';
import { PERHAPS } from './start-line.ts';
import { likeness, mayBegin, resynchronise } from './synchronise.ts';

const CR = 13;
const LF = 10;
/** Bytes that are not needed of what ends with the connection; asked again before they are over. */
const ENDLESS = 2 ** 30;
/** The version digit is unknown here and never matters: what is replayed goes to a body. */
const STATUS_LINE = ascii('HTTP/1.');

/** Parser of HTTP/1.0 and HTTP/1.1 (RFC 9110, RFC 9112): see `Parser` for the contract. */
export function createHttp1Parser(sink: MessageSink, options: ParserOptions): Parser {
  const c = createConnection(sink, options);
  return {
    feed(side, bytes, position) {
      const f = c.flows[side];
      if (bytes.length === 0) return;
      if (f.next >= 0 && position !== f.next) {
        if (position > f.next) skip(c, f, f.next, position - f.next);
        else lose(c, f, 'overlap', f.next);
      }
      run(c, f, bytes, position);
    },
    gap(side, position, length) {
      if (length > 0) skip(c, c.flows[side], position, length);
    },
    finish(side, position) {
      finish(c, c.flows[side], position);
    },
    neededFrom(side: Side) {
      const f = c.flows[side];
      const next = Math.max(0, f.next);
      if (f.phase === TUNNEL && c.tunnel !== null) return Math.max(next, c.tunnel.neededFrom(side));
      if (f.phase === LENGTH || f.phase === CHUNK_DATA) return next + idleBytes(f, f.remaining);
      if (f.phase === CLOSE) return next + idleBytes(f, ENDLESS);
      // Nothing of it is ever read but its end.
      return f.phase === TUNNEL ? next + ENDLESS : next;
    },
  };
}

/** @param base position of bytes[0] */
function run(c: Connection, f: Flow, bytes: Uint8Array, base: number): void {
  const length = bytes.length;
  for (let i = 0; i < length; ) i = step(c, f, bytes, i, base);
  f.next = base + length;
}

/** Reads on in the present phase. @returns index after what was read, or `i` in another phase */
function step(c: Connection, f: Flow, bytes: Uint8Array, i: number, base: number): number {
  switch (f.phase) {
    case START:
      return readStart(c, f, bytes, i, base);
    case HEAD:
      return readHeadPart(c, f, bytes, i, base);
    case LENGTH:
      return readLengthBody(c, f, bytes, i, base);
    case CHUNK_LINE:
      return readChunkLine(c, f, bytes, i, base);
    case CHUNK_DATA:
      return readChunkData(c, f, bytes, i, base);
    case TRAILERS:
      return readTrailers(c, f, bytes, i, base);
    case CLOSE:
      readBytes(f, bytes, i, bytes.length);
      return bytes.length;
    case PROBE:
      return readProbe(c, f, bytes, i, base);
    case TUNNEL:
      c.tunnel?.feed(f.side, bytes.subarray(i), base + i);
      return bytes.length;
    case LOST:
      return resynchronise(f, bytes, i);
  }
}

/** A head begins here, after line ends that RFC 9112 §2.2 lets a client send too many. */
function readStart(c: Connection, f: Flow, bytes: Uint8Array, from: number, base: number): number {
  const length = bytes.length;
  let i = from;
  while (i < length && (bytes[i] === CR || bytes[i] === LF)) i++;
  if (i === length) return i;
  if (!mayBegin(f, bytes, i, length)) {
    lose(c, f, f.side === TO_CLIENT ? 'status-line' : 'request-line', base + i);
    // Out of step the first byte of a read is looked at again, so a later one must have been passed.
    return i === 0 ? 0 : i + 1;
  }
  const end = splitHead(bytes, i, Math.min(length, i + LONGEST_HEAD));
  if (end >= 0) {
    if (readHead(c, f, bytes, i, end, base + i, base + end)) return end;
    return lineFeed(bytes, i, end) + 1;
  }
  f.phase = HEAD;
  f.headStart = base + i;
  f.headLength = 0;
  f.startKnown = false;
  f.tentative = f.lost && likeness(f.side, bytes, i, length) === PERHAPS;
  return readHeadPart(c, f, bytes, i, base);
}

/**
 * The body of a response to an unknown request, or, if that was a HEAD, the next response: only that begins with
 * a status line.
 */
function readProbe(c: Connection, f: Flow, bytes: Uint8Array, from: number, base: number): number {
  let i = from;
  while (i < bytes.length && f.probed < PROBE_LENGTH && fitsProbe(f.probed, bytes[i]!)) {
    f.probed++;
    i++;
  }
  if (f.probed === PROBE_LENGTH) {
    const start = base + i - PROBE_LENGTH;
    f.framed = false;
    endBody(c, f, start);
    f.phase = HEAD;
    f.headStart = start;
    f.headLength = 0;
    f.startKnown = false;
    f.tentative = false;
    collect(f, STATUS_LINE, 0, STATUS_LINE.length);
    // The digit may have come with an earlier read; its value matters to nobody.
    collect(f, ascii('1 '), 0, 2);
    return i;
  }
  if (i < bytes.length) leaveProbe(c, f, f.afterProbe, base + i);
  return i;
}

function fitsProbe(index: number, byte: number): boolean {
  if (index < STATUS_LINE.length) return byte === STATUS_LINE[index];
  return index === STATUS_LINE.length ? byte >= 48 && byte <= 57 : byte === 32;
}

/** It is a body: what was held back goes to it. @param position of the byte after what was held back */
function leaveProbe(c: Connection, f: Flow, phase: Phase, position: number): void {
  const held = f.probed;
  f.phase = phase;
  f.probed = 0;
  f.sawBody = true;
  if (held === 0) return;
  const bytes = new Uint8Array(held).fill(48);
  bytes.set(STATUS_LINE.subarray(0, Math.min(held, STATUS_LINE.length)));
  for (let i = 0; i < held; ) i = step(c, f, bytes, i, position - held);
}

/** Bytes that were not seen. Within a body of known length they lose nothing. */
function skip(c: Connection, f: Flow, position: number, length: number): void {
  let at = position;
  let missing = length;
  if (f.phase === PROBE) leaveProbe(c, f, f.afterProbe, at);
  if (f.phase === LENGTH || f.phase === CHUNK_DATA) {
    const skipped = skipBody(c, f, at, missing);
    at += skipped;
    missing -= skipped;
  }
  if (missing > 0) {
    if (f.phase === CLOSE) skipBytes(f, missing);
    else if (f.phase === TUNNEL) c.tunnel?.gap(f.side, at, missing);
    else lose(c, f, 'gap', at);
  }
  f.next = at + missing;
}

function finish(c: Connection, f: Flow, position: number): void {
  if (f.next >= 0 && position > f.next) skip(c, f, f.next, position - f.next);
  if (f.phase === PROBE) leaveProbe(c, f, f.afterProbe, f.next);
  if (f.phase === HEAD && !f.tentative && !f.lost) c.sink.malformed(f.side, 'truncated');
  endMessage(c, f, position);
  f.head = null;
  f.headLength = 0;
  if (f.phase === TUNNEL) c.tunnel?.finish(f.side, position);
  else f.phase = START;
  f.next = position;
}
