import {
  B,
  BACKEND,
  CANCEL_REQUEST,
  F,
  FRONTEND,
  GSSENC_REQUEST,
  type Limits,
  PROTOCOL_3,
  SSL_REQUEST,
} from './types.ts';

/** Columns of a row that the server makes at most. */
const MOST_COLUMNS = 1664;
const FIELD_AFTER_NAME = 18;
const HEADER = 5;

/** Unsigned big-endian numbers; beyond the end of what was read they are NaN. */
export function int16(b: Uint8Array, at: number): number {
  return at + 2 > b.length ? Number.NaN : (b[at]! << 8) | b[at + 1]!;
}
export function int32(b: Uint8Array, at: number): number {
  if (at + 4 > b.length) return Number.NaN;
  return b[at]! * 0x1000000 + ((b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!);
}

/** What a check of content gives for a place that was reached: the next one; else that it is wrong, or that the bytes end. */
const WRONG = -1;
const CUT = -2;

/** Behind the NUL of a text that begins at `from` and ends before `end`; controls other than white space are wrong. */
function afterText(b: Uint8Array, from: number, end: number): number {
  const limit = Math.min(end, b.length);
  for (let i = from; i < limit; i++) {
    const byte = b[i]!;
    if (byte === 0) return i + 1;
    if (byte < 32 && (byte < 9 || byte > 13)) return WRONG;
    if (byte === 127) return WRONG;
  }
  return limit < end ? CUT : WRONG;
}

/** Whether what was read of a body is right; `at` is where the check ended, which must be its end. */
const isRight = (at: number, end: number): boolean => at === end || at === CUT;

/**
 * Where the message at `from` of a client or server ends, if its type, its length and as much of its content as is
 * there are right (documentation 55.7); may lie beyond the bytes. -1: it is no message, or less than its header is there.
 */
export type EndOfMessage = (bytes: Uint8Array, from: number) => number;

function endByHeader(limits: readonly (Limits | null)[], b: Uint8Array, from: number): number {
  const of = limits[b[from]!] ?? null;
  if (of === null || from + HEADER > b.length) return -1;
  const length = int32(b, from + 1);
  return length < of.least || length > of.most ? -1 : from + 1 + length;
}

export const endOfFrontend: EndOfMessage = (b, from) => {
  if (b[from] === F.startup) return endOfStartup(b, from);
  const end = endByHeader(FRONTEND, b, from);
  return end >= 0 && isFrontendBody(b, b[from]!, from + HEADER, end) ? end : -1;
};

export const endOfBackend: EndOfMessage = (b, from) => {
  const end = endByHeader(BACKEND, b, from);
  return end >= 0 && isBackendBody(b, b[from]!, from + HEADER, end) ? end : -1;
};

/** 3.0 and 3.2 are in use; a client may ask for 3.9999 to see whether servers negotiate. */
const LATEST_MINOR = 15;
const GREASE = 9999;

function endOfStartup(b: Uint8Array, from: number): number {
  const length = int32(b, from);
  const end = from + length;
  const code = int32(b, from + 4);
  const limits = FRONTEND[F.startup]!;
  if (!(length >= limits.least && length <= limits.most) || Number.isNaN(code)) return -1;
  if (code === SSL_REQUEST || code === GSSENC_REQUEST) return length === 8 ? end : -1;
  if (code === CANCEL_REQUEST) return length >= 16 && length <= 268 ? end : -1;
  const minor = code & 0xffff;
  if (code >>> 16 !== PROTOCOL_3 || length < 9 || (minor > LATEST_MINOR && minor !== GREASE)) return -1;
  let at = from + 8;
  while (at >= 0 && at < end - 1) {
    if (at < b.length && ((b[at]! | 0x20) < 95 || b[at]! > 122)) return -1;
    at = afterText(b, at, end);
    if (at >= 0) at = afterText(b, at, end);
  }
  if (at === CUT) return end;
  if (at !== end - 1) return -1;
  return at >= b.length || b[at] === 0 ? end : -1;
}

function isFrontendBody(b: Uint8Array, type: number, from: number, end: number): boolean {
  switch (type) {
    case F.query:
    case F.copyFail:
      return isRight(afterText(b, from, end), end);
    case F.parse: {
      const query = afterText(b, from, end);
      const at = query < 0 ? query : afterText(b, query, end);
      return isRight(at < 0 ? at : afterItems(b, at, end, 4), end);
    }
    case F.bind:
      return isRight(afterBind(b, from, end), end);
    case F.execute: {
      const at = afterText(b, from, end);
      return isRight(at < 0 ? at : at + 4, end);
    }
    case F.describe:
    case F.close:
      return (
        from >= b.length || ((b[from] === 83 || b[from] === 80) && isRight(afterText(b, from + 1, end), end))
      );
    default:
      return true;
  }
}

/** Behind a count of 16 bits and so many items of `size` bytes. */
function afterItems(b: Uint8Array, from: number, end: number, size: number): number {
  const count = int16(b, from);
  if (Number.isNaN(count)) return CUT;
  const at = from + 2 + count * size;
  return at > end ? WRONG : at;
}

/** Behind a count of 16 bits and so many values, each with its length before it; -1: NULL. */
function afterValues(b: Uint8Array, from: number, end: number, most: number): number {
  const count = int16(b, from);
  if (count > most) return WRONG;
  if (Number.isNaN(count)) return CUT;
  let at = from + 2;
  for (let i = 0; i < count; i++) {
    const length = int32(b, at);
    if (Number.isNaN(length)) return at > end ? WRONG : CUT;
    at += length === 0xffffffff ? 4 : 4 + length;
    if (at > end) return WRONG;
  }
  return at;
}

function afterBind(b: Uint8Array, from: number, end: number): number {
  let at = afterText(b, from, end);
  if (at >= 0) at = afterText(b, at, end);
  if (at >= 0) at = afterItems(b, at, end, 2);
  if (at >= 0) at = afterValues(b, at, end, 65_535);
  return at >= 0 ? afterItems(b, at, end, 2) : at;
}

function isBackendBody(b: Uint8Array, type: number, from: number, end: number): boolean {
  switch (type) {
    case B.authentication:
      return from + 4 > b.length || int32(b, from) <= 12;
    case B.commandComplete:
      return isRight(afterText(b, from, end), end) && isUpper(b, from);
    case B.dataRow:
      return isRight(afterValues(b, from, end, MOST_COLUMNS), end);
    case B.rowDescription:
      return isRight(afterFields(b, from, end), end);
    case B.error:
    case B.notice:
      return isRight(afterErrorFields(b, from, end), end);
    case B.notification:
    case B.parameterStatus: {
      const at = afterText(b, type === B.notification ? from + 4 : from, end);
      return isRight(at < 0 ? at : afterText(b, at, end), end);
    }
    case B.parameterDescription:
      return isRight(afterItems(b, from, end, 4), end);
    case B.copyIn:
    case B.copyOut:
    case B.copyBoth:
      return from >= b.length || (b[from]! <= 1 && isRight(afterItems(b, from + 1, end, 2), end));
    case B.ready:
      return from >= b.length || isTransactionStatus(b[from]!);
    default:
      return true;
  }
}

/** Idle, in a transaction, in a failed one. */
export function isTransactionStatus(byte: number): boolean {
  return byte === 73 || byte === 84 || byte === 69;
}

function isUpper(b: Uint8Array, at: number): boolean {
  return at >= b.length || (b[at]! >= 65 && b[at]! <= 90);
}

function afterFields(b: Uint8Array, from: number, end: number): number {
  const count = int16(b, from);
  if (count > MOST_COLUMNS) return WRONG;
  if (Number.isNaN(count)) return CUT;
  let at = from + 2;
  for (let i = 0; i < count && at >= 0; i++) {
    at = afterText(b, at, end);
    if (at >= 0) at += FIELD_AFTER_NAME;
    if (at > end) return WRONG;
  }
  return at;
}

/** Fields of a letter and a text, the severity first; a NUL ends them. */
function afterErrorFields(b: Uint8Array, from: number, end: number): number {
  if (from < b.length && b[from] !== 83) return WRONG;
  let at = from;
  while (at >= 0 && at < end) {
    if (at >= b.length) return CUT;
    if (b[at] === 0) return at + 1;
    if ((b[at]! | 0x20) < 97 || (b[at]! | 0x20) > 122) return WRONG;
    at = afterText(b, at + 1, end);
  }
  return at < 0 ? at : WRONG;
}

/**
 * How many whole messages follow each other from `from` on, counted up to three; -1 if something else stands there.
 * A message that is cut by the end of the bytes is not counted.
 */
export function messagesAt(b: Uint8Array, from: number, endOf: EndOfMessage): number {
  let at = from;
  for (let count = 0; count < 3; count++) {
    if (at === b.length) return count;
    const end = endOf(b, at);
    if (end < 0) return count > 0 && at + HEADER > b.length ? count : -1;
    if (end > b.length) return count;
    at = end;
  }
  return 3;
}
