import type { Attributes } from '@weft/model';
import { type Message, TO_SERVER } from '../protocol.ts';
import {
  type Command,
  commandOf,
  commandWord,
  containedCommandOf,
  isContainer,
  isKnownCommand,
} from './commands.ts';
import { type Connection, loseRequests, rememberSpecial } from './connection.ts';
import { readNumeral, resetNumeral } from './numeral.ts';
import { CAPTURE, type RequestFlow } from './request-flow.ts';
import { maskedText, plainText } from './text.ts';

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
        i = resynchronise(f, bytes, i);
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
  if (f.numeral.state < 0 || value > (isCount ? MOST_ARGUMENTS : LONGEST_ARGUMENT)) {
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
      if (isKnownCommand(commandWord(text, 0, f.ends[0]!))) emit(c, f, base + i + 1);
      else loseRequests(c, 'inline');
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

/** The command of which enough was kept, null if not even its first word was. */
function commandRead(f: RequestFlow): Command | null {
  const text = f.text;
  if (text === null || f.ends.length === 0 || f.isCut[0]) return null;
  const word = commandWord(text, 0, f.ends[0]!);
  if (word === '') return null;
  if (f.ends.length > 1 && !f.isCut[1] && isContainer(word)) {
    const second = commandWord(text, f.ends[0]!, f.ends[1]!);
    if (second !== '') return containedCommandOf(word, second);
  }
  return commandOf(word);
}

/** The command is complete, or as complete as it will get. */
function emit(c: Connection, f: RequestFlow, position: number): void {
  const command = commandRead(f);
  const hidden = c.mask || command === null || command.secret;
  const text =
    command === null
      ? ''
      : hidden
        ? maskedText(command, f.count - command.words)
        : plainText(f.text!, f.ends, f.isCut, f.ends.length === f.count);
  const attributes: Attributes =
    command === null
      ? { 'db.system.name': 'redis' }
      : { 'db.system.name': 'redis', 'db.operation.name': command.name, 'db.query.text': text };
  // Replies to commands that were missed have been numbered.
  if (f.lost) c.requests = Math.max(c.requests, c.responses);
  f.lost = false;
  const answered = takesReply(c, command, f);
  const message: Message = {
    side: TO_SERVER,
    kind: answered ? 'request' : 'one-way',
    pairingId: null,
    start: f.start,
    name: command === null ? 'redis' : command.name,
    status: 'unset',
    attributes,
    carried: null,
  };
  if (answered) {
    const index = c.requests++;
    c.reply.awaitsTurn = false;
    if (command !== null) remember(c, command, index, f.count - 1);
  }
  c.sink.message(message);
  c.sink.end(message, position, null);
}

function remember(c: Connection, command: Command, index: number, count: number): void {
  switch (command.effect) {
    case 'monitor':
      c.monitors = true;
      break;
    case 'subscribe':
      c.subscriber = true;
      rememberSpecial(c, { index, kind: command.effect, count });
      break;
    case 'unsubscribe':
    case 'replicate':
      rememberSpecial(c, { index, kind: command.effect, count });
      break;
    case 'none':
    case 'client-reply':
      break;
  }
}

/** Whether the server answers the command: `CLIENT REPLY OFF` and `SKIP` silence it. */
function takesReply(c: Connection, command: Command | null, f: RequestFlow): boolean {
  if (command?.effect === 'client-reply' && f.ends.length > 2) {
    const mode = commandWord(f.text!, f.ends[1]!, f.ends[2]!);
    if (mode === 'ON') {
      c.replyOff = false;
      c.replySkip = false;
      return true;
    }
    if (mode === 'OFF') c.replyOff = true;
    if (mode === 'SKIP' && !c.replyOff) c.replySkip = true;
    if (mode === 'OFF' || mode === 'SKIP') return false;
  }
  if (c.replyOff) return false;
  if (!c.replySkip) return true;
  c.replySkip = false;
  return false;
}

/**
 * Out of step: a command is believed to begin where a read begins or after CRLF, if its first two lines and its
 * first word are right; or where a read is nothing but lines of text, the first of them a known command.
 */
function resynchronise(f: RequestFlow, bytes: Uint8Array, from: number): number {
  if (from === 0 && isInlineText(bytes)) {
    f.phase = 'start';
    return 0;
  }
  for (let i = from; i < bytes.length; i++) {
    if (bytes[i] !== STAR || (i > 0 && bytes[i - 1] !== LF)) continue;
    if (wordOfCommand(bytes, i) === null) continue;
    f.phase = 'start';
    return i;
  }
  return bytes.length;
}

function isInlineText(bytes: Uint8Array): boolean {
  const length = bytes.length;
  if (length > CAPTURE || bytes[length - 1] !== LF) return false;
  let end = 0;
  while (end < length && bytes[end]! > SP) end++;
  if (!isKnownCommand(commandWord(bytes, 0, end))) return false;
  for (let i = end; i < length; i++) {
    const byte = bytes[i]!;
    if (byte > 126 || (byte < SP && byte !== CR && byte !== LF && byte !== TAB)) return false;
  }
  return true;
}

/**
 * The first word of the command that begins at `from` (`*<n>`, `$<length>` and a word of that length, of which at
 * least one letter is there) in upper case, '' if it is cut, null if this is none.
 */
export function wordOfCommand(bytes: Uint8Array, from: number): string | null {
  if (bytes[from] !== STAR) return null;
  const count = smallNumber(bytes, from + 1, 7);
  if (count === null || count.value === 0 || bytes[count.end] !== DOLLAR) return null;
  const length = smallNumber(bytes, count.end + 1, 2);
  if (length === null || length.value === 0 || length.end >= bytes.length) return null;
  const end = length.end + length.value;
  const word = commandWord(bytes, length.end, Math.min(end, bytes.length));
  if (word === '') return null;
  if (end > bytes.length) return '';
  if (end < bytes.length && bytes[end] !== CR) return null;
  return end + 1 < bytes.length && bytes[end + 1] !== LF ? null : word;
}

function smallNumber(bytes: Uint8Array, from: number, most: number): { value: number; end: number } | null {
  let value = 0;
  let i = from;
  while (i < from + most && bytes[i]! >= 48 && bytes[i]! <= 57) value = value * 10 + bytes[i++]! - 48;
  return i > from && bytes[i] === CR && bytes[i + 1] === LF ? { value, end: i + 2 } : null;
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
