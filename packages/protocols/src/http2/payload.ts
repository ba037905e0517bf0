import { readRequestText } from '../graphql/index.ts';
import { readGrpcMessages } from '../grpc/messages.ts';
import {
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  GOAWAY,
  HAS_PRIORITY,
  HEADERS,
  isFrameError,
  looksLikeFrame,
  PADDED,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  streamIdAt,
  uint24,
  uint32,
} from './frames.ts';
import { LONGEST_BLOCK } from './hpack/decoder.ts';
import { readBlock, readPromise } from './messages.ts';
import { refuseStreams, resetStream } from './reset.ts';
import { BODY, COLLECT, type Connection, endHalf, type Flow, HEADER, lose, SKIP } from './stream.ts';

const PRIORITY_FIELDS = 5;

/** A frame header that stands at `at`. @param start its position @returns false where it is none */
export function beginFrame(c: Connection, f: Flow, bytes: Uint8Array, at: number, start: number): boolean {
  f.type = bytes[at + 3]!;
  f.flags = bytes[at + 4]!;
  f.streamId = streamIdAt(bytes, at + 5);
  f.remaining = uint24(bytes, at);
  f.frameStart = start;
  if (f.fresh) {
    f.fresh = false;
    // A direction begins with SETTINGS (RFC 9113 §3.4); otherwise it is older than the watch.
    if (f.type !== SETTINGS) f.hpack.forget();
    if (!looksLikeFrame(bytes, at)) {
      f.lost = true;
      lose(c, f, 'frame');
      return false;
    }
  }
  if (isFrameError(f.type, f.remaining, f.streamId)) {
    lose(c, f, 'frame');
    return false;
  }
  // Nothing may come between the frames of a header block (RFC 9113 §4.3).
  if (f.blockStream > 0 && (f.type !== CONTINUATION || f.streamId !== f.blockStream)) {
    lose(c, f, 'header-block');
    return false;
  }
  switch (f.type) {
    case DATA:
      f.phase = BODY;
      f.stream = c.streams.get(f.streamId) ?? null;
      f.padding = (f.flags & PADDED) === 0 ? 0 : -1;
      if (f.remaining === 0) endBodyFrame(c, f, start + 9);
      return true;
    case HEADERS:
    case PUSH_PROMISE:
    case CONTINUATION:
    case RST_STREAM:
    case GOAWAY:
      f.phase = COLLECT;
      if (f.remaining > LONGEST_BLOCK) missBlock(c, f);
      else if (f.remaining === 0) {
        f.phase = HEADER;
        readPayload(c, f, bytes, at, at, start + 9);
      }
      return true;
    default:
      f.phase = f.remaining === 0 ? HEADER : SKIP;
      return true;
  }
}

/** The block is too large to be read: what it adds to the header table is unknown. */
function missBlock(c: Connection, f: Flow): void {
  f.phase = SKIP;
  f.blockStream = 0;
  f.hpack.forget();
  c.sink.malformed(f.side, 'header-block-too-large');
}

/** Goes on in a DATA frame. @returns index after what was read */
export function readBody(c: Connection, f: Flow, bytes: Uint8Array, from: number, base: number): number {
  let i = from;
  if (f.padding < 0) {
    f.padding = Math.min(bytes[i++]!, --f.remaining);
  }
  const taken = Math.min(bytes.length - i, f.remaining);
  const data = Math.min(taken, Math.max(0, f.remaining - f.padding));
  f.remaining -= taken;
  const half = f.stream?.halves[f.side];
  if (half !== undefined) {
    half.size += data;
    if (half.messages !== null) readGrpcMessages(half.messages, bytes, i, i + data);
    if (half.text !== null) readRequestText(half.text, bytes, i, i + data);
    if (half.open !== null) c.sink.touch?.(half.open);
  }
  i += taken;
  if (f.remaining === 0) endBodyFrame(c, f, base + i);
  return i;
}

/** A DATA frame is complete. @param end position behind it */
export function endBodyFrame(c: Connection, f: Flow, end: number): void {
  f.phase = HEADER;
  f.next = end;
  const { stream } = f;
  f.stream = null;
  if (stream !== null && (f.flags & END_STREAM) !== 0 && !stream.halves[f.side].ended) {
    endHalf(c, stream, f.side, end, null);
  }
}

/** The payload [from, to) of a frame is complete. @param end position behind it */
export function readPayload(
  c: Connection,
  f: Flow,
  bytes: Uint8Array,
  from: number,
  to: number,
  end: number,
): void {
  switch (f.type) {
    case RST_STREAM:
      resetStream(c, f.side, f.streamId, uint32(bytes, from), f.frameStart);
      return;
    case GOAWAY:
      refuseStreams(c, f.side, streamIdAt(bytes, from), uint32(bytes, from + 4), f.frameStart);
      return;
    case CONTINUATION:
      continueBlock(c, f, bytes, from, to, end);
      return;
    default:
      beginBlock(c, f, bytes, from, to, end);
  }
}

/** HEADERS or PUSH_PROMISE. */
function beginBlock(c: Connection, f: Flow, bytes: Uint8Array, from: number, to: number, end: number): void {
  let at = from;
  let limit = to;
  if ((f.flags & PADDED) !== 0 && at < to) limit -= bytes[at++]!;
  if (f.type === HEADERS && (f.flags & HAS_PRIORITY) !== 0) at += PRIORITY_FIELDS;
  f.blockPromised = 0;
  if (f.type === PUSH_PROMISE) {
    if (at + 4 <= limit) f.blockPromised = streamIdAt(bytes, at);
    at += 4;
  }
  if (at > limit) {
    lose(c, f, 'padding');
    return;
  }
  f.blockStart = f.frameStart;
  f.blockStream = f.streamId;
  f.blockEnds = f.type === HEADERS && (f.flags & END_STREAM) !== 0;
  f.blockLength = 0;
  if ((f.flags & END_HEADERS) !== 0) endBlock(c, f, bytes, at, limit, end);
  else appendBlock(c, f, bytes, at, limit);
}

function continueBlock(
  c: Connection,
  f: Flow,
  bytes: Uint8Array,
  from: number,
  to: number,
  end: number,
): void {
  if (f.blockStream === 0) {
    // The begin of its block was missed.
    f.hpack.forget();
    return;
  }
  appendBlock(c, f, bytes, from, to);
  if (f.blockStream > 0 && (f.flags & END_HEADERS) !== 0) endBlock(c, f, f.block, 0, f.blockLength, end);
}

function appendBlock(c: Connection, f: Flow, bytes: Uint8Array, from: number, to: number): void {
  const length = f.blockLength + to - from;
  if (length > LONGEST_BLOCK) {
    missBlock(c, f);
    f.phase = HEADER;
    return;
  }
  if (f.block.length < length) {
    const larger = new Uint8Array(length * 2);
    larger.set(f.block.subarray(0, f.blockLength));
    f.block = larger;
  }
  f.block.set(bytes.subarray(from, to), f.blockLength);
  f.blockLength = length;
}

function endBlock(c: Connection, f: Flow, bytes: Uint8Array, from: number, to: number, end: number): void {
  const streamId = f.blockStream;
  f.blockStream = 0;
  f.blockLength = 0;
  if (!f.hpack.decode(bytes, from, to)) {
    // Frames go on where they should; the table alone is lost.
    if (!f.lost) c.sink.malformed(f.side, 'hpack');
    f.lost = true;
    return;
  }
  f.lost = false;
  if (f.blockPromised > 0) readPromise(c, f.blockPromised, f.blockStart, end);
  else readBlock(c, f.side, streamId, f.blockStart, end, f.blockEnds);
}
