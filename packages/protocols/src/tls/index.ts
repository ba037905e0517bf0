import { type Protocol, type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { CLIENT_HELLO, SERVER_HELLO } from './handshake.ts';
import { createTlsParser } from './parser.ts';
import {
  ALERT,
  APPLICATION_DATA,
  CHANGE_CIPHER_SPEC,
  HANDSHAKE,
  isRecordHeader,
  RECORD_HEADER,
} from './records.ts';

const SURE = 0.95;
/** A record of an encrypted connection: five bytes that look right. */
const LIKELY = 0.8;

/** What encryption adds at least (the tag of an AEAD), and as much as an alert or a Finished becomes by it. */
const LEAST_ENCRYPTED = 17;
const MOST_ALERT = 64;
const [LEAST_FINISHED, MOST_FINISHED] = [32, 128];
/** SSL 3 is gone, and a record's version is never that of TLS 1.3 (RFC 8446 §5.1). */
const [TLS_1_0, TLS_1_2] = [1, 3];
/** Handshake messages have a type and 24 bits of length. */
const MESSAGE_HEADER = 4;

/** Stricter than a parser must be: small numbers among zeros, of which many protocols consist, look like records. */
function detect(bytes: Uint8Array): number {
  if (bytes.length < RECORD_HEADER || !isRecordHeader(bytes)) return 0;
  if (bytes[2]! < TLS_1_0 || bytes[2]! > TLS_1_2) return 0;
  const length = (bytes[3]! << 8) | bytes[4]!;
  const end = RECORD_HEADER + length;
  // Another record follows what is whole.
  if (bytes.length >= end + RECORD_HEADER && !isRecordHeader(bytes, end)) return 0;
  switch (bytes[0]) {
    case CHANGE_CIPHER_SPEC:
      return length === 1 && (bytes[RECORD_HEADER] ?? 1) === 1 ? LIKELY : 0;
    case ALERT:
      return length === 2 || (length >= LEAST_ENCRYPTED && length <= MOST_ALERT) ? LIKELY : 0;
    case APPLICATION_DATA:
      return length >= LEAST_ENCRYPTED ? LIKELY : 0;
    default:
      return handshake(bytes, length);
  }
}

function handshake(bytes: Uint8Array, length: number): number {
  const message = bytes[RECORD_HEADER];
  if (message === undefined) return SURE;
  const isHello = message === CLIENT_HELLO || message === SERVER_HELLO;
  if (bytes.length >= RECORD_HEADER + MESSAGE_HEADER) {
    const inner = (bytes[6]! << 16) | (bytes[7]! << 8) | bytes[8]!;
    // A message may go on in the next record, but a short one does not.
    if (isHello) return inner + MESSAGE_HEADER === length || length > 512 ? SURE : 0;
    const isPlain = inner + MESSAGE_HEADER <= length && message <= 24;
    return isPlain || (length >= LEAST_FINISHED && length <= MOST_FINISHED) ? LIKELY : 0;
  }
  return isHello ? SURE : LIKELY;
}

function sideOf(bytes: Uint8Array): Side | null {
  if (bytes[0] !== HANDSHAKE) return null;
  const message = bytes[RECORD_HEADER];
  return message === CLIENT_HELLO ? TO_SERVER : message === SERVER_HELLO ? TO_CLIENT : null;
}

/** TLS records as they are on the wire (RFC 8446 and 5246): handshakes, and application data that nobody decrypts. */
export const tls: Protocol = { name: 'tls', detect, sideOf, createParser: createTlsParser };
