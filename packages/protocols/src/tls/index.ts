import { type Protocol, type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { CLIENT_HELLO, SERVER_HELLO } from './handshake.ts';
import { createTlsParser } from './parser.ts';
import { HANDSHAKE, isRecordHeader, RECORD_HEADER } from './records.ts';

const SURE = 0.95;
/** A record of an encrypted connection: five bytes that look right. */
const LIKELY = 0.8;

function detect(bytes: Uint8Array): number {
  if (bytes.length < RECORD_HEADER || !isRecordHeader(bytes)) return 0;
  if (bytes[0] !== HANDSHAKE) return LIKELY;
  const message = bytes[RECORD_HEADER];
  return message === undefined || message === CLIENT_HELLO || message === SERVER_HELLO ? SURE : LIKELY;
}

function sideOf(bytes: Uint8Array): Side | null {
  if (bytes[0] !== HANDSHAKE) return null;
  const message = bytes[RECORD_HEADER];
  return message === CLIENT_HELLO ? TO_SERVER : message === SERVER_HELLO ? TO_CLIENT : null;
}

/** TLS records as they are on the wire (RFC 8446 and 5246): handshakes, and application data that nobody decrypts. */
export const tls: Protocol = { name: 'tls', detect, sideOf, createParser: createTlsParser };
