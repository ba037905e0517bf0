import { type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { type Flow, START } from './connection.ts';
import { endOfHead } from './lines.ts';
import {
  endOfMethod,
  type Likeness,
  likeRequest,
  likeResponse,
  mayBeFirst,
  NO,
  PERHAPS,
  statusOf,
  versionOfRequest,
} from './start-line.ts';

const CR = 13;
const LF = 10;

/** Whether bytes [0, end) are a start line of that side. */
export function isStartLine(side: Side, head: Uint8Array, end: number): boolean {
  if (side === TO_CLIENT) return statusOf(head, 0, end) >= 0;
  const space = endOfMethod(head, 0, end);
  return space >= 0 && space < end && versionOfRequest(head, space, end) > space + 1;
}

/** Whether what stands at `from` can still become a start line. Out of step more was asked before. */
export function mayBegin(f: Flow, bytes: Uint8Array, from: number, to: number): boolean {
  if (f.side === TO_CLIENT) return likeResponse(bytes, from, to) !== NO;
  return f.synchronised || f.lost ? endOfMethod(bytes, from, to) >= 0 : mayBeFirst(bytes, from, to);
}

/** How much what stands at `from` looks like a start line of that side. */
export function likeness(side: Side, bytes: Uint8Array, from: number, to: number): Likeness {
  return side === TO_SERVER ? likeRequest(bytes, from, to) : likeResponse(bytes, from, to);
}

/**
 * Out of step: a message is believed to begin where a read begins (programs mostly write a head with one call) or
 * after an empty line, if it looks like one.
 * @returns index of the message, now in phase START, or the end
 */
export function resynchronise(f: Flow, bytes: Uint8Array, from: number): number {
  const length = bytes.length;
  if (from === 0) {
    let i = 0;
    while (i < length && (bytes[i] === CR || bytes[i] === LF)) i++;
    if (i < length && likeness(f.side, bytes, i, length) !== NO) {
      f.phase = START;
      return i;
    }
  }
  for (let end = from; end < length; ) {
    end = endOfHead(bytes, Math.max(0, end - 2), length);
    if (end < 0) return length;
    let i = end;
    while (i < length && (bytes[i] === CR || bytes[i] === LF)) i++;
    if (i < length && likeness(f.side, bytes, i, length) > PERHAPS) {
      f.phase = START;
      return i;
    }
    end = i + 1;
  }
  return length;
}
