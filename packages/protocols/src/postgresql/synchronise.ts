import type { Connection } from './connection.ts';
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
/** How a result may lie before the end of its round. */
const SHORTEST_RESULT = 7;
const LONGEST_RESULT = 1024;

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
  for (let i = from; i < bytes.length; i++) {
    if (!endsRound(bytes, i, F.sync, 4, endOfFrontend)) continue;
    f.phase = 'type';
    c.isRequestPartial = true;
    return i;
  }
  return bytes.length;
}

export function resynchroniseResponses(c: Connection, bytes: Uint8Array, from: number): number {
  const f = c.backend;
  if (from === 0 && isLikely(bytes, endOfBackend)) {
    f.phase = 'type';
    c.isAnswerPartial = !f.turned;
    return 0;
  }
  for (let i = from; i < bytes.length; i++) {
    if (!endsRound(bytes, i, B.ready, 5, endOfBackend)) continue;
    f.phase = 'type';
    return resultBefore(bytes, from, i);
  }
  return bytes.length;
}

/** Whether a Sync or ReadyForQuery stands there: its type and length, 4 or 5, and behind it nothing or messages. */
function endsRound(
  bytes: Uint8Array,
  at: number,
  type: number,
  length: number,
  endOf: EndOfMessage,
): boolean {
  if (bytes[at] !== type || bytes[at + 4] !== length) return false;
  if (bytes[at + 1] !== 0 || bytes[at + 2] !== 0 || bytes[at + 3] !== 0) return false;
  const end = at + 1 + length;
  if (end > bytes.length || (length === 5 && !isTransactionStatus(bytes[at + 5]!))) return false;
  return end === bytes.length || messagesAt(bytes, end, endOf) >= 0;
}

/** Where the CommandComplete or ErrorResponse lies that ends where `ready` begins; else `ready`. */
function resultBefore(bytes: Uint8Array, from: number, ready: number): number {
  const first = Math.max(from, ready - LONGEST_RESULT);
  for (let i = ready - SHORTEST_RESULT; i >= first; i--) {
    if ((bytes[i] === B.commandComplete || bytes[i] === B.error) && endOfBackend(bytes, i) === ready)
      return i;
  }
  return ready;
}
