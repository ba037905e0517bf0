/** Packets of MySQL's protocol for tests, as texts of one character a byte. */

/** @param payload shorter than 64 KiB */
export function packet(sequence: number, payload: string): string {
  return String.fromCharCode(payload.length & 255, payload.length >> 8, 0, sequence & 255) + payload;
}

/** Packets of one response, numbered on from the request's. */
export function packets(...payloads: readonly string[]): string {
  return payloads.map((payload, i) => packet(i + 1, payload)).join('');
}

/** A string with its length before it. @param text shorter than 251 */
export const encoded = (text: string): string => String.fromCharCode(text.length) + text;

export const OK = '\x00\x00\x00\x02\x00\x00\x00';
export const EOF = '\xfe\x00\x00\x02\x00';
export const COLUMN = `\x03def${'\x00'.repeat(3)}\x01c\x00\x0c\x21\x00\xff\x00\x00\x00\xfd\x00\x00\x00\x00\x00`;
/** No such table. */
export const ERR = '\xff\x7a\x04#42S02Table shop.nowhere does not exist';

export const query = (text: string): string => packet(0, `\x03${text}`);
export const prepare = (text: string): string => packet(0, `\x16${text}`);
/** With one parameter, a string. @param id below 256, or -1: all ones */
export const execute = (id: number): string =>
  packet(0, `\x17${statementId(id)}\x00\x01\x00\x00\x00\x00\x01\xfe\x00\x01x`);
export const closeStatement = (id: number): string => packet(0, `\x19${statementId(id)}`);

function statementId(id: number): string {
  return id < 0 ? '\xff\xff\xff\xff' : `${String.fromCharCode(id)}\x00\x00\x00`;
}

/** First packet of the response to a prepare. */
export const prepared = (id: number, columns: number, parameters: number): string =>
  `\x00${statementId(id)}${String.fromCharCode(columns)}\x00${String.fromCharCode(parameters)}\x00\x00\x00\x00`;

/**
 * Payloads of a result set of one column: with EOF packets, or with an OK in place of the last one.
 * @param more another result follows
 */
export function resultSet(rows: readonly string[], eofs: boolean, more: boolean = false): readonly string[] {
  const status = more ? '\x0a\x00' : '\x02\x00';
  const end = eofs ? `\xfe\x00\x00${status}` : `\xfe\x00\x00${status}\x00\x00`;
  return ['\x01', COLUMN, ...(eofs ? [EOF] : []), ...rows.map(encoded), end];
}

/** What a server says first. */
export const greeting = (version: string): string =>
  packet(
    0,
    `\x0a${version}\x00\x07\x00\x00\x00saltsalt\x00\xff\xf7\x21\x02\x00\xff\x81\x15${'\x00'.repeat(10)}saltsaltsalt\x00`,
  );

export const DEPRECATE_EOF = 0x1000000;
export const COMPRESS = 0x20;
const ALWAYS = 0x0208a205 | 0x8;

/** Answer to it: user root, a proof of 20 bytes. @param flags besides the usual */
export function login(database: string, flags: number = 0): string {
  const all = (ALWAYS & ~0x2000000) | flags;
  const bytes = String.fromCharCode(all & 255, (all >> 8) & 255, (all >> 16) & 255, (all >> 24) & 255);
  return packet(
    1,
    `${bytes}\x00\x00\x00\x01\x21${'\x00'.repeat(23)}root\x00\x14${'p'.repeat(20)}${database}\x00mysql_native_password\x00`,
  );
}
/** SSLRequest. */
export const sslRequest = packet(1, `\x05\xaa\x0b\x00\x00\x00\x00\x01\x21${'\x00'.repeat(23)}`);
