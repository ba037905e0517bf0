import { type Side, TO_SERVER } from '../protocol.ts';

/** FastCGI 1.0 §3.3: version, type, request id 16, content length 16, padding length, reserved. */
export const RECORD_HEADER = 8;
const VERSION = 1;
/** Of the content of FCGI_BEGIN_REQUEST and FCGI_END_REQUEST (§5.1, §5.5). */
export const BODY_LENGTH = 8;

/** FastCGI 1.0 §8. */
export const BEGIN_REQUEST = 1;
export const ABORT_REQUEST = 2;
export const END_REQUEST = 3;
export const PARAMS = 4;
export const STDIN = 5;
export const STDOUT = 6;
export const STDERR = 7;
export const DATA = 8;
export const GET_VALUES = 9;
export const GET_VALUES_RESULT = 10;
export const UNKNOWN_TYPE = 11;

/** By type: which way it goes, and whether it is of a request (id > 0) or of the application itself (id 0). */
const TO_APPLICATION = 1;
const FROM_APPLICATION = 2;
const MANAGEMENT = 4;
const FACTS: readonly number[] = [
  0,
  ...[TO_APPLICATION, TO_APPLICATION, FROM_APPLICATION, TO_APPLICATION, TO_APPLICATION],
  ...[FROM_APPLICATION, FROM_APPLICATION, TO_APPLICATION, TO_APPLICATION | MANAGEMENT],
  ...[FROM_APPLICATION | MANAGEMENT, FROM_APPLICATION | MANAGEMENT],
];

/** 16 bits, big-endian. */
export function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/**
 * What is wrong with a record header of that side for a reader that is in step: a cause that can be counted, or ''.
 * Types that the specification does not know may be new ones.
 */
export function headerError(bytes: Uint8Array, at: number, side: Side): string {
  if (bytes[at] !== VERSION) return 'version';
  const type = bytes[at + 1]!;
  if (type === 0) return 'type';
  if (type >= FACTS.length) return '';
  return isOf(type, side) && hasFixedLength(bytes, at) ? '' : 'type';
}

function isOf(type: number, side: Side): boolean {
  return (FACTS[type]! & (side === TO_SERVER ? TO_APPLICATION : FROM_APPLICATION)) !== 0;
}

/** Those that have a length of their own have it. */
function hasFixedLength(bytes: Uint8Array, at: number): boolean {
  const length = uint16(bytes, at + 4);
  switch (bytes[at + 1]) {
    case BEGIN_REQUEST:
    case END_REQUEST:
    case UNKNOWN_TYPE:
      return length === BODY_LENGTH;
    case ABORT_REQUEST:
      return length === 0;
    default:
      return true;
  }
}

/** Whether a record header may stand here for somebody who does not know that one must: stricter than the specification. */
export function looksLikeRecord(bytes: Uint8Array, at: number, side: Side | null): boolean {
  if (bytes[at] !== VERSION || bytes[at + 7] !== 0) return false;
  const type = bytes[at + 1]!;
  if (type === 0 || type >= FACTS.length) return false;
  if (side !== null && !isOf(type, side)) return false;
  const isManagement = (FACTS[type]! & MANAGEMENT) !== 0;
  if (isManagement !== (uint16(bytes, at + 2) === 0)) return false;
  return hasFixedLength(bytes, at);
}

/** Bytes of the record whose header stands at `at`. */
export function recordLength(bytes: Uint8Array, at: number): number {
  return RECORD_HEADER + uint16(bytes, at + 4) + bytes[at + 6]!;
}

/** Records that stand one after the other, what is said of them by `recordChain`; shared, used at once. */
export const chain = { records: 0, isWhole: false };

/**
 * Follows records from `from` on, as far as [from, to) shows, into `chain`: how many of them begin there, and
 * whether the last one ends with the bytes.
 * @returns false: what follows one is none, or nothing is one
 */
export function recordChain(bytes: Uint8Array, from: number, to: number, side: Side | null): boolean {
  chain.records = 0;
  let at = from;
  for (; at + RECORD_HEADER <= to; at += recordLength(bytes, at)) {
    if (!looksLikeRecord(bytes, at, side)) return false;
    chain.records++;
  }
  chain.isWhole = at === to;
  // A header that is cut shows its first bytes.
  return chain.records > 0 && (at >= to || bytes[at] === VERSION);
}
