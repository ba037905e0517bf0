import type { AttributeValue } from '@weft/model';
import { type CarriedNames, carriedNames } from '../carried/names.ts';
import {
  type Message,
  type MessageSink,
  type ParserOptions,
  type Side,
  TO_CLIENT,
  TO_SERVER,
} from '../protocol.ts';
import { RECORD_HEADER } from './records.ts';

/** One direction of a connection, and how far its present record has been read. */
export interface Flow {
  readonly side: Side;
  /** Position after the last byte that was fed or reported as a gap; -1 before the first. */
  next: number;
  /** Out of step: waits for something like records. */
  searches: boolean;
  /** No good record has been read since the last malformed bytes, which are counted once. */
  lost: boolean;
  /** How often it was lost. */
  losses: number;
  readonly header: Uint8Array;
  headerLength: number;
  /** Of the present record. */
  start: number;
  type: number;
  id: number;
  /** Bytes to come of its content, and of the padding behind it; of none: both 0. */
  content: number;
  padding: number;
  inRecord: boolean;
  /** A read began with the present record: what a program writes at once does. */
  beginsRead: boolean;
  /** Content of BEGIN_REQUEST or END_REQUEST. */
  readonly body: Uint8Array;
  bodyLength: number;
}

/** What the web server has said of one request. */
export interface Request {
  readonly id: number;
  readonly start: number;
  /** How its response is found: null where no other request is under way meanwhile. */
  readonly pairingId: number | null;
  /** `losses` of the other direction when it began. */
  readonly losses: number;
  /** The request before it, of the same id, was not seen to be answered: a loss may be older than this one. */
  readonly followsUnanswered: boolean;
  phase: 'params' | 'body' | 'ended';
  role: number;
  params: Uint8Array;
  paramsLength: number;
  /** Bytes of the params are missing: what comes later cannot be read. */
  cut: boolean;
  message: Message | null;
  /** Bytes of STDIN; -1: some were not counted. */
  size: number;
  /** CONTENT_LENGTH of the params, -1 without one. */
  declaredSize: number;
  aborted: boolean;
}

/** What the application has said of one request. */
export interface Response {
  readonly id: number;
  readonly start: number;
  readonly pairingId: number | null;
  /** It may be the middle of a response whose begin was lost: its first bytes will tell. */
  tentative: boolean;
  /** The CGI head so far; null: it has been read, or cannot be. */
  head: Uint8Array | null;
  headLength: number;
  message: Message | null;
  /** Bytes of STDOUT behind the head, and of STDERR. */
  size: number;
  errors: number;
  /** Position behind its last record. */
  reached: number;
  /** Its bytes were not all seen: their number is unknown. */
  cut: boolean;
}

/** Both directions of a connection: requests and responses under way, by request id. */
export interface Connection {
  readonly sink: MessageSink;
  readonly mask: boolean;
  readonly carriers: CarriedNames;
  readonly flows: readonly [Flow, Flow];
  readonly requests: Map<number, Request>;
  readonly responses: Map<number, Response>;
  /** Several requests were under way at once: all that begin while others are go by their ids from then on. */
  multiplexed: boolean;
}

function createFlow(side: Side): Flow {
  return {
    side,
    next: -1,
    searches: false,
    lost: false,
    losses: 0,
    header: new Uint8Array(RECORD_HEADER),
    headerLength: 0,
    start: 0,
    type: 0,
    id: 0,
    content: 0,
    padding: 0,
    inRecord: false,
    beginsRead: false,
    body: new Uint8Array(RECORD_HEADER),
    bodyLength: 0,
  };
}

/** State of a new connection. */
export function createConnection(sink: MessageSink, options: ParserOptions): Connection {
  return {
    sink,
    mask: options.mask,
    carriers: carriedNames(options),
    flows: [createFlow(TO_SERVER), createFlow(TO_CLIENT)],
    requests: new Map(),
    responses: new Map(),
    multiplexed: false,
  };
}

/** Requests to the application itself have no ids: the answer that comes next is theirs. */
export const MANAGEMENT_ID = 'management';
export const NOTHING = new Uint8Array(0);
const FIRST_KEPT = 512;

/** A buffer that holds `length` bytes and the first `kept` of the one before; grows with what is there. */
export function roomFor(buffer: Uint8Array, kept: number, length: number): Uint8Array {
  if (length <= buffer.length) return buffer;
  const larger = new Uint8Array(Math.max(FIRST_KEPT, length, buffer.length * 2));
  larger.set(buffer.subarray(0, kept));
  return larger;
}

/** Where several requests are under way the bytes say whose they are. */
export function touch(c: Connection, message: Message | null): void {
  if (c.multiplexed && message !== null) c.sink.touch?.(message);
}

/** A message of which all is known at once. */
export function tell(
  c: Connection,
  message: Omit<Message, 'carried'>,
  end: number,
  extra: Record<string, AttributeValue> | null = null,
): void {
  const whole: Message = { ...message, carried: null };
  c.sink.message(whole);
  c.sink.end(whole, end, extra);
}
