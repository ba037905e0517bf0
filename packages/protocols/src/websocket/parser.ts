import type { Message, MessageSink, Parser, Side } from '../protocol.ts';

/** RFC 6455 §5.2. */
const FIN = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PONG = 10;
const LONGEST_CONTROL = 125;
/** Two bytes, eight of length, four of mask. */
const LONGEST_HEADER = 14;

/** One direction of the connection. */
interface Flow {
  readonly side: Side;
  /** Position of the next byte; -1 before the first. */
  next: number;
  /** Out of step for good: nothing marks a frame's begin. */
  lost: boolean;
  readonly header: Uint8Array;
  headerLength: number;
  /** Bytes of the frame's payload that are still to come. */
  remaining: number;
  /** The frame ends its message. */
  ends: boolean;
  /** It is a control frame, which may stand within a message. */
  control: boolean;
  message: Message | null;
  size: number;
}

/**
 * Parser of WebSocket frames (RFC 6455), which an HTTP/1.1 connection carries after 101. Each message is one-way: the
 * protocol knows no answers. What it says is not looked at; pings and the closing handshake are no messages.
 */
export function createWebSocketParser(sink: MessageSink): Parser {
  const flows = [createFlow(0), createFlow(1)] as const;
  return {
    feed(side, bytes, position) {
      const f = flows[side];
      if (f.next >= 0 && position !== f.next) lose(sink, f, position);
      f.next = position;
      for (let i = 0; i < bytes.length && !f.lost; ) i = step(sink, f, bytes, i, position);
      f.next = position + bytes.length;
    },
    gap(side, position, length) {
      const f = flows[side];
      const skipped = Math.min(length, f.remaining);
      f.remaining -= skipped;
      if (skipped > 0 && f.remaining === 0) endFrame(sink, f, position + skipped);
      if (length > skipped) lose(sink, f, position + skipped);
      f.next = position + length;
    },
    finish(side, position) {
      endMessage(sink, flows[side], position);
      flows[side].lost = true;
      flows[side].next = position;
    },
    neededFrom(side) {
      return Math.max(0, flows[side].next) + (flows[side].lost ? 0 : flows[side].remaining);
    },
  };
}

function createFlow(side: Side): Flow {
  return {
    side,
    next: -1,
    lost: false,
    header: new Uint8Array(LONGEST_HEADER),
    headerLength: 0,
    remaining: 0,
    ends: false,
    control: false,
    message: null,
    size: 0,
  };
}

/** @returns index after what was read */
function step(sink: MessageSink, f: Flow, bytes: Uint8Array, i: number, base: number): number {
  if (f.remaining > 0) {
    const taken = Math.min(f.remaining, bytes.length - i);
    f.remaining -= taken;
    if (f.remaining === 0) endFrame(sink, f, base + i + taken);
    return i + taken;
  }
  f.header[f.headerLength++] = bytes[i]!;
  if (f.headerLength >= 2 && f.headerLength === headerLength(f.header)) beginFrame(sink, f, base + i + 1);
  return i + 1;
}

function headerLength(header: Uint8Array): number {
  const length = header[1]! & 127;
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + ((header[1]! & MASKED) !== 0 ? 4 : 0);
}

function payloadLength(header: Uint8Array): number {
  const short = header[1]! & 127;
  if (short < 126) return short;
  let length = 0;
  for (let i = 2; i < (short === 126 ? 4 : 10); i++) length = length * 256 + header[i]!;
  return length;
}

/** @param position behind the header */
function beginFrame(sink: MessageSink, f: Flow, position: number): void {
  const start = position - f.headerLength;
  const opcode = f.header[0]! & 15;
  const length = payloadLength(f.header);
  f.headerLength = 0;
  f.control = opcode >= CLOSE;
  f.ends = (f.header[0]! & FIN) !== 0;
  const isKnown =
    opcode <= BINARY || (opcode >= CLOSE && opcode <= PONG && f.ends && length <= LONGEST_CONTROL);
  const fits = f.control || (opcode === CONTINUATION) === (f.message !== null);
  // The first reserved bit says that the message is compressed (RFC 7692).
  if (!isKnown || !fits || (f.header[0]! & RESERVED & ~0x40) !== 0 || length > Number.MAX_SAFE_INTEGER) {
    lose(sink, f, start);
    return;
  }
  if (!f.control) {
    if (opcode !== CONTINUATION) beginMessage(sink, f, opcode, start);
    f.size += length;
  }
  f.remaining = length;
  if (length === 0) endFrame(sink, f, position);
}

function beginMessage(sink: MessageSink, f: Flow, opcode: number, start: number): void {
  f.size = 0;
  f.message = {
    side: f.side,
    kind: 'one-way',
    pairingId: null,
    start,
    name: opcode === TEXT ? 'websocket text' : 'websocket binary',
    status: 'unset',
    attributes: { 'network.protocol.name': 'websocket' },
    carried: null,
  };
  sink.message(f.message);
}

function endFrame(sink: MessageSink, f: Flow, position: number): void {
  if (!f.control && f.ends) endMessage(sink, f, position);
}

function endMessage(sink: MessageSink, f: Flow, position: number): void {
  if (f.message === null) return;
  sink.end(f.message, position, { 'weft.message.size': f.size });
  f.message = null;
}

function lose(sink: MessageSink, f: Flow, position: number): void {
  if (f.lost) return;
  f.lost = true;
  f.remaining = 0;
  endMessage(sink, f, position);
  sink.malformed(f.side, 'websocket-frame');
}
