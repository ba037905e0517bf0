import { type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import {
  COM_QUERY,
  COM_STMT_BULK_EXECUTE,
  COM_STMT_EXECUTE,
  COM_STMT_PREPARE,
  commandOf,
} from './commands.ts';
import { FRAME_HEADER } from './frames.ts';
import { greetingVersion, likeLogin, statusWord } from './handshake.ts';
import { HEADER } from './packets.ts';
import { readQueryHead } from './query.ts';
import { likeSql } from './text.ts';
import { encodedInteger, int2, int3, int4 } from './wire.ts';

/** How sure. Below `POSSIBLE` bytes are not read after a loss. */
export const SURE = 1;
export const PROBABLE = 0.9;
/** So short that other protocols' messages look the same. */
export const POSSIBLE = 0.4;
/** Too few bytes to tell. */
export const UNDECIDED = 0.2;

/**
 * Columns of the result set that begins with this packet, null if none does. Its payload is the count alone; beside it
 * may stand a byte that says whether definitions follow: before it in MySQL (CLIENT_OPTIONAL_RESULTSET_METADATA), behind
 * it in MariaDB (MARIADB_CLIENT_CACHE_METADATA). No count makes the two look alike.
 * @returns how many definitions follow
 */
export function resultColumns(b: Uint8Array, length: number): number | null {
  const first = b[0]!;
  if (length === 1) return first > 0 && first < 0xfb ? first : null;
  if (length > 4 || first > 0xfc) return null;
  const count = encodedInteger(b, 0, length);
  const width = first === 0xfc ? 3 : 1;
  if (count > 0 && length === width) return count;
  if (count > 0 && length === width + 1 && b[width]! <= 1) return b[width] === 1 ? count : 0;
  if (first > 1) return null;
  const behind = encodedInteger(b, 1, length);
  return behind > 0 && (length === 2 || b[1] === 0xfc) ? (first === 1 ? behind : 0) : null;
}

/** How sure the client's bytes are packets, from the first one on. */
export function likeRequests(b: Uint8Array): number {
  if (b.length < HEADER + 1) return b.length === HEADER && isHeader(b, 0) && b[3] === 0 ? UNDECIDED : 0;
  if (!isHeader(b, 0)) return 0;
  if (b[3] !== 0) {
    const isLogin =
      b[3]! <= 2 && int3(b, 0) >= 32 && likeLogin(b, HEADER, Math.min(b.length, HEADER + int3(b, 0)));
    return isLogin ? SURE : 0;
  }
  let at = 0;
  let sure = 0;
  // What follows a command in the same bytes is one too.
  for (let n = 0; n < 8 && at + HEADER < b.length; n++) {
    const one = likeCommand(b, at);
    if (one === 0) return 0;
    sure = Math.max(sure, one);
    at += HEADER + int3(b, at);
  }
  return sure;
}

function isHeader(b: Uint8Array, at: number): boolean {
  return int3(b, at) > 0;
}

function likeCommand(b: Uint8Array, at: number): number {
  const length = int3(b, at);
  if (b[at + 3] !== 0) return 0;
  const from = at + HEADER;
  const byte = b[from]!;
  if (commandOf(byte, length) === null) return 0;
  const to = Math.min(b.length, from + length);
  switch (byte) {
    case COM_QUERY:
    case COM_STMT_PREPARE: {
      const payload = b.subarray(from, to);
      const head = byte === COM_QUERY ? readQueryHead(payload, payload.length) : { textAt: 1 };
      // Attributes that go on behind what is there: their form is a sign of its own.
      if (head === null) return POSSIBLE;
      return likeSql(payload, head.textAt, payload.length) ? PROBABLE : 0;
    }
    case COM_STMT_EXECUTE:
      if (to - from < 10) return UNDECIDED;
      return int4(b, from + 1) > 0 && b[from + 5]! <= 0x0f && int4(b, from + 6) === 1 ? PROBABLE : 0;
    case COM_STMT_BULK_EXECUTE:
      return to === from + length ? POSSIBLE : 0;
    default:
      return to === from + length || length > 64 ? POSSIBLE : UNDECIDED;
  }
}

/** How sure the server's bytes are packets, from the first one on. */
export function likeResponses(b: Uint8Array): number {
  if (b.length < HEADER + 1) return b.length === HEADER && isHeader(b, 0) && b[3]! <= 1 ? UNDECIDED : 0;
  const length = int3(b, 0);
  if (length === 0) return 0;
  const to = Math.min(b.length, HEADER + length);
  const byte = b[HEADER]!;
  if (b[3] === 0) {
    const version = greetingVersion(b, HEADER, to);
    return version === null || length < 30 || length > LONGEST_GREETING
      ? 0
      : version === ''
        ? UNDECIDED
        : SURE;
  }
  if (b[3] !== 1) return 0;
  if (byte === 0xff) return likeError(b, length);
  const columns = resultColumns(b.subarray(HEADER, to), length);
  if (columns !== null) return columns > 0 && b.length > to ? likeDefinition(b, to) : POSSIBLE;
  if (byte === 0x00 && length === 12 && b.length > to + HEADER) return likeDefinition(b, to);
  const isWhole = b.length === to && to === HEADER + length;
  if (byte === 0x00 && length >= 7)
    return isWhole && statusWord(b.subarray(HEADER), length, length) >= 0 ? POSSIBLE : 0;
  if (byte === 0xfe && length === 5) return isWhole ? POSSIBLE : 0;
  return likeDefinition(b, 0);
}

/** Version, salt, flags and the name of a plugin. */
const LONGEST_GREETING = 1024;

/** `#` and five letters or digits stand behind the code of an error. */
function likeError(b: Uint8Array, length: number): number {
  const code = int2(b, HEADER + 1);
  if (length < 9 || length > 1024 || code < 1000 || code > 20_000) return 0;
  for (let i = HEADER + 3; i < Math.min(b.length, HEADER + 9); i++) {
    if (b[i]! < 32 || b[i]! > 126 || (i === HEADER + 3 && b[i] !== 0x23)) return 0;
  }
  return b.length > HEADER + 3 ? PROBABLE : UNDECIDED;
}

/** Column definitions begin with the catalog, which is always `def`. */
function likeDefinition(b: Uint8Array, at: number): number {
  const text = at + HEADER;
  for (let i = 0; i < 4 && text + i < b.length; i++) if (b[text + i] !== DEF[i]) return 0;
  return b.length >= text + 4 ? PROBABLE : POSSIBLE;
}
const DEF = [3, 0x64, 0x65, 0x66];

/** Header and check sum of zlib, and how much DEFLATE can make of a byte. */
const ZLIB_BYTES = 6;
const MOST_INFLATED = 1032;

/** How sure the bytes are compressed frames, from the first one on. */
export function likeFrames(b: Uint8Array, side: Side): number {
  if (b.length < FRAME_HEADER + 2 || int3(b, 0) === 0 || b[3] !== (side === TO_SERVER ? 0 : 1)) return 0;
  const inflated = int3(b, 4);
  if (inflated === 0) {
    const inner = b.subarray(FRAME_HEADER, FRAME_HEADER + int3(b, 0));
    return side === TO_SERVER ? likeRequests(inner) : likeResponses(inner);
  }
  // The header of zlib with its check (RFC 1950 §2.2), and nothing is compressed that would grow.
  const isZlib = b[7] === 0x78 && ((b[7] << 8) | b[8]!) % 31 === 0;
  const deflated = int3(b, 0) - ZLIB_BYTES;
  const isRatio = inflated > deflated - 16 && inflated <= deflated * MOST_INFLATED;
  return isZlib && isRatio && inflated >= 50 ? PROBABLE : 0;
}

/** As `Protocol.detect`. */
export function detect(b: Uint8Array, side: Side | null): number {
  let sure = 0;
  if (side !== TO_CLIENT) sure = Math.max(likeRequests(b), likeFrames(b, TO_SERVER));
  if (side !== TO_SERVER) sure = Math.max(sure, likeResponses(b), likeFrames(b, TO_CLIENT));
  return sure;
}

/** As `Protocol.sideOf`. */
export function sideOf(b: Uint8Array): Side | null {
  const request = Math.max(likeRequests(b), likeFrames(b, TO_SERVER));
  const response = Math.max(likeResponses(b), likeFrames(b, TO_CLIENT));
  if (request === response) return null;
  return request > response ? TO_SERVER : TO_CLIENT;
}
