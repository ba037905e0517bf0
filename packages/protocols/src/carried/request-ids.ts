import { type HashKey, keyedHash } from '@weft/model';
import { byteSet, DIGITS, LOWER, UPPER } from '../bytes.ts';
import type { RequestId } from '../protocol.ts';

const SHORTEST = 6;
const LONGEST = 200;
/** From here on two requests do not have the same by chance: 64 bits in hex, and what is denser. */
const SPECIFIC = 16;
/** Different characters of a text that somebody drew by lot; `0000000000000001` and `test-test-test-1` have fewer. */
const SPECIFIC_VARIETY = 7;

/**
 * A request id as it may leave the host: hashed, since the value may say something to others.
 * @param name lower case
 * @returns null when it is too short, or too long, to name one request
 */
export function requestIdOf(name: string, value: string, key?: HashKey): RequestId | null {
  if (value.length < SHORTEST || value.length > LONGEST) return null;
  const id = normal(value);
  if (id.length < SHORTEST) return null;
  return { name, hash: keyedHash(withoutTraceReason(id), key), specific: isSpecific(id) };
}

const UUID_LENGTH = 36;
const DASH = 45;
/** Where a UUID tells its version (RFC 9562 §4.2). */
const VERSION = 14;

/**
 * Envoy writes into the version of a UUID why it traces the request (its docs, "x-request-id", `pack_trace_reason`), so that
 * its caller has another id than its upstream.
 */
function withoutTraceReason(id: string): string {
  if (id.length !== UUID_LENGTH) return id;
  for (const at of [8, 13, 18, 23]) if (id.charCodeAt(at) !== DASH) return id;
  return `${id.slice(0, VERSION)}4${id.slice(VERSION + 1)}`;
}

/** What an id consists of; some hop writes it in capitals, or with braces or quotes around it. */
const PART = byteSet(`${DIGITS}${LOWER}${UPPER}_.:=+/-`);

function normal(value: string): string {
  let from = 0;
  let to = value.length;
  while (from < to && PART[value.charCodeAt(from) & 255] === 0) from++;
  while (to > from && PART[value.charCodeAt(to - 1) & 255] === 0) to--;
  return value.slice(from, to).toLowerCase();
}

function isSpecific(id: string): boolean {
  if (id.length < SPECIFIC) return false;
  let digits = 0;
  let variety = 0;
  // One bit a character, those that are 32 apart sharing one.
  let seen = 0;
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    if (code >= 48 && code <= 57) digits++;
    const bit = 1 << (code & 31);
    if ((seen & bit) === 0) variety++;
    seen |= bit;
  }
  return digits > 0 && variety >= SPECIFIC_VARIETY;
}
