import { bytesOf } from './recorder.ts';

/** HTTP/2 frames as text, one character a byte (RFC 9113 §4.1), and header blocks (RFC 7541) for them. */

export const PREFACE_TEXT = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

const chars = (...bytes: readonly number[]): string => String.fromCharCode(...bytes);
export const number32 = (value: number): string =>
  chars(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

export function frame(type: number, flags: number, streamId: number, payload = ''): string {
  const { length } = payload;
  return chars(length >> 16, (length >> 8) & 255, length & 255, type, flags) + number32(streamId) + payload;
}

const [END_STREAM, END_HEADERS] = [1, 4];

export const settings = (payload = ''): string => frame(4, 0, 0, payload);
export const data = (streamId: number, body: string, ends = false): string =>
  frame(0, ends ? END_STREAM : 0, streamId, body);
export const headers = (streamId: number, block: string, ends = false): string =>
  frame(1, END_HEADERS | (ends ? END_STREAM : 0), streamId, block);
export const reset = (streamId: number, code: number): string => frame(3, 0, streamId, number32(code));
export const goAway = (lastId: number, code: number): string =>
  frame(7, 0, 0, number32(lastId) + number32(code));

function integer(first: number, prefix: number, value: number): string {
  const most = (1 << prefix) - 1;
  if (value < most) return chars(first | value);
  let out = chars(first | most);
  let rest = value - most;
  for (; rest >= 128; rest >>= 7) out += chars((rest & 127) | 128);
  return out + chars(rest);
}

export const indexed = (index: number): string => integer(0x80, 7, index);
const text = (value: string): string => integer(0, 7, value.length) + value;
/** A literal field that is not added to the table. */
export const literal = (name: string, value: string): string => `\x00${text(name)}${text(value)}`;
/** A literal field that becomes entry 62 of the table. */
export const added = (name: string, value: string): string => `\x40${text(name)}${text(value)}`;

export const [GET, POST, HTTP] = [indexed(2), indexed(3), indexed(6)];
export const [OK, NOT_FOUND, ERROR] = [indexed(8), indexed(13), indexed(14)];

export const get = (path: string, fields = ''): string =>
  GET + HTTP + literal(':path', path) + literal(':authority', 'shop:80') + fields;
export const GRPC_TYPE = literal('content-type', 'application/grpc+proto');
export const call = (path: string): string =>
  POST + HTTP + literal(':path', path) + literal('te', 'trailers') + GRPC_TYPE;
/** A length-prefixed message of gRPC. */
export const grpc = (message: string, flags = 0): string => chars(flags) + number32(message.length) + message;
export const status = (code: number): string => literal('grpc-status', String(code));

export const framesOf = (...frames: readonly string[]): Uint8Array => bytesOf(frames.join(''));
