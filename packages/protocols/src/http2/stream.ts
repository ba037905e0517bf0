import type { AttributeValue } from '@weft/model';
import { type CarriedNames, carriedNames } from '../carried/names.ts';
import { describeRequestText, type RequestText, skipRequestText } from '../graphql/index.ts';
import { describeMessages, type GrpcMessages } from '../grpc/messages.ts';
import {
  type Message,
  type MessageSink,
  type ParserOptions,
  type Side,
  TO_CLIENT,
  TO_SERVER,
} from '../protocol.ts';
import { wantedFields } from './fields.ts';
import { HpackDecoder } from './hpack/decoder.ts';

/** What one side of a stream has said. */
export interface Half {
  /** The message, from its header block to its end. */
  open: Message | null;
  /** Its header block was seen (not that of an interim response). */
  begun: boolean;
  /** END_STREAM was seen, or the stream was reset. */
  ended: boolean;
  /** Bytes of DATA without padding. */
  size: number;
  /** Of a gRPC call. */
  messages: GrpcMessages | null;
  /** Of a request whose body may be GraphQL. */
  text: RequestText | null;
}

/** A request and its response. */
export interface Stream {
  readonly id: number;
  readonly halves: readonly [Half, Half];
  /** How requests and responses of this stream are paired: its id; null for the one that HTTP/1.1 began. */
  readonly pairingId: number | null;
}

/** Between frames: in the nine bytes of a frame's header. */
export const HEADER = 0;
/** In a frame whose whole payload is needed. */
export const COLLECT = 1;
/** In a DATA frame. */
export const BODY = 2;
/** In a frame that says nothing of interest. */
export const SKIP = 3;
/** In the client's connection preface. */
export const CLIENT_PREFACE = 4;
/** Out of step: waits for something like frames. */
export const LOST = 5;
export type Phase =
  | typeof HEADER
  | typeof COLLECT
  | typeof BODY
  | typeof SKIP
  | typeof CLIENT_PREFACE
  | typeof LOST;

/** One direction of a connection. */
export interface Flow {
  readonly side: Side;
  readonly hpack: HpackDecoder;
  phase: Phase;
  /** Position after the last byte that was fed or reported as a gap; -1 before the first. */
  next: number;
  /** Nothing has been read: these may be the connection's first bytes or any later ones. */
  fresh: boolean;
  /** No good frame has been read since the last malformed bytes, which are counted once. */
  lost: boolean;
  /** Bytes of the preface, frame header or payload that came in parts. */
  part: Uint8Array;
  partLength: number;
  /** The frame that is being read. */
  type: number;
  flags: number;
  streamId: number;
  frameStart: number;
  /** Bytes of its payload that are still to come, padding included. */
  remaining: number;
  /** DATA: bytes of padding at its end; -1 before the byte that tells. */
  padding: number;
  /** DATA: its stream, if that is of interest. */
  stream: Stream | null;
  /** A header block without END_HEADERS so far: its frame's facts, and its fragments. */
  blockStart: number;
  blockStream: number;
  blockEnds: boolean;
  blockPromised: number;
  block: Uint8Array;
  blockLength: number;
}

/** Requests under way that are remembered of one connection. */
const MOST_STREAMS = 4_096;
/** So many make room at once: a map whose oldest entries go one by one is slow to find the next. */
const EVICTED = 512;
const NOTHING = new Uint8Array(0);

/** Both directions of a connection. */
export interface Connection {
  readonly sink: MessageSink;
  readonly mask: boolean;
  readonly names: CarriedNames;
  readonly flows: readonly [Flow, Flow];
  readonly streams: Map<number, Stream>;
}

function createFlow(side: Side, names: CarriedNames): Flow {
  return {
    side,
    hpack: new HpackDecoder(wantedFields(names)),
    phase: side === TO_SERVER ? CLIENT_PREFACE : HEADER,
    next: -1,
    fresh: true,
    lost: false,
    part: NOTHING,
    partLength: 0,
    type: 0,
    flags: 0,
    streamId: 0,
    frameStart: 0,
    remaining: 0,
    padding: 0,
    stream: null,
    blockStart: 0,
    blockStream: 0,
    blockEnds: false,
    blockPromised: 0,
    block: NOTHING,
    blockLength: 0,
  };
}

/** State of a new connection. */
export function createConnection(sink: MessageSink, options: ParserOptions): Connection {
  const names = carriedNames(options);
  return {
    sink,
    mask: options.mask,
    names,
    flows: [createFlow(TO_SERVER, names), createFlow(TO_CLIENT, names)],
    streams: new Map(),
  };
}

function createHalf(): Half {
  return { open: null, begun: false, ended: false, size: 0, messages: null, text: null };
}

/** A stream that begins; the oldest ones make room if there are too many. */
export function addStream(c: Connection, id: number, pairingId: number | null): Stream {
  if (c.streams.size >= MOST_STREAMS) {
    let count = EVICTED;
    for (const oldest of c.streams.values()) {
      if (count-- === 0) break;
      endStream(c, oldest, null);
    }
  }
  const stream: Stream = { id, pairingId, halves: [createHalf(), createHalf()] };
  c.streams.set(id, stream);
  return stream;
}

/**
 * Whether a header block can begin this half's message. Not behind its end (RFC 9113 §5.1, half-closed), also where the
 * begin was missed: a message that began there would never end.
 */
export function mayBegin(half: Half): boolean {
  return !half.begun && !half.ended;
}

/** Tells of a message that begins. */
export function openMessage(c: Connection, half: Half, message: Message): void {
  half.open = message;
  half.begun = true;
  c.sink.message(message);
}

/**
 * One side has said all; the stream ends with the response.
 * @param position one past its last byte
 * @param extra attributes known only now
 */
export function endHalf(
  c: Connection,
  stream: Stream,
  side: Side,
  position: number,
  extra: Record<string, AttributeValue> | null,
): void {
  const half = stream.halves[side];
  half.ended = true;
  const { open } = half;
  if (open !== null) {
    half.open = null;
    const facts: Record<string, AttributeValue> = extra ?? {};
    facts[side === TO_SERVER ? 'http.request.body.size' : 'http.response.body.size'] = half.size;
    if (half.messages !== null) describeMessages(half.messages, side, facts);
    const name = half.text === null ? '' : describeRequestText(half.text, facts, c.mask);
    half.text = null;
    // A response may end while its request has not (RFC 9113 §8.1): what was sent of that is all that counts.
    const request = stream.halves[TO_SERVER];
    if (side === TO_CLIENT && request.begun && !request.ended) {
      endHalf(c, stream, TO_SERVER, c.flows[TO_SERVER].next, null);
    }
    c.sink.end(open, position, facts, name);
  }
  if (stream.halves[TO_SERVER].ended && stream.halves[TO_CLIENT].ended) c.streams.delete(stream.id);
}

/** Nothing more will come of a stream. */
export function endStream(c: Connection, stream: Stream, extra: Record<string, AttributeValue> | null): void {
  if (!stream.halves[TO_CLIENT].ended) endHalf(c, stream, TO_CLIENT, c.flows[TO_CLIENT].next, extra);
  if (!stream.halves[TO_SERVER].ended) endHalf(c, stream, TO_SERVER, c.flows[TO_SERVER].next, null);
  c.streams.delete(stream.id);
}

/** Out of step: counts once, and believes nothing of the direction's header table any more. */
export function lose(c: Connection, f: Flow, cause: string): void {
  f.phase = LOST;
  f.partLength = 0;
  f.blockLength = 0;
  f.blockStream = 0;
  f.stream = null;
  f.hpack.forget();
  for (const stream of c.streams.values()) {
    const { messages, text } = stream.halves[f.side];
    if (messages !== null) messages.count = -1;
    if (text !== null) skipRequestText(text);
  }
  if (f.lost) return;
  f.lost = true;
  c.sink.malformed(f.side, cause);
}
