import { type MessageSink, type Parser, type ParserOptions, TO_SERVER } from '../protocol.ts';
import { type Connection, createConnection, type Flow } from './connection.ts';
import { headerError, RECORD_HEADER, uint16 } from './records.ts';
import {
  beginRequestRecord,
  endAllRequests,
  endRequestRecord,
  missRequestContent,
  readRequestContent,
  wantsRequestContent,
} from './requests.ts';
import {
  beginResponseRecord,
  closeAllResponses,
  cutResponses,
  endResponseRecord,
  missResponseContent,
  readResponseContent,
  wantsResponseContent,
} from './responses.ts';
import { synchronise } from './synchronise.ts';

/** Parser of FastCGI 1.0: see `Parser` for the contract. */
export function createFastCgiParser(sink: MessageSink, options: ParserOptions): Parser {
  const c = createConnection(sink, options);
  return {
    feed(side, bytes, position) {
      const f = c.flows[side];
      if (bytes.length === 0) return;
      if (f.next >= 0 && position > f.next) skip(c, f, f.next, position - f.next);
      else if (f.next > position) lose(c, f, 'overlap');
      run(c, f, bytes, position);
      f.next = position + bytes.length;
    },
    gap(side, position, length) {
      if (length > 0) skip(c, c.flows[side], position, length);
    },
    finish(side, position) {
      const f = c.flows[side];
      if (f.next >= 0 && position > f.next) skip(c, f, f.next, position - f.next);
      if ((f.inRecord || f.headerLength > 0) && !f.lost) sink.malformed(side, 'truncated');
      f.next = position;
      f.inRecord = false;
      f.headerLength = 0;
      if (side === TO_SERVER) endAllRequests(c, position, false);
      else closeAllResponses(c, position);
    },
    neededFrom(side) {
      const f = c.flows[side];
      const next = Math.max(0, f.next);
      if (!f.inRecord || f.searches) return next;
      return wantsContent(c, f) ? next : next + f.content + f.padding;
    },
  };
}

/** @param base position of bytes[0] */
function run(c: Connection, f: Flow, bytes: Uint8Array, base: number): void {
  for (let i = 0; i < bytes.length; ) {
    if (f.searches) {
      i = synchronise(f, bytes, i);
      continue;
    }
    i = f.inRecord ? readRecord(c, f, bytes, i, base) : readHeader(c, f, bytes, i, base);
  }
}

function readHeader(c: Connection, f: Flow, bytes: Uint8Array, from: number, base: number): number {
  let i = from;
  const before = f.headerLength;
  if (before === 0) {
    f.start = base + from;
    f.beginsRead = from === 0;
  }
  while (i < bytes.length && f.headerLength < RECORD_HEADER) f.header[f.headerLength++] = bytes[i++]!;
  if (f.headerLength < RECORD_HEADER) return i;
  f.headerLength = 0;
  const problem = headerError(f.header, 0, f.side);
  if (problem !== '') {
    f.next = base + i;
    lose(c, f, problem);
    return before > 0 ? from : from + 1;
  }
  f.type = f.header[1]!;
  f.id = uint16(f.header, 2);
  f.content = uint16(f.header, 4);
  f.padding = f.header[6]!;
  f.bodyLength = 0;
  f.inRecord = true;
  f.lost = false;
  if (f.side === TO_SERVER) beginRequestRecord(c, f, base + i);
  else beginResponseRecord(c, f, base + i);
  if (f.content + f.padding === 0) endRecord(c, f, base + i);
  return i;
}

function readRecord(c: Connection, f: Flow, bytes: Uint8Array, from: number, base: number): number {
  const content = Math.min(f.content, bytes.length - from);
  const padding = Math.min(f.padding, bytes.length - from - content);
  const to = from + content;
  f.content -= content;
  f.padding -= padding;
  if (content > 0) {
    if (f.side === TO_SERVER) readRequestContent(c, f, bytes, from, to);
    else readResponseContent(c, f, bytes, from, to);
  }
  const end = to + padding;
  if (f.content + f.padding === 0) endRecord(c, f, base + end);
  return end;
}

/** @param position behind the record */
function endRecord(c: Connection, f: Flow, position: number): void {
  f.inRecord = false;
  f.next = position;
  if (f.side === TO_SERVER) endRequestRecord(c, f, position, uint16(f.header, 4));
  else endResponseRecord(c, f, position);
}

function wantsContent(c: Connection, f: Flow): boolean {
  return f.content > 0 && (f.side === TO_SERVER ? wantsRequestContent(c, f) : wantsResponseContent(c, f));
}

/** Bytes that were not seen. Within a record's content they lose nothing but what they were. */
function skip(c: Connection, f: Flow, position: number, length: number): void {
  let at = position;
  let missing = length;
  if (f.inRecord && !f.searches) {
    const content = Math.min(f.content, missing);
    const padding = Math.min(f.padding, missing - content);
    f.content -= content;
    f.padding -= padding;
    at += content + padding;
    missing -= content + padding;
    f.next = at;
    if (content > 0) {
      if (f.side === TO_SERVER) missRequestContent(c, f, content);
      else missResponseContent(c, f, content);
    }
    if (f.content + f.padding === 0) endRecord(c, f, at);
  }
  if (missing > 0) lose(c, f, 'gap');
  f.next = at + missing;
}

/** Out of step: counts once, and believes that records begin only where several do. */
function lose(c: Connection, f: Flow, cause: string): void {
  f.searches = true;
  f.inRecord = false;
  f.headerLength = 0;
  f.losses++;
  if (f.side === TO_SERVER) endAllRequests(c, Math.max(0, f.next), true);
  else cutResponses(c);
  if (f.lost) return;
  f.lost = true;
  c.sink.malformed(f.side, cause);
}
