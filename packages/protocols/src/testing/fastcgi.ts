/** FastCGI records as text, one character a byte (FastCGI 1.0 §3.3). */

const chars = (...bytes: readonly number[]): string => String.fromCharCode(...bytes);
const number16 = (value: number): string => chars(value >> 8, value & 255);

/** @param padded as most implementations do: to a multiple of 8 bytes */
export function record(type: number, id: number, content = '', padded = true): string {
  const padding = padded ? -content.length & 7 : 0;
  const lengths = number16(content.length) + chars(padding, 0);
  return chars(1, type) + number16(id) + lengths + content + '\0'.repeat(padding);
}

function length(value: string): string {
  const { length } = value;
  if (length < 128) return chars(length);
  return chars(0x80 | (length >>> 24), (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
}

export const pairs = (params: Readonly<Record<string, string>>): string =>
  Object.entries(params)
    .map(([name, value]) => length(name) + length(value) + name + value)
    .join('');

export const begin = (id: number, { role = 1, keep = true } = {}): string =>
  record(1, id, number16(role) + chars(keep ? 1 : 0) + '\0'.repeat(5));
export const abort = (id: number): string => record(2, id);
export const end = (id: number, appStatus = 0, protocolStatus = 0): string =>
  record(3, id, number16(appStatus >> 16) + number16(appStatus & 0xffff) + chars(protocolStatus, 0, 0, 0));

/** A stream in one or more records, with the empty one that ends it. */
export const stream = (type: number, id: number, ...parts: readonly string[]): string =>
  parts
    .filter((part) => part !== '')
    .map((part) => record(type, id, part))
    .join('') + record(type, id);

export const params = (id: number, all: Readonly<Record<string, string>>): string =>
  stream(4, id, pairs(all));
export const stdin = (id: number, ...parts: readonly string[]): string => stream(5, id, ...parts);
export const stdout = (id: number, ...parts: readonly string[]): string =>
  parts.map((part) => record(6, id, part)).join('');
export const stderr = (id: number, text: string): string => record(7, id, text);
export const getValues = record(9, 0, pairs({ FCGI_MAX_CONNS: '', FCGI_MPXS_CONNS: '' }));
export const values = record(10, 0, pairs({ FCGI_MPXS_CONNS: '0' }));

/** As nginx asks for a page. */
export const get = (id: number, uri = '/index.php', more: Readonly<Record<string, string>> = {}): string =>
  begin(id) +
  params(id, { QUERY_STRING: '', REQUEST_METHOD: 'GET', REQUEST_URI: uri, SERVER_NAME: 'shop', ...more }) +
  stdin(id);
export const page = (id: number, body = 'hello', head = 'Content-type: text/html\r\n\r\n'): string =>
  stdout(id, head + body) + end(id);
