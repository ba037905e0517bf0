import type { Side } from '../protocol.ts';
import { type Conversation, emit } from './emit.ts';
import { HEADER, message, readMessage } from './message.ts';
import type { Way } from './way.ts';

/** The two bytes before each message that say its length (RFC 1035 §4.2.2). */
export const PREFIX = 2;
/** All that is kept of a message that comes in parts: headers, question and the first answers. */
const CAPTURE = 2048;

/** What stands at the begin of some bytes: a message and its length, whole or as far as they go; or nothing of the kind. */
export function likeFrame(bytes: Uint8Array): 'whole' | 'cut' | 'short' | 'wrong' {
  if (bytes.length < PREFIX) return 'short';
  const length = (bytes[0]! << 8) | bytes[1]!;
  if (length < HEADER) return 'wrong';
  if (bytes.length === PREFIX) return 'short';
  const end = PREFIX + length;
  const reading = readMessage(bytes, PREFIX, Math.min(end, bytes.length));
  if (end <= bytes.length) return reading === 'whole' ? 'whole' : 'wrong';
  if (reading !== 'cut') return 'wrong';
  return message.name === null ? 'short' : 'cut';
}

/** One direction of a TCP connection: messages with their length before them. */
export function createFrames(c: Conversation, side: Side): Way {
  let next = -1;
  let start = 0;
  /** Bytes of the length that were read, the length so far, and what is missing of the message. */
  let prefix = 0;
  let length = 0;
  let remaining = 0;
  let kept: Uint8Array | null = null;
  let keptLength = 0;
  /** Nothing more is kept of this message: its middle was not seen. */
  let torn = false;
  let lost = false;
  /** Refused since the last good message: counted once. */
  let counted = false;

  function lose(cause: string): void {
    lost = true;
    prefix = 0;
    remaining = 0;
    if (!counted) c.sink.malformed(side, cause);
    counted = true;
  }

  /** The message [from, to) is there as far as it will ever be. @param end position after it */
  function complete(bytes: Uint8Array, from: number, to: number, end: number): void {
    prefix = 0;
    const reading = readMessage(bytes, from, to);
    if (reading === 'wrong' || (reading === 'cut' && to - from === length)) {
      lose('message');
      return;
    }
    if (emit(c, side, start, end)) counted = false;
    else if (!counted) {
      counted = true;
      c.sink.malformed(side, 'question');
    }
  }

  function completeKept(end: number): void {
    if (kept === null || keptLength === 0) lose('gap');
    else complete(kept, 0, keptLength, end);
  }

  function keep(bytes: Uint8Array, from: number, to: number): void {
    if (torn) return;
    const taken = Math.min(to - from, CAPTURE - keptLength);
    kept ??= new Uint8Array(CAPTURE);
    kept.set(bytes.subarray(from, from + taken), keptLength);
    keptLength += taken;
  }

  function read(bytes: Uint8Array, position: number): void {
    for (let i = 0; i < bytes.length && !lost; ) {
      if (prefix < PREFIX) {
        if (prefix === 0) {
          start = position + i;
          length = 0;
        }
        length = (length << 8) | bytes[i++]!;
        if (++prefix < PREFIX) continue;
        remaining = length;
        keptLength = 0;
        torn = false;
        if (length < HEADER) lose('length');
        continue;
      }
      const taken = Math.min(remaining, bytes.length - i);
      const isWhole = taken === length;
      if (!isWhole) keep(bytes, i, i + taken);
      remaining -= taken;
      i += taken;
      if (remaining > 0) continue;
      if (isWhole) complete(bytes, i - taken, i, position + i);
      else completeKept(position + i);
    }
  }

  return {
    feed(bytes, position) {
      if (next >= 0 && position > next) this.gap(next, position - next);
      else if (next > position) lose('overlap');
      next = position + bytes.length;
      if (lost) {
        // Programs write a message with one call: out of step one is believed to begin where a read begins.
        const like = likeFrame(bytes);
        if (like !== 'whole' && like !== 'cut') return;
        lost = false;
      }
      read(bytes, position);
    },
    gap(position, missing) {
      next = position + missing;
      if (lost) return;
      if (prefix === PREFIX && missing <= remaining) {
        torn = true;
        remaining -= missing;
        if (remaining === 0) completeKept(next);
      } else lose('gap');
    },
    finish(position) {
      next = Math.max(next, position);
      if (prefix > 0 && !lost) lose('truncated');
      prefix = 0;
      remaining = 0;
      lost = false;
    },
    neededFrom() {
      const skips = prefix === PREFIX && (torn || keptLength >= CAPTURE);
      return Math.max(0, next) + (skips ? remaining : 0);
    },
  };
}
