import { type CarriedNames, carriedNames } from '../carried/names.ts';
import {
  type Message,
  type MessageSink,
  type Parser,
  type ParserOptions,
  type Side,
  TO_CLIENT,
  TO_SERVER,
} from '../protocol.ts';
import { answer, describeAnswer } from './answer.ts';
import { call, describeCall } from './call.ts';
import { HEADER, header, looksLikeHeader, readHeader, requestIdAt } from './header.ts';

/** Bytes of a body that are read: attachments stand behind the arguments. */
const READ_OF_CALL = 65_536;
const READ_OF_ANSWER = 512;
const READ_OF_EVENT = 8;
const FIRST_KEPT = 512;
/** A larger buffer is not kept between messages. */
const MOST_RETAINED = 4_096;
const NOTHING = new Uint8Array(0);

/** What a message is to those who trace it. */
type Part = 'call' | 'one-way' | 'answer' | 'heartbeat' | 'event' | 'heartbeat-answer' | 'unasked';

/** One direction of a connection, and how far its present message has been read. */
interface Flow {
  readonly side: Side;
  /** Position after the last byte that was fed or reported as a gap; -1 before the first. */
  next: number;
  /** Out of step: waits for something like a header. */
  searches: boolean;
  /** No good message has been read since the last malformed bytes, which are counted once. */
  lost: boolean;
  readonly header: Uint8Array;
  headerLength: number;
  start: number;
  inBody: boolean;
  part: Part;
  id: number | string;
  serialization: number;
  status: number;
  /** Bytes of the body to come. */
  remaining: number;
  /** The begin of the body, of which `wanted` bytes are read; grows as bytes come, not by what they promise. */
  kept: Uint8Array;
  keptLength: number;
  wanted: number;
  /** Told of; null: not yet, or nobody asks for it. */
  message: Message | null;
  told: boolean;
}

interface Connection {
  readonly sink: MessageSink;
  readonly carriers: CarriedNames;
  readonly flows: readonly [Flow, Flow];
}

function createFlow(side: Side): Flow {
  return {
    side,
    next: -1,
    searches: false,
    lost: false,
    header: new Uint8Array(HEADER),
    headerLength: 0,
    start: 0,
    inBody: false,
    part: 'call',
    id: 0,
    serialization: 0,
    status: 0,
    remaining: 0,
    kept: NOTHING,
    keptLength: 0,
    wanted: 0,
    message: null,
    told: false,
  };
}

/** Parser of Dubbo's protocol, version 2: see `Parser` for the contract. */
export function createDubboParser(sink: MessageSink, options: ParserOptions): Parser {
  const c: Connection = {
    sink,
    carriers: carriedNames(options),
    flows: [createFlow(TO_SERVER), createFlow(TO_CLIENT)],
  };
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
      if ((f.inBody || f.headerLength > 0) && !f.lost) sink.malformed(side, 'truncated');
      f.next = position;
      leaveMessage(c, f, position);
    },
    neededFrom(side) {
      const f = c.flows[side];
      const next = Math.max(0, f.next);
      return f.inBody && f.told ? next + f.remaining : next;
    },
  };
}

/** @param base position of bytes[0] */
function run(c: Connection, f: Flow, bytes: Uint8Array, base: number): void {
  for (let i = 0; i < bytes.length; ) {
    if (f.searches) i = synchronise(f, bytes, i);
    else i = f.inBody ? readBody(c, f, bytes, i, base) : readHead(c, f, bytes, i, base);
  }
}

/** Out of step: the next place where a header may stand. @returns the length of `bytes` if there is none */
function synchronise(f: Flow, bytes: Uint8Array, from: number): number {
  for (let i = from; i + HEADER <= bytes.length; i++) {
    if (bytes[i] !== 0xda || !looksLikeHeader(bytes, i, bytes.length)) continue;
    const next = i + HEADER + header.length;
    if (next < bytes.length && !looksLikeHeader(bytes, next, bytes.length)) continue;
    f.searches = false;
    return i;
  }
  return bytes.length;
}

function readHead(c: Connection, f: Flow, bytes: Uint8Array, from: number, base: number): number {
  let i = from;
  const before = f.headerLength;
  if (before === 0) f.start = base + from;
  while (i < bytes.length && f.headerLength < HEADER) f.header[f.headerLength++] = bytes[i++]!;
  if (f.headerLength < HEADER) return i;
  f.headerLength = 0;
  if (!readHeader(f.header, 0)) {
    f.next = base + i;
    lose(c, f, 'header');
    return before > 0 ? from : from + 1;
  }
  f.lost = false;
  f.inBody = true;
  f.told = false;
  f.message = null;
  f.part = partOf(f.side);
  f.id = requestIdAt(f.header, 0);
  f.serialization = header.serialization;
  f.status = header.status;
  f.remaining = header.length;
  f.keptLength = 0;
  f.wanted = Math.min(header.length, wantedOf(f.part));
  if (f.wanted === 0) tell(c, f, NOTHING, 0, 0);
  if (f.remaining === 0) endBody(c, f, base + i);
  return i;
}

/** Servers ask too: whether the client still lives, and call it back. */
function partOf(side: Side): Part {
  if (!header.isRequest) {
    if (side === TO_SERVER) return 'unasked';
    return header.isEvent ? 'heartbeat-answer' : 'answer';
  }
  if (header.isEvent) return header.isTwoWay && side === TO_SERVER ? 'heartbeat' : 'event';
  return header.isTwoWay && side === TO_SERVER ? 'call' : 'one-way';
}

function wantedOf(part: Part): number {
  switch (part) {
    case 'call':
    case 'one-way':
      return READ_OF_CALL;
    case 'answer':
      return READ_OF_ANSWER;
    case 'event':
      return READ_OF_EVENT;
    case 'heartbeat':
    case 'heartbeat-answer':
    case 'unasked':
      return 0;
  }
}

function readBody(c: Connection, f: Flow, bytes: Uint8Array, from: number, base: number): number {
  const taken = Math.min(f.remaining, bytes.length - from);
  const wanted = Math.min(f.wanted - f.keptLength, taken);
  f.remaining -= taken;
  if (f.told) {
    if (f.message !== null) c.sink.touch?.(f.message);
  } else if (f.keptLength === 0 && wanted === f.wanted) tell(c, f, bytes, from, from + wanted);
  else {
    keep(f, bytes, from, wanted);
    if (f.keptLength === f.wanted) tell(c, f, f.kept, 0, f.keptLength);
  }
  if (f.remaining === 0) endBody(c, f, base + from + taken);
  return from + taken;
}

function keep(f: Flow, bytes: Uint8Array, from: number, count: number): void {
  const length = f.keptLength + count;
  if (f.kept.length < length) {
    const larger = new Uint8Array(Math.max(FIRST_KEPT, length, f.kept.length * 2));
    larger.set(f.kept.subarray(0, f.keptLength));
    f.kept = larger;
  }
  f.kept.set(bytes.subarray(from, from + count), f.keptLength);
  f.keptLength = length;
}

/** All that will be known of the present message is known: its body is [from, to), as far as it was read. */
function tell(c: Connection, f: Flow, bytes: Uint8Array, from: number, to: number): void {
  f.told = true;
  const { start, side } = f;
  const common = {
    side,
    pairingId: f.id,
    start,
    name: '',
    status: 'unset',
    attributes: {},
    carried: null,
  } as const;
  switch (f.part) {
    case 'unasked':
      return;
    case 'heartbeat':
      f.message = { ...common, kind: 'request', name: 'HEARTBEAT', attributes: EVENT };
      break;
    case 'event': {
      // `R`: the server is about to go, no calls are welcome any more.
      const isReadOnly = to - from >= 2 && (bytes[from] === 0x52 || bytes[from + 1] === 0x52);
      const name = isReadOnly ? 'READONLY' : 'HEARTBEAT';
      f.message = { ...common, kind: 'one-way', pairingId: null, name, attributes: EVENT };
      break;
    }
    case 'heartbeat-answer':
      describeAnswer(bytes, 0, 0, f.serialization, f.status);
      f.message = { ...common, kind: 'response', status: answer.status, attributes: answer.attributes };
      break;
    case 'answer':
      describeAnswer(bytes, from, to, f.serialization, f.status);
      f.message = { ...common, kind: 'response', status: answer.status, attributes: answer.attributes };
      break;
    case 'call':
    case 'one-way': {
      describeCall(bytes, from, to, f.serialization, c.carriers);
      const { name, attributes, carried } = call;
      const isCall = f.part === 'call';
      const pairingId = isCall ? f.id : null;
      f.message = { ...common, kind: isCall ? 'request' : 'one-way', pairingId, name, attributes, carried };
    }
  }
  c.sink.message(f.message);
}
const EVENT = { 'rpc.system': 'apache_dubbo', 'rpc.system.name': 'dubbo' };

function endBody(c: Connection, f: Flow, position: number): void {
  f.inBody = false;
  const { message } = f;
  f.message = null;
  if (f.kept.length > MOST_RETAINED) f.kept = NOTHING;
  if (message !== null) c.sink.end(message, position, null);
}

/** The present message goes no further: what is known of it is told. */
function leaveMessage(c: Connection, f: Flow, position: number): void {
  f.headerLength = 0;
  if (!f.inBody) return;
  if (!f.told) tell(c, f, f.kept, 0, f.keptLength);
  endBody(c, f, position);
}

/** Bytes that were not seen. Within a body they lose nothing but what they were. */
function skip(c: Connection, f: Flow, position: number, length: number): void {
  let at = position;
  let missing = length;
  if (f.inBody) {
    const skipped = Math.min(f.remaining, missing);
    f.remaining -= skipped;
    at += skipped;
    missing -= skipped;
    if (!f.told) tell(c, f, f.kept, 0, f.keptLength);
    if (f.remaining === 0) endBody(c, f, at);
  }
  f.next = at;
  if (missing > 0) lose(c, f, 'gap');
  f.next = at + missing;
}

/** Out of step: counted once until the next good message. */
function lose(c: Connection, f: Flow, cause: string): void {
  leaveMessage(c, f, Math.max(0, f.next));
  f.searches = true;
  if (f.lost) return;
  f.lost = true;
  c.sink.malformed(f.side, cause);
}
