import type { Attributes, AttributeValue } from '@weft/model';
import { createTurnsParser } from '../opaque/index.ts';
import {
  type Message,
  type MessageSink,
  type Parser,
  type ParserOptions,
  type Side,
  TO_CLIENT,
  TO_SERVER,
} from '../protocol.ts';
import {
  alertName,
  CERTIFICATE,
  CLIENT_HELLO,
  readClientHello,
  readNotAfter,
  readServerHello,
  SERVER_HELLO,
  type ServerHello,
  versionName,
} from './handshake.ts';
import { RecordTrack } from './record-track.ts';
import {
  ALERT,
  APPLICATION_DATA,
  CHANGE_CIPHER_SPEC,
  HANDSHAKE,
  RECORD_HEADER,
  RecordFraming,
} from './records.ts';

/** Handshake messages longer than this are not read. */
const MOST_MESSAGE = 32_768;
const MESSAGE_HEADER = 4;
const TLS_1_3 = 0x0304;
/** An alert's two bytes; encrypted in TLS 1.3 they are a record of 19. */
const ALERT_BYTES = 2;
const ENCRYPTED_ALERT_BYTES = 19;

/** Reads the records of a TLS connection. */
export interface TlsParser extends Parser {
  /** Something else sees the plaintext: application data gives no messages any more. */
  claim(): void;
  /** Records that carry application data. */
  records(side: Side): RecordTrack;
  /**
   * Position by which both ends know a byte. Session tickets come before the first answer, and only the server can tell them
   * from it: that answer is known by where the handshake's began.
   */
  wirePosition(side: Side, position: number): number;
  /** Attributes of the connection that are known so far. */
  readonly attributes: Attributes;
}

/**
 * The handshake as one exchange, from the ClientHello to the last message that is needed, or to the alert that ends it;
 * application data as turns that nobody reads, unless something else does.
 */
export function createTlsParser(sink: MessageSink, _options: ParserOptions): TlsParser {
  const tracks = [new RecordTrack(), new RecordTrack()] as const;
  const attributes: Record<string, AttributeValue> = { 'tls.protocol.name': 'tls' };
  let turns: Parser | null = null;
  let claimed = false;
  let request: Message | null = null;
  let hello: ServerHello | null = null;
  let isConcluded = false;
  /** Positions behind the last record by side. */
  const reached: [number, number] = [0, 0];
  const ciphered: [boolean, boolean] = [false, false];
  /** A handshake message that spans records, by side. */
  const pending: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)];
  let answerStart = -1;
  let serverCipheredFirst = false;
  let hasClientData = false;
  /** The first question after the handshake has been answered, and another one asked. */
  let isFirstAnswered = false;
  let isFirstOver = false;

  function conclude(error: string | null): void {
    if (isConcluded) return;
    isConcluded = true;
    if (request === null || answerStart < 0) return;
    const found: Record<string, AttributeValue> = { ...attributes, 'tls.established': error === null };
    if (error !== null) found['error.type'] = error;
    const response: Message = {
      side: TO_CLIENT,
      kind: 'response',
      pairingId: null,
      start: answerStart,
      name: '',
      status: error === null ? 'ok' : 'error',
      attributes: found,
      carried: null,
    };
    sink.message(response);
    sink.end(response, reached[TO_CLIENT], null);
  }

  function clientHello(body: Uint8Array, start: number, end: number): void {
    if (request !== null) return;
    const offered = readClientHello(body);
    const about: Record<string, AttributeValue> = { 'tls.protocol.name': 'tls' };
    if (offered.serverName !== '') {
      about['server.address'] = offered.serverName;
      about['tls.client.server_name'] = offered.serverName;
    }
    if (offered.alpn.length > 0) about['weft.tls.client.alpn'] = offered.alpn.join(',');
    request = {
      side: TO_SERVER,
      kind: 'request',
      pairingId: null,
      start,
      name: 'TLS handshake',
      status: 'unset',
      attributes: about,
      carried: null,
    };
    sink.message(request);
    sink.end(request, end, null);
  }

  function serverHello(body: Uint8Array, start: number): void {
    const read = readServerHello(body);
    if (answerStart < 0) answerStart = start;
    if (read.isRetry) return;
    hello = read;
    const version = versionName(read.version);
    if (version !== null) attributes['tls.protocol.version'] = version;
    attributes['weft.tls.cipher_suite'] = read.cipherSuite;
    if (read.alpn !== '') attributes['tls.next_protocol'] = read.alpn;
    if (read.isResumed) attributes['tls.resumed'] = true;
  }

  function handshakeMessages(side: Side, start: number, body: Uint8Array, end: number): void {
    let bytes = body;
    if (pending[side].length > 0) {
      bytes = new Uint8Array(pending[side].length + body.length);
      bytes.set(pending[side]);
      bytes.set(body, pending[side].length);
      pending[side] = new Uint8Array(0);
    }
    let at = 0;
    while (at + MESSAGE_HEADER <= bytes.length) {
      const length = (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
      const next = at + MESSAGE_HEADER + length;
      if (next > bytes.length) {
        if (next - at <= MOST_MESSAGE) pending[side] = bytes.slice(at);
        return;
      }
      const message = bytes.subarray(at + MESSAGE_HEADER, next);
      if (bytes[at] === CLIENT_HELLO && side === TO_SERVER) clientHello(message, start, end);
      else if (bytes[at] === SERVER_HELLO && side === TO_CLIENT) serverHello(message, start);
      else if (bytes[at] === CERTIFICATE && side === TO_CLIENT) {
        const notAfter = readNotAfter(message);
        if (notAfter !== null) attributes['tls.server.not_after'] = notAfter;
      }
      at = next;
    }
  }

  function alert(side: Side, start: number, length: number, body: Uint8Array): void {
    const isClear = length === ALERT_BYTES && body.length === ALERT_BYTES;
    if (isClear && body[1] === 0) return;
    if (side === TO_CLIENT && answerStart < 0) answerStart = start;
    conclude(isClear ? alertName(body[1]!) : 'encrypted_alert');
  }

  function changeCipher(side: Side): void {
    // In TLS 1.3 it is a formality for the sake of middleboxes.
    if (hello === null || hello.version === TLS_1_3) return;
    ciphered[side] = true;
    if (side === TO_CLIENT && !ciphered[TO_SERVER]) serverCipheredFirst = true;
    if (!ciphered[TO_SERVER] || !ciphered[TO_CLIENT]) return;
    if (serverCipheredFirst) attributes['tls.resumed'] = true;
    conclude(null);
  }

  function applicationData(side: Side, start: number, length: number): void {
    if (!isConcluded && hello?.version === TLS_1_3) {
      // The client's first encrypted record is its Finished, or its refusal.
      if (side === TO_SERVER) conclude(length === ENCRYPTED_ALERT_BYTES ? 'encrypted_alert' : null);
      return;
    }
    tracks[side].add(start, length);
    // The farewell of TLS 1.3 looks like data, but for its length.
    if (claimed || (hello?.version === TLS_1_3 && length === ENCRYPTED_ALERT_BYTES)) return;
    if (side === TO_SERVER) {
      hasClientData = true;
      isFirstOver ||= isFirstAnswered;
    } else {
      // Session tickets come before anything was asked for.
      if (!hasClientData && request !== null) return;
      isFirstAnswered = true;
    }
    turns ??= createTurnsParser(sink, { 'weft.opaque': true, 'weft.tls': true, ...attributes });
    turns.gap(side, start, reached[side] - start);
  }

  const framing = ([TO_SERVER, TO_CLIENT] as const).map(
    (side) =>
      new RecordFraming(
        side,
        {
          record(_side, type, start, length, body) {
            reached[side] = start + RECORD_HEADER + length;
            if (type === HANDSHAKE && !ciphered[side]) handshakeMessages(side, start, body, reached[side]);
            else if (type === ALERT) alert(side, start, length, body);
            else if (type === CHANGE_CIPHER_SPEC) changeCipher(side);
            else if (type === APPLICATION_DATA) applicationData(side, start, length);
          },
          lost: () => sink.malformed(side, 'tls_record'),
        },
        (type) => (type === HANDSHAKE && !isConcluded) || type === ALERT,
      ),
  );

  return {
    attributes,
    feed: (side, bytes, position) => framing[side]!.feed(bytes, position),
    gap: (side, position, length) => framing[side]!.gap(position, length),
    finish: (side, position) => turns?.finish(side, position),
    neededFrom: (side) => framing[side]!.needed,
    records: (side) => tracks[side],
    wirePosition: (side, position) =>
      side === TO_CLIENT && answerStart >= 0 && !isFirstOver ? answerStart : position,
    claim() {
      claimed = true;
      turns = null;
    },
  };
}
