import { TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { giveBuffer, takeBuffer } from './buffers.ts';
import { type Connection, type Flow, lose } from './connection.ts';
import { endOfHead, LONGEST_HEAD, lineFeed, splitHead } from './lines.ts';
import { readHead } from './messages.ts';
import { endOfLine, hasKnownMethod, NO, PERHAPS } from './start-line.ts';
import { isStartLine, likeness, mayBegin } from './synchronise.ts';

/** Copies shorter than this are faster byte by byte than by a call. */
const COPY_BY_CALL = 128;
const COPY_STEP = 1024;

/** Goes on in a head that comes in parts: they are collected, and looked at only where they are new. */
export function readHeadPart(c: Connection, f: Flow, bytes: Uint8Array, i: number, base: number): number {
  const before = f.headLength;
  // In steps: what is copied beyond the head's end is copied for nothing.
  const taken = Math.min(bytes.length - i, LONGEST_HEAD - before, COPY_STEP);
  const head = collect(f, bytes, i, taken);
  const length = f.headLength;
  if (f.tentative) {
    const like = likeness(f.side, head, 0, length);
    // A longer method may not come of two reads put together.
    if (like === NO || (like > PERHAPS && f.side === TO_SERVER && !hasKnownMethod(head, 0, length))) {
      lose(c, f, 'start-line', f.headStart);
      return i;
    }
    if (like === PERHAPS) return i + taken;
    f.tentative = false;
  }
  if (!f.startKnown) {
    const feed = lineFeed(head, before, length);
    if (feed >= 0) {
      if (!isStartLine(f.side, head, endOfLine(head, 0, feed))) {
        lose(c, f, f.side === TO_CLIENT ? 'status-line' : 'request-line', f.headStart);
        return before > 0 ? i : i + 1;
      }
      f.startKnown = true;
    } else if (!mayBegin(f, head, 0, length)) {
      lose(c, f, f.side === TO_CLIENT ? 'status-line' : 'request-line', f.headStart);
      return before > 0 ? i : i + 1;
    }
  }
  const end = endOfHead(head, Math.max(0, before - 2), length);
  if (end < 0) {
    if (length >= LONGEST_HEAD) lose(c, f, 'head-too-large', base + i + taken);
    return i + taken;
  }
  splitHead(head, 0, end);
  f.head = null;
  f.headLength = 0;
  const after = i + end - before;
  readHead(c, f, head, 0, end, f.headStart, base + after);
  giveBuffer(head);
  return after;
}

export function collect(f: Flow, bytes: Uint8Array, from: number, taken: number): Uint8Array {
  const before = f.headLength;
  const length = before + taken;
  let head = f.head;
  if (head === null) {
    head = takeBuffer(length);
    f.head = head;
  } else if (head.length < length) {
    const larger = takeBuffer(Math.max(length, head.length * 2));
    larger.set(head.subarray(0, before));
    giveBuffer(head);
    head = larger;
    f.head = head;
  }
  if (taken > COPY_BY_CALL) head.set(bytes.subarray(from, from + taken), before);
  else for (let i = 0; i < taken; i++) head[before + i] = bytes[from + i]!;
  f.headLength = length;
  return head;
}
