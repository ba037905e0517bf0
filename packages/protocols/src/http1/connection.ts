import type { AttributeValue } from '@weft/model';
import { describeRequestText, type RequestText, skipRequestText } from '../graphql/index.ts';
import { describeMessages, type GrpcMessages } from '../grpc/messages.ts';
import {
  type Message,
  type MessageSink,
  type Parser,
  type ParserOptions,
  type Side,
  TO_CLIENT,
  TO_SERVER,
} from '../protocol.ts';
import { type Carriers, carriersOf } from './carriers.ts';

/** Between messages. */
export const START = 0;
/** In a head that came in parts, which are collected. */
export const HEAD = 1;
/** In a body of known length. */
export const LENGTH = 2;
/** In the line that gives a chunk's size. */
export const CHUNK_LINE = 3;
/** In a chunk's data or the line end after it. */
export const CHUNK_DATA = 4;
/** After the last chunk. */
export const TRAILERS = 5;
/** In a body that ends with the connection. */
export const CLOSE = 6;
/** At the begin of a body that may not be there: the request, perhaps a HEAD, is unknown. */
export const PROBE = 7;
/** The connection has left HTTP (101, CONNECT). */
export const TUNNEL = 8;
/** Out of step: waits for something like a start line. */
export const LOST = 9;
export type Phase =
  | typeof START
  | typeof HEAD
  | typeof LENGTH
  | typeof CHUNK_LINE
  | typeof CHUNK_DATA
  | typeof TRAILERS
  | typeof CLOSE
  | typeof PROBE
  | typeof TUNNEL
  | typeof LOST;

/** One direction of a connection. */
export interface Flow {
  readonly side: Side;
  phase: Phase;
  /** Position after the last byte that was fed or reported as a gap; -1 before the first. */
  next: number;
  /** No good head has been read since the last malformed bytes, which are counted once. */
  lost: boolean;
  /** Messages were missed, so that the next one's number is not known. */
  renumbers: boolean;
  /** A good head has been read on this connection. */
  synchronised: boolean;
  /** The message whose end is still to come. */
  open: Message | null;
  /** The open message has a body, of this many bytes so far. */
  framed: boolean;
  size: number;
  /** What of its body is read: the messages of gRPC-Web, what may be a request of GraphQL. */
  messages: GrpcMessages | null;
  text: RequestText | null;
  /** Bytes to come: of the body (LENGTH), of the chunk and its line end (CHUNK_DATA), the size read so far (CHUNK_LINE). */
  remaining: number;
  /** Hex digits of the chunk's size so far. */
  digits: number;
  /** Bytes of this line (CHUNK_LINE: of its extension; TRAILERS). */
  lineLength: number;
  trailerBytes: number;
  /** A head that came in parts: the bytes so far. */
  head: Uint8Array | null;
  headLength: number;
  headStart: number;
  /** The start line of that head is complete and good. */
  startKnown: boolean;
  /** That head began out of step, in too few bytes to be sure. */
  tentative: boolean;
  /** PROBE: bytes of `HTTP/1.x ` seen at the begin of the body, and the phase that follows if it is a body. */
  probed: number;
  afterProbe: Phase;
  /** Of responses: number of the last response if its request was unknown, and whether it had a body for sure. */
  assumedIndex: number;
  sawBody: boolean;
  /** Of requests: the last one asked to leave HTTP, so that what follows need not be HTTP. */
  mayTunnel: boolean;
}

/** Requests whose responses are framed differently. */
export const HEAD_REQUEST = 1;
export const CONNECT_REQUEST = 2;
export interface SpecialRequest {
  readonly index: number;
  readonly kind: typeof HEAD_REQUEST | typeof CONNECT_REQUEST;
}
const MOST_SPECIAL = 256;

/** Both directions of a connection. Requests and responses are numbered; the n-th answers the n-th. */
export interface Connection {
  readonly sink: MessageSink;
  readonly mask: boolean;
  /** For what follows an upgrade. */
  readonly options: ParserOptions;
  readonly carriers: Carriers;
  readonly flows: readonly [Flow, Flow];
  requests: number;
  responses: number;
  /** Requests without their response that matter to the framing of it, oldest first. */
  readonly special: SpecialRequest[];
  /** A response that left HTTP came before its request, which has this number; else -1. */
  tunnelFrom: number;
  /** Reads what follows HTTP/1.1 after an upgrade; null: nothing does. */
  tunnel: Parser | null;
}

function createFlow(side: Side): Flow {
  return {
    side,
    phase: START,
    next: -1,
    lost: false,
    renumbers: false,
    synchronised: false,
    open: null,
    framed: false,
    size: 0,
    messages: null,
    text: null,
    remaining: 0,
    digits: 0,
    lineLength: 0,
    trailerBytes: 0,
    head: null,
    headLength: 0,
    headStart: 0,
    startKnown: false,
    tentative: false,
    probed: 0,
    afterProbe: START,
    assumedIndex: -1,
    sawBody: false,
    mayTunnel: false,
  };
}

/** State of a new connection. */
export function createConnection(sink: MessageSink, options: ParserOptions): Connection {
  return {
    sink,
    mask: options.mask,
    options,
    carriers: carriersOf(options),
    flows: [createFlow(TO_SERVER), createFlow(TO_CLIENT)],
    requests: 0,
    responses: 0,
    special: [],
    tunnelFrom: -1,
    tunnel: null,
  };
}

/** Remembers a request whose response needs it, as long as there are not too many of them. */
export function rememberSpecial(c: Connection, special: SpecialRequest): void {
  if (c.special.length >= MOST_SPECIAL) c.special.shift();
  c.special.push(special);
}

/** What kind of request the response of that number answers: 0 if no special one. */
export function takeSpecial(c: Connection, index: number): 0 | SpecialRequest['kind'] {
  while (c.special.length > 0 && c.special[0]!.index < index) c.special.shift();
  if (c.special.length === 0 || c.special[0]!.index !== index) return 0;
  return c.special.shift()!.kind;
}

/** Ends the open message, if there is one. @param position one past its last byte */
export function endMessage(c: Connection, f: Flow, position: number): void {
  const message = f.open;
  if (message === null) return;
  f.open = null;
  let extra: Record<string, AttributeValue> | null = null;
  let name = '';
  if (f.framed) {
    extra =
      f.side === TO_SERVER ? { 'http.request.body.size': f.size } : { 'http.response.body.size': f.size };
    if (f.messages !== null) describeMessages(f.messages, f.side, extra);
    if (f.text !== null) name = describeRequestText(f.text, extra, c.mask);
  }
  f.messages = null;
  f.text = null;
  c.sink.end(message, position, extra, name);
}

/** The message is complete; the next one may begin. @param position one past its last byte */
export function endBody(c: Connection, f: Flow, position: number): void {
  f.phase = START;
  endMessage(c, f, position);
}

/**
 * Out of step: ends the open message where it stands, counts once, and pairs nothing from before with
 * anything after.
 */
export function lose(c: Connection, f: Flow, cause: string, position: number): void {
  if (f.text !== null) skipRequestText(f.text);
  endMessage(c, f, position);
  f.phase = LOST;
  f.head = null;
  f.headLength = 0;
  if (f.lost) return;
  f.lost = true;
  // After a request that asked to leave HTTP this is what it asked for, not an error.
  if (f.mayTunnel || (f.side === TO_SERVER && c.tunnelFrom >= 0)) return;
  c.requests = Math.max(c.requests, c.responses);
  c.responses = c.requests;
  c.special.length = 0;
  f.renumbers = true;
  c.sink.malformed(f.side, cause);
}

/** The direction has left HTTP. */
export function enterTunnel(c: Connection, f: Flow, position: number): void {
  endMessage(c, f, position);
  f.phase = TUNNEL;
  f.head = null;
  f.headLength = 0;
}
