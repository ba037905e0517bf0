import { ascii, byteSet, bytesAt, DIGITS, LOWER, latin1, UPPER } from '../bytes.ts';
import { lineFeed } from './lines.ts';

const SP = 32;
const CR = 13;
const SLASH = 47;
const STAR = 42;
const ZERO = 48;
const LONGEST_METHOD = 32;

/** RFC 9110 §5.6.2 `tchar`. */
const TOKEN = byteSet(`!#$%&'*+-.^_\`|~${DIGITS}${LOWER}${UPPER}`);

/** Known to the semantic conventions (RFC 9110, PATCH of RFC 5789, QUERY); others are `_OTHER` there. */
export const STANDARD_METHODS: readonly string[] = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'CONNECT',
  'TRACE',
  'QUERY',
];
/** In real use (WebDAV, caches, UPnP): good enough to recognise HTTP by. */
const COMMON = [
  'PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT SEARCH PURGE BAN LINK UNLINK MERGE CHECKOUT MKACTIVITY',
  'MKCALENDAR ACL BIND REBIND UNBIND NOTIFY M-SEARCH SUBSCRIBE UNSUBSCRIBE SOURCE MKWORKSPACE MKREDIRECTREF',
]
  .join(' ')
  .split(' ');

interface KnownMethod {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly standard: boolean;
}

/** By length, then in order of how common they are. */
const methodsOfLength: KnownMethod[][] = Array.from({ length: LONGEST_METHOD + 1 }, () => []);
for (const name of STANDARD_METHODS)
  methodsOfLength[name.length]!.push({ name, bytes: ascii(name), standard: true });
for (const name of COMMON) methodsOfLength[name.length]!.push({ name, bytes: ascii(name), standard: false });

function knownMethod(bytes: Uint8Array, from: number, to: number): KnownMethod | null {
  const candidates = methodsOfLength[to - from];
  if (candidates === undefined) return null;
  for (let i = 0; i < candidates.length; i++)
    if (bytesAt(bytes, from, candidates[i]!.bytes)) return candidates[i]!;
  return null;
}

/** Name of a method that the semantic conventions know, else null. */
export function standardMethod(bytes: Uint8Array, from: number, to: number): string | null {
  const known = knownMethod(bytes, from, to);
  return known?.standard ? known.name : null;
}

/** End of the method that begins at `from`: the place of its space; `to` if it may go on there; -1 if it is none. */
export function endOfMethod(bytes: Uint8Array, from: number, to: number): number {
  const limit = Math.min(to, from + LONGEST_METHOD + 1);
  let i = from;
  while (i < limit && TOKEN[bytes[i]!] === 1) i++;
  if (i === to && i - from <= LONGEST_METHOD) return to;
  return i > from && i < limit && bytes[i] === SP ? i : -1;
}

const VERSION = ascii('HTTP/1.');
const VERSION_LENGTH = 8;

/** Where ` HTTP/1.x` begins that ends a request line; -1 if [from, to), without its line end, does not end so. */
export function versionOfRequest(bytes: Uint8Array, from: number, to: number): number {
  const at = to - VERSION_LENGTH;
  if (at - 1 <= from || bytes[at - 1] !== SP || !bytesAt(bytes, at, VERSION)) return -1;
  return isDigit(bytes[to - 1]!) ? at - 1 : -1;
}

/** End of the line's text whose line feed is at `feed`. */
export function endOfLine(bytes: Uint8Array, from: number, feed: number): number {
  return feed > from && bytes[feed - 1] === CR ? feed - 1 : feed;
}

/** How much what stands at `from` looks like a start line. */
export const NO = 0;
/** Too short to tell, nothing against it. */
export const PERHAPS = 1;
/** Its beginning is right; the line is not complete. */
export const LIKELY = 2;
/** A complete start line. */
export const CERTAIN = 3;
export type Likeness = typeof NO | typeof PERHAPS | typeof LIKELY | typeof CERTAIN;

/** Does a request line (RFC 9112 §3) begin here? For detection and resynchronisation, stricter than the parser. */
export function likeRequest(bytes: Uint8Array, from: number, to: number): Likeness {
  const space = endOfMethod(bytes, from, to);
  if (space < 0) return NO;
  if (space === to) return isMethodPrefix(bytes, from, to) ? PERHAPS : NO;
  const known = knownMethod(bytes, from, space) !== null;
  const feed = lineFeed(bytes, space + 1, Math.min(to, from + 16384));
  if (feed >= 0) {
    if (!known && (!isUpper(bytes, from, space) || isMethodEnd(bytes, from, space))) return NO;
    const version = versionOfRequest(bytes, space, endOfLine(bytes, space, feed));
    return version > space + 1 && isText(bytes, space + 1, version) ? CERTAIN : NO;
  }
  if (!known) return NO;
  if (space + 1 === to) return PERHAPS;
  const end = endOfCutTarget(bytes, space + 1, to);
  return looksLikeTarget(bytes, space + 1, end) && isText(bytes, space + 1, Math.min(end, space + 256))
    ? LIKELY
    : NO;
}

/** Where the target ends in a request line that breaks off, perhaps within its version: ` `, ` HTT`, ` HTTP/1.1\r`. */
function endOfCutTarget(bytes: Uint8Array, from: number, to: number): number {
  const text = endOfLine(bytes, from, to);
  const least = Math.max(from + 1, text - VERSION_LENGTH - 1);
  for (let at = text - 1; at >= least; at--) {
    if (bytes[at] !== SP) continue;
    const begun = Math.min(text - at - 1, VERSION.length);
    return bytesAt(bytes, at + 1, VERSION.subarray(0, begun)) ? at : to;
  }
  return to;
}

/** Whether a method that is in common use, and its space, stand here. */
export function hasKnownMethod(bytes: Uint8Array, from: number, to: number): boolean {
  const space = endOfMethod(bytes, from, to);
  return space >= 0 && space < to && knownMethod(bytes, from, space) !== null;
}

/**
 * Whether the first request of a connection may begin here, which may be the middle of something else: a method in
 * capitals and the begin of a target. Any beginning of what passes also passes.
 */
export function mayBeFirst(bytes: Uint8Array, from: number, to: number): boolean {
  const space = endOfMethod(bytes, from, to);
  if (space < 0 || !isUpper(bytes, from, space)) return false;
  return space + 1 >= to || looksLikeTarget(bytes, space + 1, to);
}

/** Does a status line (RFC 9112 §4) begin here? */
export function likeResponse(bytes: Uint8Array, from: number, to: number): Likeness {
  const length = to - from;
  for (let i = 0; i < VERSION.length && i < length; i++) if (bytes[from + i] !== VERSION[i]) return NO;
  if (length < 9) return length < 8 || isDigit(bytes[from + 7]!) ? PERHAPS : NO;
  if (!isDigit(bytes[from + 7]!) || bytes[from + 8] !== SP) return NO;
  for (let i = 9; i < 12 && i < length; i++) if (!isDigit(bytes[from + i]!)) return NO;
  if (length < 12) return PERHAPS;
  if (length === 12) return LIKELY;
  const after = bytes[from + 12]!;
  return after === SP || after === CR || after === 10 ? CERTAIN : NO;
}

/** Code of the status line in [from, to), 100..599 and beyond as sent; -1 if it is none. */
export function statusOf(bytes: Uint8Array, from: number, to: number): number {
  if (likeResponse(bytes, from, to) < LIKELY) return -1;
  const code = (bytes[from + 9]! - ZERO) * 100 + (bytes[from + 10]! - ZERO) * 10 + bytes[from + 11]! - ZERO;
  return code < 100 ? -1 : code;
}

/** `1.1` of the version digit. */
export function versionText(digit: number): string {
  return digit === ZERO + 1 ? '1.1' : digit === ZERO ? '1.0' : `1.${digit - ZERO}`;
}

/** A method that the conventions do not know, as sent. */
export function methodText(bytes: Uint8Array, from: number, to: number): string {
  return latin1(bytes, from, to);
}

/** Whether this is what a cut leaves of a known method: `ET`. */
function isMethodEnd(bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from;
  for (let l = length + 1; l < methodsOfLength.length; l++) {
    for (const method of methodsOfLength[l]!) {
      if (bytesAt(bytes, from, method.bytes.subarray(l - length))) return true;
    }
  }
  return length < 3;
}

function isMethodPrefix(bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from;
  for (let l = Math.max(1, length); l < methodsOfLength.length; l++) {
    for (const method of methodsOfLength[l]!) {
      if (bytesAt(bytes, from, method.bytes.subarray(0, length))) return true;
    }
  }
  return length === 0;
}

const CONNECT = ascii('CONNECT ');
const SCHEME = ascii('http');

/** `/`, `*`, an absolute URI or, for CONNECT, a host: what a target begins with. */
function looksLikeTarget(bytes: Uint8Array, at: number, to: number): boolean {
  const first = bytes[at]!;
  if (first === SLASH) return true;
  if (first === STAR) return at + 1 === to || bytes[at + 1] === SP;
  if (at >= CONNECT.length && bytesAt(bytes, at - CONNECT.length, CONNECT)) return TOKEN[first] === 1;
  return bytesAt(bytes, at, SCHEME.subarray(0, Math.min(SCHEME.length, to - at)));
}

function isText(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i]! <= SP || bytes[i] === 127) return false;
  return true;
}

function isUpper(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (!((byte >= 65 && byte <= 90) || byte === 45 || byte === 95)) return false;
  }
  return true;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}
