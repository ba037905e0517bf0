import { skipRequestText } from '../graphql/index.ts';
import { idleGrpcBytes, skipGrpcMessages } from '../grpc/messages.ts';
import { type MessageSink, type Parser, type ParserOptions, type Side, TO_SERVER } from '../protocol.ts';
import { FRAME_HEADER, PREFACE } from './frames.ts';
import { beginFrame, endBodyFrame, readBody, readPayload } from './payload.ts';
import { resynchronise } from './resynchronise.ts';
import {
  addStream,
  BODY,
  CLIENT_PREFACE,
  COLLECT,
  type Connection,
  createConnection,
  endHalf,
  type Flow,
  HEADER,
  LOST,
  lose,
  SKIP,
} from './stream.ts';

/** Parser of HTTP/2 (RFC 9113) and gRPC on it: see `Parser` for the contract. Flow control is not its business. */
export function createHttp2Parser(sink: MessageSink, options: ParserOptions): Parser {
  return parserOf(createConnection(sink, options));
}

/**
 * The same after an upgrade from HTTP/1.1: stream 1 is that of the request which asked for it (RFC 7540 §3.2), and its
 * response pairs with that in order, having no id in common.
 */
export function createUpgradedHttp2Parser(sink: MessageSink, options: ParserOptions): Parser {
  const c = createConnection(sink, options);
  const request = addStream(c, 1, null).halves[TO_SERVER];
  request.begun = true;
  request.ended = true;
  return parserOf(c);
}

function parserOf(c: Connection): Parser {
  return {
    feed(side, bytes, position) {
      const f = c.flows[side];
      if (bytes.length === 0) return;
      if (f.next >= 0 && position !== f.next) {
        if (position > f.next) skip(c, f, f.next, position - f.next);
        else lose(c, f, 'overlap');
      }
      run(c, f, bytes, position);
    },
    gap(side, position, length) {
      if (length > 0) skip(c, c.flows[side], position, length);
    },
    finish(side, position) {
      finish(c, c.flows[side], position);
    },
    neededFrom(side) {
      return neededFrom(c.flows[side]);
    },
  };
}

/** @param base position of bytes[0] */
function run(c: Connection, f: Flow, bytes: Uint8Array, base: number): void {
  const length = bytes.length;
  for (let i = 0; i < length; ) i = step(c, f, bytes, i, base);
  f.next = base + length;
}

/** Reads on in the present phase. @returns index after what was read */
function step(c: Connection, f: Flow, bytes: Uint8Array, i: number, base: number): number {
  switch (f.phase) {
    case CLIENT_PREFACE:
      return readPreface(c, f, bytes, i);
    case HEADER:
      return readHeader(c, f, bytes, i, base);
    case COLLECT:
      return collectPayload(c, f, bytes, i, base);
    case BODY:
      return readBody(c, f, bytes, i, base);
    case SKIP: {
      const taken = Math.min(bytes.length - i, f.remaining);
      f.remaining -= taken;
      if (f.remaining === 0) f.phase = HEADER;
      return i + taken;
    }
    case LOST:
      return resynchronise(c, f, bytes, i);
  }
}

/** The client's preface; anything else is the middle of a connection. */
function readPreface(c: Connection, f: Flow, bytes: Uint8Array, from: number): number {
  let i = from;
  while (i < bytes.length && f.partLength < PREFACE.length) {
    if (bytes[i] !== PREFACE[f.partLength]) {
      f.fresh = f.partLength === 0;
      f.phase = HEADER;
      f.hpack.forget();
      if (f.partLength > 0) lose(c, f, 'preface');
      f.partLength = 0;
      return i;
    }
    f.partLength++;
    i++;
  }
  if (f.partLength === PREFACE.length) {
    f.partLength = 0;
    f.fresh = false;
    f.phase = HEADER;
  }
  return i;
}

function readHeader(c: Connection, f: Flow, bytes: Uint8Array, from: number, base: number): number {
  if (f.partLength === 0 && bytes.length - from >= FRAME_HEADER) {
    f.next = base + from + FRAME_HEADER;
    return beginFrame(c, f, bytes, from, base + from) ? from + FRAME_HEADER : from;
  }
  const taken = Math.min(FRAME_HEADER - f.partLength, bytes.length - from);
  append(f, bytes, from, taken);
  if (f.partLength === FRAME_HEADER) {
    f.partLength = 0;
    f.next = base + from + taken;
    beginFrame(c, f, f.part, 0, base + from + taken - FRAME_HEADER);
  }
  return from + taken;
}

/** Bytes that came in parts; the buffer grows with what is there, not with what a length promises. */
function append(f: Flow, bytes: Uint8Array, from: number, taken: number): void {
  const length = f.partLength + taken;
  if (f.part.length < length) {
    const larger = new Uint8Array(Math.max(64, length * 2));
    larger.set(f.part.subarray(0, f.partLength));
    f.part = larger;
  }
  f.part.set(bytes.subarray(from, from + taken), f.partLength);
  f.partLength = length;
}

function collectPayload(c: Connection, f: Flow, bytes: Uint8Array, from: number, base: number): number {
  const taken = Math.min(f.remaining, bytes.length - from);
  f.remaining -= taken;
  const end = base + from + taken;
  if (f.remaining > 0) {
    append(f, bytes, from, taken);
    return from + taken;
  }
  f.phase = HEADER;
  f.next = end;
  if (f.partLength === 0) {
    readPayload(c, f, bytes, from, from + taken, end);
    return from + taken;
  }
  append(f, bytes, from, taken);
  const length = f.partLength;
  f.partLength = 0;
  readPayload(c, f, f.part, 0, length, end);
  return from + taken;
}

/** Bytes that were not seen. Within a body they lose nothing but the count of messages. */
function skip(c: Connection, f: Flow, position: number, length: number): void {
  let at = position;
  let missing = length;
  if (f.phase === BODY || f.phase === SKIP) {
    const skipped = Math.min(missing, f.remaining);
    f.remaining -= skipped;
    at += skipped;
    missing -= skipped;
    f.next = at;
    if (f.phase === BODY) {
      const half = f.stream?.halves[f.side];
      // The padding's length may be among them: then it counts as data.
      const data =
        f.padding < 0 ? skipped : Math.min(skipped, Math.max(0, f.remaining + skipped - f.padding));
      f.padding = Math.max(0, f.padding);
      if (half !== undefined) {
        half.size += data;
        if (half.messages !== null) skipGrpcMessages(half.messages, data);
        if (half.text !== null) skipRequestText(half.text);
      }
      if (f.remaining === 0) endBodyFrame(c, f, at);
    } else if (f.remaining === 0) {
      f.phase = HEADER;
    }
  }
  if (missing > 0) {
    // Before anything was read nothing is lost: the connection is older than the watch.
    if (f.fresh && f.partLength === 0) f.lost = true;
    f.fresh = false;
    lose(c, f, 'gap');
  }
  f.next = at + missing;
}

function neededFrom(f: Flow): number {
  const next = Math.max(0, f.next);
  if (f.phase === SKIP) return next + f.remaining;
  if (f.phase !== BODY || f.padding < 0) return next;
  const half = f.stream?.halves[f.side];
  if (half === undefined) return next + f.remaining;
  if (half.text !== null && !half.text.over) return next;
  // Each message's prefix is needed to count them.
  return next + (half.messages === null ? f.remaining : Math.min(f.remaining, idleGrpcBytes(half.messages)));
}

/** What ends with the direction ends here. */
function finish(c: Connection, f: Flow, position: number): void {
  if (f.next >= 0 && position > f.next) skip(c, f, f.next, position - f.next);
  const isCut = f.partLength > 0 || f.phase === COLLECT || f.blockStream > 0;
  if (isCut && !f.lost && f.phase !== CLIENT_PREFACE) c.sink.malformed(f.side, 'truncated');
  f.next = position;
  for (const stream of c.streams.values()) {
    for (const side of [1, 0] satisfies Side[]) {
      if (stream.halves[side].open?.side === f.side) endHalf(c, stream, side, position, null);
    }
  }
  f.phase = HEADER;
  f.partLength = 0;
  f.blockStream = 0;
  f.stream = null;
  f.fresh = true;
}
