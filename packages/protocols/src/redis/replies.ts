import { byteSet } from '../bytes.ts';
import { TO_CLIENT } from '../protocol.ts';
import { type Connection, loseReplies } from './connection.ts';
import { readNumeral, resetNumeral } from './numeral.ts';
import { DEEPEST, REPLY_CAPTURE, type ReplyFlow } from './reply-flow.ts';
import { beginReply, endReply, lineReply } from './reply-messages.ts';
import { resynchroniseReplies } from './reply-sync.ts';
import {
  BANG,
  BULK,
  COLON,
  DOLLAR,
  DOT,
  FORM,
  LINE,
  MINUS,
  NONE,
  PERCENT,
  PIPE,
  PLUS,
  PUSH,
  SEMICOLON,
  STAR,
  TILDE,
} from './types.ts';

const CR = 13;
const LF = 10;
const BULK_END = 2;
const LONGEST_LINE = 65536;
const LONGEST_BULK = 2 ** 32;
const MOST_ELEMENTS = 2 ** 31;
const INSPECTED = 3;
/** No size that anything is told by. */
const UNKNOWN_SIZE = 0;
/** Kept of a line, and of each of the first elements. */
const KEPT = 80;

/** Types that a RESP2 server never sends. */
const RESP3 = byteSet('_#,(!=%~>|');

/** Types that may come without their size. */
const STREAMED = new Uint8Array(256);
for (const type of [DOLLAR, STAR, PERCENT, TILDE, PUSH]) STREAMED[type] = 1;

/** Reads replies as long as there are bytes. @param base position of bytes[0] */
export function readReplies(c: Connection, bytes: Uint8Array, base: number): void {
  const f = c.reply;
  for (let i = 0; i < bytes.length; ) {
    switch (f.phase) {
      case 'type':
        i = readType(c, f, bytes, i, base);
        break;
      case 'number':
        i = readSize(c, f, bytes, i, base);
        break;
      case 'line':
        i = readLine(c, f, bytes, i, base);
        break;
      case 'bulk':
        i = readBulk(c, f, bytes, i, base);
        break;
      case 'lost':
        i = resynchroniseReplies(c, f, bytes, i);
        break;
      case 'tunnel':
        i = bytes.length;
        break;
    }
  }
  f.next = base + bytes.length;
}

function readType(c: Connection, f: ReplyFlow, bytes: Uint8Array, i: number, base: number): number {
  const type = bytes[i]!;
  const form = FORM[type]!;
  if (f.depth > 0 && f.left[f.depth - 1] === Number.POSITIVE_INFINITY && beginInStream(f, type)) return i + 1;
  if (form === NONE || (f.depth > 0 && f.isText[f.depth - 1])) {
    loseReplies(c, 'type', base + i);
    return i === 0 ? 0 : i + 1;
  }
  if (f.depth === 0) {
    // A reply begins with the attribute before it.
    if (!f.afterAttribute) f.start = base + i;
    f.afterAttribute = false;
    f.textLength = 0;
    f.inspects = false;
    // After a loss it most likely answers the latest request.
    if (f.lost) c.responses = Math.max(c.responses, c.requests - 1);
  }
  if (RESP3[type] === 1) c.resp3 = true;
  begin(f, type);
  return i + 1;
}

/** The mark that ends a streamed aggregate, or a part of a streamed text. @returns false: an ordinary value */
function beginInStream(f: ReplyFlow, type: number): boolean {
  const isText = f.isText[f.depth - 1]!;
  if (type !== (isText ? SEMICOLON : DOT)) return false;
  f.type = type;
  f.captures = false;
  f.lineLength = 0;
  f.cr = false;
  f.phase = isText ? 'number' : 'line';
  resetNumeral(f.numeral);
  return true;
}

function begin(f: ReplyFlow, type: number): void {
  f.type = type;
  const isElement = f.inspects && f.depth === 1 && f.element < INSPECTED;
  // Also the attribute before a reply is no element of it.
  if (f.depth === 0) f.top = type;
  f.captures = isElement || (f.depth === 0 && (type === PLUS || type === MINUS || type === BANG));
  if (isElement) f.types[f.element] = type;
  if (FORM[type] === LINE) {
    f.phase = 'line';
    f.lineLength = 0;
    f.cr = false;
  } else {
    f.phase = 'number';
    resetNumeral(f.numeral);
  }
}

/** The size of a bulk or an aggregate. */
function readSize(c: Connection, f: ReplyFlow, bytes: Uint8Array, from: number, base: number): number {
  const i = readNumeral(f.numeral, bytes, from);
  if (f.numeral.state === 0) return i;
  const size = f.numeral.value;
  const isPart = f.type === SEMICOLON;
  const isBulk = FORM[f.type] === BULK || isPart;
  const isStream = f.numeral.unknown;
  const isNull = size === -1 && (f.type === DOLLAR || f.type === STAR);
  if (
    f.numeral.state < 0 ||
    (isStream && STREAMED[f.type] !== 1) ||
    (size < 0 && !isNull) ||
    size > (isBulk ? LONGEST_BULK : MOST_ELEMENTS)
  ) {
    loseReplies(c, 'size', base + i);
    return i;
  }
  if (f.depth === 0 && f.type !== PIPE) beginReply(c, f, isStream ? UNKNOWN_SIZE : size, base + i);
  if (c.leaves) return i;
  if (isStream) openAggregate(c, f, Number.POSITIVE_INFINITY, base + i);
  else if (isNull) endValue(c, f, base + i);
  else if (isPart && size === 0) closeStream(c, f, base + i);
  else if (isBulk) {
    f.remaining = size + BULK_END;
    f.phase = 'bulk';
    f.lineLength = 0;
  } else openAggregate(c, f, size, base + i);
  return i;
}

/** The aggregate whose end was marked is a complete value. */
function closeStream(c: Connection, f: ReplyFlow, position: number): void {
  f.depth--;
  endValue(c, f, position);
}

function openAggregate(c: Connection, f: ReplyFlow, size: number, position: number): void {
  const isAttribute = f.type === PIPE;
  const elements = isAttribute || f.type === PERCENT ? 2 * size : size;
  f.phase = 'type';
  if (elements === 0) {
    if (isAttribute) f.afterAttribute = f.depth === 0;
    else endValue(c, f, position);
    return;
  }
  if (f.depth >= DEEPEST) {
    loseReplies(c, 'depth', position);
    return;
  }
  f.left[f.depth] = elements;
  f.isAttribute[f.depth] = isAttribute;
  f.isText[f.depth] = f.type === DOLLAR;
  f.depth++;
}

function capture(f: ReplyFlow, byte: number): void {
  if (f.lineLength < KEPT && f.textLength < REPLY_CAPTURE) f.text[f.textLength++] = byte;
  f.lineLength++;
}

function readLine(c: Connection, f: ReplyFlow, bytes: Uint8Array, from: number, base: number): number {
  for (let i = from; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === LF && f.cr) {
      if (f.depth === 0) lineReply(c, f, base + i + 1);
      if (f.type === DOT) closeStream(c, f, base + i + 1);
      else if (!c.leaves) endValue(c, f, base + i + 1);
      return i + 1;
    }
    if (byte === LF || f.cr || f.lineLength > LONGEST_LINE || (byte !== CR && !fits(f.type, byte))) {
      loseReplies(c, 'line', base + i);
      return i + 1;
    }
    if (byte === CR) f.cr = true;
    else if (f.captures) capture(f, byte);
    else f.lineLength++;
  }
  return bytes.length;
}

/** Whether the byte can stand in a line of that type: texts of programs in `+` and `-`, else numbers and words. */
function fits(type: number, byte: number): boolean {
  if (type === PLUS || type === MINUS) return true;
  if (type === DOT) return false;
  if (type === COLON) return (byte >= 48 && byte <= 57) || byte === MINUS || byte === PLUS;
  return byte > 32 && byte < 127;
}

function readBulk(c: Connection, f: ReplyFlow, bytes: Uint8Array, from: number, base: number): number {
  let i = from;
  const payload = Math.min(bytes.length - i, f.remaining - BULK_END);
  if (payload > 0) {
    if (f.captures) {
      const kept = Math.min(payload, KEPT - f.lineLength);
      for (let k = 0; k < kept; k++) capture(f, bytes[i + k]!);
    }
    f.remaining -= payload;
    i += payload;
  }
  while (i < bytes.length && f.remaining > 0) {
    if (bytes[i] !== (f.remaining === BULK_END ? CR : LF)) {
      loseReplies(c, 'bulk-end', base + i);
      return i + 1;
    }
    f.remaining--;
    i++;
  }
  if (f.remaining === 0) endValue(c, f, base + i);
  return i;
}

/** A value is complete, and with it perhaps those around it. @param position one past its last byte */
function endValue(c: Connection, f: ReplyFlow, position: number): void {
  f.phase = 'type';
  while (f.depth > 0) {
    const level = f.depth - 1;
    if (level === 0 && f.inspects && !f.isAttribute[0]) {
      if (f.element < INSPECTED) f.ends[f.element] = f.textLength;
      f.element++;
    }
    if (--f.left[level]! > 0) return;
    f.depth = level;
    // The value that an attribute belongs to is still to come.
    if (f.isAttribute[level]) {
      f.afterAttribute = level === 0;
      return;
    }
  }
  // Confirmations may follow whose first one was lost: they answer nothing new.
  if (f.lost) c.confirmsMore = '*';
  f.lost = false;
  f.synchronised = true;
  f.awaitsTurn = false;
  endReply(c, f, position);
}

/** Bytes that were not seen. Within a bulk they lose nothing but its text. */
export function skipReplies(c: Connection, position: number, length: number): void {
  const f = c.reply;
  f.next = position + length;
  let missing = length;
  if (f.phase === 'bulk') {
    const skipped = Math.min(missing, f.remaining);
    missing -= skipped;
    f.remaining -= skipped;
    if (f.captures && f.inspects && f.element === 0) f.isKindCut = true;
    f.captures = false;
    if (f.remaining === 0) endValue(c, f, position + skipped);
  }
  if (missing === 0 || f.phase === 'tunnel') return;
  // Also the begin of an aggregate may be missing.
  f.awaitsTurn = true;
  loseReplies(c, 'gap', position + length - missing);
}

/** The connection is over. */
export function finishReplies(c: Connection, position: number): void {
  const f = c.reply;
  const isCut = f.phase === 'number' || f.phase === 'line' || f.phase === 'bulk' || f.depth > 0;
  if (f.open !== null) {
    c.sink.end(f.open, position, null);
    f.open = null;
  }
  if (isCut && !f.lost) c.sink.malformed(TO_CLIENT, 'truncated');
  if (f.phase !== 'tunnel') f.phase = 'type';
  f.depth = 0;
  f.next = position;
}

/** Position below which no byte is needed. */
export function repliesNeededFrom(f: ReplyFlow): number {
  const next = Math.max(0, f.next);
  const wants = f.captures && f.lineLength < KEPT && f.remaining > BULK_END;
  return f.phase === 'bulk' && !wants ? next + f.remaining : next;
}
