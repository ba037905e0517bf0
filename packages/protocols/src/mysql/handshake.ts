import { latin1 } from '../bytes.ts';
import { textOf } from './text.ts';
import { encodedInteger, int2, int4, lengthOfInteger, zeroAfter } from './wire.ts';

export const CLIENT_CONNECT_WITH_DB = 0x8;
export const CLIENT_COMPRESS = 0x20;
export const CLIENT_PROTOCOL_41 = 0x200;
export const CLIENT_SSL = 0x800;
const CLIENT_SECURE_CONNECTION = 0x8000;
const CLIENT_PLUGIN_AUTH_LENENC_DATA = 0x200000;
export const CLIENT_DEPRECATE_EOF = 0x1000000;
export const CLIENT_ZSTD_COMPRESSION = 0x4000000;

/** Length of an SSLRequest, and of what a HandshakeResponse41 begins with. */
export const FIXED_LOGIN = 32;
/** Kept of a login: flags, user, proof and database stand at its begin. */
export const LOGIN_KEPT = 1024;
const FILLER_FROM = 9;
/** MariaDB puts its own flags into the last four of the 23 bytes that are zero elsewhere. */
const FILLER_TO = 28;
const PROTOCOL_VERSION = 10;
const LONGEST_VERSION = 96;
const SALT = 8;

/**
 * The version in a server's greeting (Protocol::HandshakeV10), null if this is none, '' if it is cut within.
 * @param from where the payload begins
 */
export function greetingVersion(b: Uint8Array, from: number, to: number): string | null {
  if (b[from] !== PROTOCOL_VERSION) return null;
  const end = zeroAfter(b, from + 1, Math.min(to, from + LONGEST_VERSION));
  const last = end < 0 ? Math.min(to, from + LONGEST_VERSION) : end;
  let dots = 0;
  for (let i = from + 1; i < last; i++) {
    if (b[i]! < 32 || b[i]! > 126) return null;
    if (b[i] === 46) dots++;
  }
  if (last > from + 1 && !(b[from + 1]! >= 48 && b[from + 1]! <= 57)) return null;
  if (end < 0) return to - from < LONGEST_VERSION ? '' : null;
  if (dots === 0) return null;
  // Connection id and first half of the salt, and a zero byte.
  const filler = end + 1 + 4 + SALT;
  return filler < to && b[filler] !== 0 ? null : latin1(b, from + 1, end);
}

/** Whether a HandshakeResponse41 or SSLRequest begins there; all of its first 32 bytes must be there. */
export function likeLogin(b: Uint8Array, from: number, to: number): boolean {
  if (to - from < FIXED_LOGIN || (int4(b, from) & CLIENT_PROTOCOL_41) === 0) return false;
  for (let i = FILLER_FROM; i < FILLER_TO; i++) if (b[from + i] !== 0) return false;
  return true;
}

/** What a HandshakeResponse41 says. */
export interface Login {
  readonly capabilities: number;
  /** Database to use, '' if none is named. */
  readonly database: string;
}

/** @param b payload, `likeLogin` is true of it @param to how much of it is there */
export function readLogin(b: Uint8Array, to: number): Login {
  const capabilities = int4(b, 0);
  return { capabilities, database: loginDatabase(b, to, capabilities) };
}

function loginDatabase(b: Uint8Array, to: number, capabilities: number): string {
  if ((capabilities & CLIENT_CONNECT_WITH_DB) === 0) return '';
  const user = zeroAfter(b, FIXED_LOGIN, to);
  if (user < 0) return '';
  let at = user + 1;
  if (capabilities & CLIENT_PLUGIN_AUTH_LENENC_DATA) {
    const length = encodedInteger(b, at, to);
    if (length < 0) return '';
    at += lengthOfInteger(b[at]!) + length;
  } else if (capabilities & CLIENT_SECURE_CONNECTION) at += 1 + (b[at] ?? 0);
  else at = zeroAfter(b, at, to) + 1;
  const end = zeroAfter(b, at, to);
  return end < 0 || at === 0 ? '' : textOf(b, at, end);
}

/** Database of a COM_CHANGE_USER (with CLIENT_SECURE_CONNECTION, which servers since 4.1 require), '' if none is named. */
export function changedDatabase(b: Uint8Array, to: number): string {
  const user = zeroAfter(b, 1, to);
  if (user < 0) return '';
  const at = user + 2 + (b[user + 1] ?? 0);
  const end = zeroAfter(b, at, to);
  return end < 0 ? '' : textOf(b, at, end);
}

/** Flags that matter of a status word (`SERVER_STATUS_flags_enum`). */
export const MORE_RESULTS = 0x0008;
export const CURSOR_EXISTS = 0x0040;

/** Status word of an OK packet, or of an EOF packet; -1: this is none. @param length of its payload @param to how much is there */
export function statusWord(b: Uint8Array, length: number, to: number): number {
  if (b[0] === 0xfe && length === 5) return int2(b, 3);
  let at = 1;
  for (let i = 0; i < 2; i++) {
    // Affected rows and the last inserted id, which may be of eight bytes.
    const width = at < to ? lengthOfInteger(b[at]!) : 0;
    if (width === 0) return -1;
    at += width;
  }
  return at + 2 > to ? -1 : int2(b, at);
}
