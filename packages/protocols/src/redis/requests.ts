import { commandWord, isKnownCommand } from './commands.ts';
import { type Connection, loseRequests } from './connection.ts';
import { readNumeral, resetNumeral } from './numeral.ts';
import { CAPTURE, type RequestFlow } from './request-flow.ts';
import { commandRead, emit } from './request-messages.ts';
import { resynchroniseRequests } from './request-sync.ts';

const CR = 13;
const LF = 10;
const SP = 32;
const TAB = 9;
const STAR = 42;
const DOLLAR = 36;
/** Limits of Redis: arguments of a command, and far above its default of 512 MB for one. */
const MOST_ARGUMENTS = 1024 * 1024;
const LONGEST_ARGUMENT = 2 ** 32;
const LONGEST_LINE = 65536;
const BULK_END = 2;

/** Reads requests as long as there are bytes. @param base position of bytes[0] */
export function readRequests(c: Connection, bytes: Uint8Array, base: number): void {
  const f = c.request;
  for (let i = 0; i < bytes.length; ) {
    switch (f.phase) {
      case 'start':
        i = readStart(c, f, bytes, i, base);
        break;
      case 'inline':
        i = readInline(c, f, bytes, i, base);
        break;
      case 'count':
      case 'length':
        i = readHeader(c, f, bytes, i);
        break;
      case 'dollar':
        if (bytes[i] === DOLLAR) {
          resetNumeral(f.numeral);
          f.phase = 'length';
        } else loseRequests(c, 'argument');
        i++;
        break;
      case 'bulk':
        i = readBulk(c, f, bytes, i, base);
        break;
      case 'lost':
        i = resynchroniseRequests(f, bytes, i);
        break;
      case 'tunnel':
        i = bytes.length;
        break;
    }
  }
  f.next = base + bytes.length;
}

function begin(f: RequestFlow, start: number): void {
  f.text ??= new Uint8Array(CAPTURE);
  f.start = start;
  f.count = 0;
  f.read = 0;
  f.textLength = 0;
  f.ends.length = 0;
  f.isCut.length = 0;
  f.lineLength = 0;
}

function readStart(c: Connection, f: RequestFlow, bytes: Uint8Array, i: number, base: number): number {
  const byte = bytes[i]!;
  if (byte === STAR) {
    begin(f, base + i);
    resetNumeral(f.numeral);
    f.phase = 'count';
    return i + 1;
  }
  // Redis ignores empty lines.
  if (byte === CR || byte === LF || byte === SP) return i + 1;
  if ((byte | 0x20) >= 97 && (byte | 0x20) <= 122) {
    begin(f, base + i);
    f.phase = 'inline';
    return i;
  }
  loseRequests(c, 'type');
  // The first byte of a read is looked at again, as a place where a command may begin.
  return i === 0 ? 0 : i + 1;
}

/** `*<arguments>` and `$<bytes>`. */
function readHeader(c: Connection, f: RequestFlow, bytes: Uint8Array, from: number): number {
  const i = readNumeral(f.numeral, bytes, from);
  if (f.numeral.state === 0) return i;
  const value = f.numeral.value;
  const isCount = f.phase === 'count';
  if (f.numeral.state < 0 || f.numeral.unknown || value > (isCount ? MOST_ARGUMENTS : LONGEST_ARGUMENT)) {
    loseRequests(c, isCount ? 'count' : 'length');
    return i;
  }
  if (isCount) {
    f.count = value;
    f.phase = value > 0 ? 'dollar' : 'start';
    return i;
  }
  if (value < 0) {
    loseRequests(c, 'length');
    return i;
  }
  f.remaining = value + BULK_END;
  const kept = f.read < f.mostArguments ? Math.min(f.mostBytes, CAPTURE - f.textLength) : 0;
  f.wanted = Math.min(value, kept);
  f.phase = 'bulk';
  return i;
}

function readBulk(c: Connection, f: RequestFlow, bytes: Uint8Array, from: number, base: number): number {
  let i = from;
  if (f.wanted > 0) {
    const taken = Math.min(f.wanted, bytes.length - i);
    const text = f.text!;
    for (let k = 0; k < taken; k++) text[f.textLength + k] = bytes[i + k]!;
    f.textLength += taken;
    f.wanted -= taken;
    f.remaining -= taken;
    i += taken;
  }
  const payload = Math.min(bytes.length - i, f.remaining - BULK_END);
  if (payload > 0) {
    f.remaining -= payload;
    i += payload;
  }
  while (i < bytes.length && f.remaining > 0) {
    if (bytes[i] !== (f.remaining === BULK_END ? CR : LF)) {
      loseRequests(c, 'argument-end');
      return i;
    }
    f.remaining--;
    i++;
  }
  if (f.remaining === 0) endArgument(c, f, base + i);
  return i;
}

/** @param position one past the argument's CRLF */
function endArgument(c: Connection, f: RequestFlow, position: number): void {
  if (f.read < f.mostArguments) {
    const from = f.ends.length === 0 ? 0 : f.ends[f.ends.length - 1]!;
    f.ends.push(f.textLength);
    // What was not kept: beyond the limit, or never seen.
    f.isCut.push(f.textLength - from < f.numeral.value);
  }
  f.read++;
  f.phase = 'dollar';
  if (f.read === f.count) {
    f.phase = 'start';
    f.isInline = false;
    emit(c, f, position);
  }
}

/** A line of text (inline command), its words taken for arguments. */
function readInline(c: Connection, f: RequestFlow, bytes: Uint8Array, from: number, base: number): number {
  const text = f.text!;
  for (let i = from; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === LF) {
      f.phase = 'start';
      splitInline(f, text);
      if (isKnownCommand(commandWord(text, 0, f.ends[0]!))) {
        emit(c, f, base + i + 1);
        f.isInline = true;
      } else loseRequests(c, 'inline');
      return i + 1;
    }
    if ((byte < SP && byte !== CR && byte !== TAB) || ++f.lineLength > LONGEST_LINE) {
      loseRequests(c, 'inline');
      return i + 1;
    }
    if (f.textLength < CAPTURE) text[f.textLength++] = byte;
  }
  return bytes.length;
}

/** Moves the words of the line together, as arguments are kept. */
function splitInline(f: RequestFlow, text: Uint8Array): void {
  const length = f.textLength;
  let out = 0;
  let from = 0;
  for (let i = 0; i <= length; i++) {
    const byte = i < length ? text[i]! : SP;
    if (byte !== SP && byte !== TAB && byte !== CR) {
      text[out++] = byte;
      continue;
    }
    if (out > from) {
      f.count++;
      if (f.ends.length < f.mostArguments) {
        f.ends.push(out);
        f.isCut.push(false);
      }
    }
    from = out;
  }
  f.read = f.count;
}

/** Bytes that were not seen. Within an argument they lose nothing but its text. */
export function skipRequests(c: Connection, position: number, length: number): void {
  const f = c.request;
  f.next = position + length;
  let missing = length;
  if (f.phase === 'bulk') {
    const skipped = Math.min(missing, f.remaining);
    missing -= skipped;
    f.remaining -= skipped;
    // What is kept of an argument is its beginning: after a gap there is none.
    f.wanted = 0;
    if (f.remaining === 0) endArgument(c, f, position + skipped);
  }
  if (missing === 0 || f.phase === 'tunnel') return;
  // A command that is known up to here was sent and will be answered.
  if (isBegun(f) && commandRead(f) !== null) {
    f.phase = 'start';
    emit(c, f, position + length - missing);
  }
  loseRequests(c, 'gap');
}

/** Whether a command has begun that is not complete. */
export function isBegun(f: RequestFlow): boolean {
  return f.phase === 'count' || f.phase === 'dollar' || f.phase === 'length' || f.phase === 'bulk';
}

/** Position below which no byte is needed. */
export function requestsNeededFrom(f: RequestFlow): number {
  const next = Math.max(0, f.next);
  return f.phase === 'bulk' && f.wanted === 0 ? next + f.remaining : next;
}
