/** Messages of Dubbo's protocol, and values of Hessian 2.0, as text, one character a byte. */

const chars = (...bytes: readonly number[]): string => String.fromCharCode(...bytes);
const number16 = (value: number): string => chars((value >> 8) & 255, value & 255);
const number32 = (value: number): string => number16(value >>> 16) + number16(value);

const [REQUEST, TWO_WAY, EVENT] = [0x80, 0x40, 0x20];

function message(flags: number, status: number, id: number | string, body: string): string {
  const bytes =
    typeof id === 'string'
      ? chars(...Buffer.from(id, 'hex'))
      : number32(Math.floor(id / 2 ** 32)) + number32(id % 2 ** 32);
  return chars(0xda, 0xbb, flags, status) + bytes + number32(body.length) + body;
}

export const request = (id: number | string, body: string, serialization = 2): string =>
  message(REQUEST | TWO_WAY | serialization, 0, id, body);
export const oneWay = (id: number, body: string): string => message(REQUEST | 2, 0, id, body);
export const response = (id: number | string, body: string, status = 20, serialization = 2): string =>
  message(serialization, status, id, body);
export const heartbeat = (id: number): string => message(REQUEST | TWO_WAY | EVENT | 2, 0, id, 'N');
export const heartbeatAnswer = (id: number): string => message(EVENT | 2, 20, id, 'N');
export const readOnly = (id: number): string => message(REQUEST | EVENT | 2, 0, id, '\x01R');

/** A string of Hessian, of ASCII. */
export function text(value: string): string {
  const { length } = value;
  if (length < 32) return chars(length) + value;
  if (length < 1024) return chars(0x30 + (length >> 8), length & 255) + value;
  return `S${number16(length)}${value}`;
}

export const map = (entries: Readonly<Record<string, string>>): string =>
  `H${Object.entries(entries)
    .map(([name, value]) => text(name) + text(value))
    .join('')}Z`;

/** The body of a call. @param types JVM descriptors @param args a value of Hessian for each */
export const call = (
  method: string,
  types: string,
  args: string,
  attachments: Readonly<Record<string, string>> = {},
  path = 'shop.Cart',
): string =>
  ['2.0.2', path, '1.0.0', method, types].map(text).join('') + args + map({ path, ...attachments });

/** A value and attachments. */
export const value = (of: string): string => `\x94${of}${map({ dubbo: '2.0.2' })}`;
/** An exception of that class with one field, and attachments. */
export const thrown = (className: string): string =>
  `\x93C${text(className)}\x91${text('detailMessage')}\x60${text('no')}${map({ dubbo: '2.0.2' })}`;

/** fastjson2: values behind their lengths, as JSONB. */
const jsonb = (of: string): string =>
  of.length < 48 ? chars(0x49 + of.length) + of : `y${chars(0x38 + (of.length >> 8), of.length & 255)}${of}`;
const element = (bytes: string): string => number32(bytes.length) + bytes;
export const jsonbCall = (method: string, attachments: Readonly<Record<string, string>>): string =>
  ['2.0.2', 'shop.Cart', '1.0.0', method, 'I'].map((part) => element(jsonb(part))).join('') +
  element('\x07') +
  element(
    `\xa6${Object.entries(attachments)
      .map(([name, of]) => jsonb(name) + jsonb(of))
      .join('')}\xa5`,
  );
export const jsonbThrown = (className: string): string =>
  element('\xbd\x03') + element(`\x92${jsonb(className)}\xa6\xa5`);

/** Kryo: the last character of a text has its highest bit set. */
export const kryo = (of: string): string => of.slice(0, -1) + chars(of.charCodeAt(of.length - 1) | 0x80);
