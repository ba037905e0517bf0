import { ascii, bytesAt } from '../bytes.ts';
import type { Connection } from './connection.ts';
import type { ReplyFlow } from './reply-flow.ts';
import { COLON, DOLLAR, FORM, LINE, MINUS, NONE, PLUS, PUSH, STAR } from './types.ts';

const CR = 13;
const LF = 10;
/** Reads that look like replies after which an aggregate that was cut is believed to be over. */
const READS_LOST = 4;

/**
 * Out of step: a reply is believed to begin where a read begins, if it looks like one. The elements of an aggregate
 * that was cut would too: then only after the client has spoken, or, if it is never seen, after some reads.
 */
export function resynchroniseReplies(c: Connection, f: ReplyFlow, bytes: Uint8Array, from: number): number {
  if (from > 0 || !likeReply(bytes)) return bytes.length;
  if (f.awaitsTurn && !isUnasked(c, bytes)) {
    if (c.request.next >= 0 || ++f.readsLost <= READS_LOST) return bytes.length;
  }
  f.phase = 'type';
  return 0;
}

/** A message to a subscriber, a report of MONITOR: no client need speak before it, no array contains it. */
function isUnasked(c: Connection, bytes: Uint8Array): boolean {
  const type = bytes[0]!;
  if (type === PUSH) return true;
  if (type === STAR) return c.subscriber && PUBLISHED.some((begin) => bytesAt(bytes, 0, begin));
  return type === PLUS && c.monitors;
}

/** How published messages begin in RESP2. */
const PUBLISHED = ['*3\r\n$7\r\nmessage\r\n', '*4\r\n$8\r\npmessage\r\n', '*3\r\n$8\r\nsmessage\r\n'].map(
  ascii,
);

/** Whether the first line of what stands at the begin is complete and right for a reply. */
export function likeReply(bytes: Uint8Array): boolean {
  const type = bytes[0]!;
  const form = FORM[type]!;
  if (form === NONE) return false;
  const limit = Math.min(bytes.length - 1, 256);
  let i = 1;
  while (i < limit && bytes[i] !== CR) i++;
  if (i >= limit || bytes[i + 1] !== LF) return false;
  if (form === LINE) return isLikeLine(type, bytes, i);
  return isNumber(bytes, 1, i, type === DOLLAR || type === STAR);
}

function isLikeLine(type: number, bytes: Uint8Array, end: number): boolean {
  if (type === 0x5f) return end === 1;
  if (type === COLON) return isNumber(bytes, 1, end, true);
  if (type === 0x23) return end === 2 && (bytes[1] === 0x74 || bytes[1] === 0x66);
  for (let i = 1; i < end; i++) if (bytes[i]! < 32 || bytes[i]! > 126) return false;
  return end > 1;
}

function isNumber(bytes: Uint8Array, from: number, to: number, signed: boolean): boolean {
  let i = from;
  if (signed && bytes[i] === MINUS) i++;
  if (i === to || to - i > 19) return false;
  for (; i < to; i++) if (bytes[i]! < 48 || bytes[i]! > 57) return false;
  return true;
}
