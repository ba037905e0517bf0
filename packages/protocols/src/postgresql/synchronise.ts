import type { Connection } from './connection.ts';
import type { Frames } from './frames.ts';
import {
  type EndOfMessage,
  endOfBackend,
  endOfFrontend,
  isTransactionStatus,
  messagesAt,
} from './plausible.ts';
import { B, F } from './types.ts';

/** Bytes of a message that is not whole in which enough of its content can be right. */
const ENOUGH = 24;

/**
 * Whether messages begin here: one that is whole and whose content tells, or two. The content of some says nothing.
 */
export function isLikely(bytes: Uint8Array, endOf: EndOfMessage): boolean {
  const count = messagesAt(bytes, 0, endOf);
  if (count !== 1) return count > 1 || (count === 0 && bytes.length >= ENOUGH && tells(bytes[0]!));
  return tells(bytes[0]!);
}

/** Types (of either side) whose content can be checked. */
function tells(type: number): boolean {
  switch (type) {
    case F.copyData:
    case F.password:
    case F.functionCall:
    case B.functionResult:
    case B.negotiateVersion:
    case B.backendKey:
      return false;
    default:
      return true;
  }
}

/** Types of a client that begin a request, whatever came before. */
function beginsRequest(type: number): boolean {
  return (
    type === F.query ||
    type === F.parse ||
    type === F.functionCall ||
    type === F.startup ||
    type === F.terminate
  );
}

/**
 * Out of step: messages are believed to begin where a read begins, or behind a Sync or ReadyForQuery. What else
 * begins a read may belong to a request or response whose begin was lost, unless the other side has moved since.
 */
export function resynchroniseRequests(c: Connection, bytes: Uint8Array, from: number): number {
  const f = c.frontend;
  if (from === 0 && isLikely(bytes, endOfFrontend)) {
    f.phase = 'type';
    c.isRequestPartial = !f.turned && !beginsRequest(bytes[0]!);
    return 0;
  }
  const end = behindEndOfRound(f, bytes, from, F.sync, 4, endOfFrontend);
  if (end >= 0) c.isRequestPartial = false;
  return end < 0 ? bytes.length : end;
}

export function resynchroniseResponses(c: Connection, bytes: Uint8Array, from: number): number {
  const f = c.backend;
  if (from === 0 && isLikely(bytes, endOfBackend)) {
    f.phase = 'type';
    c.isAnswerPartial = !f.turned;
    return 0;
  }
  const end = behindEndOfRound(f, bytes, from, B.ready, 5, endOfBackend);
  if (end >= 0) c.isAnswerPartial = false;
  return end < 0 ? bytes.length : end;
}

/** Behind the message of that type and length, 4 or 5, if it ends the bytes or messages follow; else -1. */
function behindEndOfRound(
  f: Frames,
  bytes: Uint8Array,
  from: number,
  type: number,
  length: number,
  endOf: EndOfMessage,
): number {
  const last = bytes.length - 1 - length;
  for (let i = from; i <= last; i++) {
    if (bytes[i] !== type || bytes[i + 4] !== length) continue;
    if (bytes[i + 1] !== 0 || bytes[i + 2] !== 0 || bytes[i + 3] !== 0) continue;
    if (length === 5 && !isTransactionStatus(bytes[i + 5]!)) continue;
    const end = i + 1 + length;
    if (end < bytes.length && messagesAt(bytes, end, endOf) < 0) continue;
    f.phase = 'type';
    return end;
  }
  return -1;
}
