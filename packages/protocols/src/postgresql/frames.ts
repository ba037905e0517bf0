import type { Limits } from './types.ts';

/** What the next byte of a direction is part of. */
export type FramePhase =
  | 'type'
  | 'length'
  | 'body'
  /** Out of step: waits for something like a message. */
  | 'lost'
  /** No messages any more that anybody could read: the connection is encrypted from here on. */
  | 'tunnel';

/** One direction cut into messages: type byte, length, body. */
export interface Frames {
  readonly limits: readonly (Limits | null)[];
  phase: FramePhase;
  /** Position after the last byte that was fed or reported as a gap; -1 before the first. */
  next: number;
  /** Refused since the last good message. */
  lost: boolean;
  /** A message has been read whole: the lengths make sense. */
  synchronised: boolean;
  /** The other direction has moved since this one was lost. */
  turned: boolean;
  start: number;
  type: number;
  /** Bytes of the length that were read, and its value so far. */
  lengthBytes: number;
  length: number;
  /** Bytes of the body to come. */
  remaining: number;
  /** Bytes of it still worth keeping, and what is kept where the body came in several reads. */
  wanted: number;
  kept: Uint8Array | null;
  keptLength: number;
}

/** Who reads the messages of a direction. */
export interface FrameReader {
  /** Whether the byte where a message would begin is all there is to say, and has been taken in. */
  isAlone(byte: number, position: number): boolean;
  /** How many bytes of the body to keep. */
  wants(type: number): number;
  /**
   * A message is complete.
   * @param bytes its body, or the beginning that is kept of it, is [from, to) of them
   * @param position one past its last byte
   * @returns why it makes no sense, '' if it does
   */
  message(bytes: Uint8Array, from: number, to: number, position: number): string;
  /** The bytes make no sense. */
  lose(cause: string): void;
  /** Index of the place where messages begin again, with the phase set to `type`; or the end. */
  resynchronise(bytes: Uint8Array, from: number): number;
}

/** A direction before its first byte. */
export function createFrames(limits: readonly (Limits | null)[]): Frames {
  return {
    limits,
    phase: 'type',
    next: -1,
    lost: false,
    synchronised: false,
    turned: false,
    start: 0,
    type: 0,
    lengthBytes: 0,
    length: 0,
    remaining: 0,
    wanted: 0,
    kept: null,
    keptLength: 0,
  };
}

const NOTHING = new Uint8Array(0);
/** As long as nothing has been confirmed a length is not believed beyond this: it would swallow what follows. */
const LONGEST_UNCONFIRMED = 16_777_216;

/** Reads messages as long as there are bytes. @param base position of bytes[0] */
export function readFrames(f: Frames, reader: FrameReader, bytes: Uint8Array, base: number): void {
  for (let i = 0; i < bytes.length; ) {
    switch (f.phase) {
      case 'type':
        i = readType(f, reader, bytes, i, base);
        break;
      case 'length':
        i = readLength(f, reader, bytes, i, base);
        break;
      case 'body':
        i = readBody(f, reader, bytes, i, base);
        break;
      case 'lost':
        i = reader.resynchronise(bytes, i);
        break;
      case 'tunnel':
        i = bytes.length;
        break;
    }
  }
  f.next = base + bytes.length;
}

function readType(f: Frames, reader: FrameReader, bytes: Uint8Array, i: number, base: number): number {
  const type = bytes[i]!;
  if (reader.isAlone(type, base + i)) return i + 1;
  f.start = base + i;
  f.type = type;
  f.length = 0;
  f.lengthBytes = type === 0 ? 1 : 0;
  if (f.limits[type] === null) {
    refuse(f, reader, 'type');
    // The first byte of a read is looked at again, as a place where messages may begin.
    return i === 0 ? 0 : i + 1;
  }
  f.phase = 'length';
  return i + 1;
}

/** Out of step, until the reader finds a place where messages begin. */
export function refuse(f: Frames, reader: FrameReader, cause: string): void {
  f.phase = 'lost';
  f.turned = false;
  reader.lose(cause);
}

function readLength(f: Frames, reader: FrameReader, bytes: Uint8Array, from: number, base: number): number {
  let i = from;
  for (; i < bytes.length && f.lengthBytes < 4; i++) {
    f.length = f.length * 256 + bytes[i]!;
    f.lengthBytes++;
  }
  if (f.lengthBytes < 4) return i;
  const limits = f.limits[f.type]!;
  const most = f.synchronised ? limits.most : Math.min(limits.most, LONGEST_UNCONFIRMED);
  if (f.length < limits.least || f.length > most) {
    refuse(f, reader, 'length');
    return i;
  }
  f.remaining = f.length - 4;
  f.wanted = Math.min(f.remaining, reader.wants(f.type));
  f.keptLength = 0;
  f.phase = 'body';
  if (f.remaining === 0) complete(f, reader, NOTHING, 0, 0, base + i);
  return i;
}

function readBody(f: Frames, reader: FrameReader, bytes: Uint8Array, from: number, base: number): number {
  const available = Math.min(bytes.length - from, f.remaining);
  const isWhole = available === f.remaining;
  if (isWhole && f.keptLength === 0) {
    // It came in one piece: read where it lies.
    f.remaining = 0;
    complete(f, reader, bytes, from, from + f.wanted, base + from + available);
    return from + available;
  }
  const taken = Math.min(available, f.wanted);
  if (taken > 0) keep(f, bytes, from, taken);
  f.remaining -= available;
  if (isWhole) complete(f, reader, f.kept ?? NOTHING, 0, f.keptLength, base + from + available);
  return from + available;
}

function keep(f: Frames, bytes: Uint8Array, from: number, length: number): void {
  const needed = f.keptLength + f.wanted;
  if (f.kept === null || f.kept.length < needed) {
    const larger = new Uint8Array(needed);
    if (f.kept !== null) larger.set(f.kept.subarray(0, f.keptLength));
    f.kept = larger;
  }
  f.kept.set(bytes.subarray(from, from + length), f.keptLength);
  f.keptLength += length;
  f.wanted -= length;
}

function complete(
  f: Frames,
  reader: FrameReader,
  bytes: Uint8Array,
  from: number,
  to: number,
  position: number,
): void {
  f.phase = 'type';
  const cause = reader.message(bytes, from, to, position);
  if (cause !== '') {
    refuse(f, reader, cause);
    return;
  }
  f.lost = false;
  f.synchronised = true;
}

/** Bytes that were not seen. Within a body they lose nothing but what it says. */
export function skipFrames(f: Frames, reader: FrameReader, position: number, length: number): void {
  f.next = position + length;
  if (f.phase === 'tunnel') return;
  let missing = length;
  if (f.phase === 'body') {
    const skipped = Math.min(missing, f.remaining);
    missing -= skipped;
    f.remaining -= skipped;
    // What is kept of a body is its beginning: after a gap there is none.
    f.wanted = 0;
    if (f.remaining === 0) complete(f, reader, f.kept ?? NOTHING, 0, f.keptLength, position + skipped);
  }
  if (missing > 0) refuse(f, reader, 'gap');
}

/** Whether a message has begun that is not complete. */
export function isBegun(f: Frames): boolean {
  return f.phase === 'length' || f.phase === 'body';
}

/** Position below which no byte is needed. */
export function neededFrom(f: Frames): number {
  const next = Math.max(0, f.next);
  return f.phase === 'body' && f.wanted === 0 ? next + f.remaining : next;
}
