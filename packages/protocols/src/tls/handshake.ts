import { latin1 } from '../bytes.ts';

/** Handshake messages of TLS 1.2 (RFC 5246, 7.4) and 1.3 (RFC 8446, 4) that travel in the clear. */

export const CLIENT_HELLO = 1;
export const SERVER_HELLO = 2;
export const CERTIFICATE = 11;

const EXTENSION = { serverName: 0, alpn: 16, supportedVersions: 43, preSharedKey: 41 } as const;

export interface ClientHello {
  /** Empty: the client names nobody. */
  readonly serverName: string;
  /** Application protocols that it offers, in its order of preference. */
  readonly alpn: readonly string[];
  /** Versions that it offers, such as 0x0304. */
  readonly versions: readonly number[];
}

export interface ServerHello {
  /** Version that was agreed on, such as 0x0304. */
  readonly version: number;
  readonly cipherSuite: number;
  /** Application protocol (TLS 1.2; in 1.3 it is encrypted), or empty. */
  readonly alpn: string;
  /** The server asks for another ClientHello (RFC 8446, 4.1.4). */
  readonly isRetry: boolean;
  /** A session of before is taken up (TLS 1.3; in 1.2 only the whole handshake shows it). */
  readonly isResumed: boolean;
}

/** Reads big-endian numbers and vectors; past the end everything is 0 and empty. */
class Cursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = Math.min(end, bytes.length);
  }

  get isDone(): boolean {
    return this.at >= this.end;
  }

  number(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + (this.at < this.end ? this.bytes[this.at++]! : 0);
    return value;
  }

  /** A vector: its length in `size` bytes, and what follows, as far as it is there. */
  vector(size: number): Cursor {
    const length = this.number(size);
    const inner = new Cursor(this.bytes, this.at, Math.min(this.end, this.at + length));
    this.at += length;
    return inner;
  }

  text(): string {
    return latin1(this.bytes, this.at, this.end);
  }
}

const MOST_NAMES = 32;

function namesIn(list: Cursor): string[] {
  const names: string[] = [];
  while (!list.isDone && names.length < MOST_NAMES) names.push(list.vector(1).text());
  return names;
}

function eachExtension(hello: Cursor, visit: (type: number, body: Cursor) => void): void {
  const extensions = hello.vector(2);
  while (!extensions.isDone) visit(extensions.number(2), extensions.vector(2));
}

/** @param body of the message, behind its header of four bytes */
export function readClientHello(body: Uint8Array): ClientHello {
  const hello = new Cursor(body);
  const version = hello.number(2);
  hello.at += 32;
  hello.vector(1);
  hello.vector(2);
  hello.vector(1);
  let serverName = '';
  let alpn: string[] = [];
  const versions: number[] = [];
  eachExtension(hello, (type, content) => {
    if (type === EXTENSION.serverName) {
      const names = content.vector(2);
      if (names.number(1) === 0) serverName = names.vector(2).text();
    } else if (type === EXTENSION.alpn) {
      alpn = namesIn(content.vector(2));
    } else if (type === EXTENSION.supportedVersions) {
      const offered = content.vector(1);
      while (!offered.isDone && versions.length < MOST_NAMES) versions.push(offered.number(2));
    }
  });
  return { serverName, alpn, versions: versions.length > 0 ? versions : [version] };
}

/** First bytes of the random value that says HelloRetryRequest (RFC 8446, 4.1.3). */
const RETRY = 0xcf21ad74;

/** @param body of the message, behind its header of four bytes */
export function readServerHello(body: Uint8Array): ServerHello {
  const hello = new Cursor(body);
  let version = hello.number(2);
  const isRetry = hello.number(4) === RETRY;
  hello.at += 28;
  hello.vector(1);
  const cipherSuite = hello.number(2);
  hello.number(1);
  let alpn = '';
  let isResumed = false;
  eachExtension(hello, (type, content) => {
    if (type === EXTENSION.supportedVersions) version = content.number(2);
    else if (type === EXTENSION.alpn) alpn = namesIn(content.vector(2))[0] ?? '';
    else if (type === EXTENSION.preSharedKey) isResumed = true;
  });
  return { version, cipherSuite, alpn, isRetry, isResumed };
}

/** `1.3` of 0x0304; null: unknown. */
export function versionName(version: number): string | null {
  if (version === 0x0300) return 'ssl3';
  return version > 0x0300 && version <= 0x0304 ? `1.${version - 0x0301}` : null;
}

const SEQUENCE = 0x30;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const EXPLICIT_0 = 0xa0;

/** Tag and content of one DER element. */
function element(cursor: Cursor): { readonly tag: number; readonly content: Cursor } {
  const tag = cursor.number(1);
  let length = cursor.number(1);
  if (length > 0x80) length = cursor.number(Math.min(4, length & 0x7f));
  const content = new Cursor(cursor.bytes, cursor.at, Math.min(cursor.end, cursor.at + length));
  cursor.at += length;
  return { tag, content };
}

/** When the first certificate of a TLS 1.2 Certificate message ends, ISO 8601; null: not found (RFC 5280, 4.1). */
export function readNotAfter(body: Uint8Array): string | null {
  const certificate = element(new Cursor(body).vector(3).vector(3));
  const signed = element(certificate.content);
  if (certificate.tag !== SEQUENCE || signed.tag !== SEQUENCE) return null;
  const fields = signed.content;
  // version (optional), serial number, signature algorithm, issuer, validity
  if (fields.bytes[fields.at] === EXPLICIT_0) element(fields);
  for (let i = 0; i < 3; i++) element(fields);
  const validity = element(fields).content;
  element(validity);
  const end = element(validity);
  return timeOf(end.tag, end.content.text());
}

function timeOf(tag: number, text: string): string | null {
  if (tag !== UTC_TIME && tag !== GENERALIZED_TIME) return null;
  // Of two digits of the year, those below 50 are of this century (RFC 5280, 4.1.2.5.1).
  const full = tag === GENERALIZED_TIME ? text : `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}`;
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second] = match;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
}

/** Names of alerts (RFC 8446, 6; older numbers from RFC 5246, 7.2). */
const ALERTS: Readonly<Record<number, string>> = {
  0: 'close_notify',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  22: 'record_overflow',
  40: 'handshake_failure',
  42: 'bad_certificate',
  43: 'unsupported_certificate',
  44: 'certificate_revoked',
  45: 'certificate_expired',
  46: 'certificate_unknown',
  47: 'illegal_parameter',
  48: 'unknown_ca',
  49: 'access_denied',
  50: 'decode_error',
  51: 'decrypt_error',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  86: 'inappropriate_fallback',
  90: 'user_canceled',
  109: 'missing_extension',
  110: 'unsupported_extension',
  112: 'unrecognized_name',
  113: 'bad_certificate_status_response',
  115: 'unknown_psk_identity',
  116: 'certificate_required',
  120: 'no_application_protocol',
};

/** Name of an alert's description. */
export function alertName(description: number): string {
  return ALERTS[description] ?? `alert_${description}`;
}
