import { hash64, hash128, hexWord } from './hash.ts';

declare const idBrand: unique symbol;

/** 16 lower-case hex digits. */
export type SpanId = string & { readonly [idBrand]: 'span' };
/** 32 lower-case hex digits. */
export type TraceId = string & { readonly [idBrand]: 'trace' };
/**
 * 32 lower-case hex digits naming one request/response pair wherever it is seen: a hash of facts that
 * are the same at both ends of the connection (DESIGN §6), so that hosts agree without talking.
 */
export type ExchangeKey = string & { readonly [idBrand]: 'exchange' };

const SPAN_ID = /^[0-9a-f]{16}$/;
const TRACE_ID = /^[0-9a-f]{32}$/;

/** Reads a span id as users and carriers write it; null when it is none (all zero is none: zero is never a key). */
export function parseSpanId(text: string): SpanId | null {
  const lower = text.toLowerCase();
  return SPAN_ID.test(lower) && lower !== '0000000000000000' ? (lower as SpanId) : null;
}

/** Reads a trace id; null when it is none. */
export function parseTraceId(text: string): TraceId | null {
  const lower = text.toLowerCase();
  return TRACE_ID.test(lower) && !/^0+$/.test(lower) ? (lower as TraceId) : null;
}

/** Domains keep keys of different kinds apart, whatever their numbers. */
const DOMAIN_TCP = 1;
const DOMAIN_UNIX = 2;
const DOMAIN_UDP = 3;
const DOMAIN_SPAN = 16;

/**
 * Exchange key of a TCP request/response pair.
 * @param requestSeq TCP sequence of the request's first byte (raw 32 bits, as on the wire)
 * @param responseSeq TCP sequence of the response's first byte; without a response, the position of the
 *   other direction when the request passed (for strict request/response traffic the two are equal)
 * @param streamId the id that multiplexes requests on one connection (HTTP/2), else 0
 */
export function tcpExchangeKey(requestSeq: number, responseSeq: number, streamId = 0): ExchangeKey {
  return hash128(DOMAIN_TCP, requestSeq, responseSeq, streamId, 0, 0, 0) as ExchangeKey;
}

/**
 * Exchange key over a Unix socket: the cookies of both ends (client's first) and the byte offsets
 * that stand in for the sequence. Cookies are 53-bit numbers.
 */
export function unixExchangeKey(
  clientCookie: number,
  serverCookie: number,
  requestOffset: number,
  responseOffset: number,
): ExchangeKey {
  return hash128(
    DOMAIN_UNIX,
    clientCookie,
    clientCookie / 0x1_0000_0000,
    serverCookie,
    serverCookie / 0x1_0000_0000,
    requestOffset,
    responseOffset,
  ) as ExchangeKey;
}

/**
 * Exchange key of a UDP request: both ports, the protocol's own id and a digest of the request's
 * bytes; NAT changes addresses, and seldom ports of such short-lived flows.
 */
export function udpExchangeKey(
  clientPort: number,
  serverPort: number,
  protocolId: number,
  digest: number,
): ExchangeKey {
  return hash128(DOMAIN_UDP, clientPort, serverPort, protocolId, digest, 0, 0) as ExchangeKey;
}

/**
 * Id of the span that an observation point gives of an exchange. Both hosts, and every replay, compute
 * it alone, so a server span knows its client span's id without having seen it.
 * @param point number of the observation point, see `OBSERVATION_POINTS`
 * @param index message's index where one call carries several, else 0
 * @param salt tells apart several observers of one kind (interfaces), else 0
 */
export function spanIdOf(exchange: ExchangeKey, point: number, index = 0, salt = 0): SpanId {
  const a = hexWord(exchange, 0);
  const b = hexWord(exchange, 8);
  const c = hexWord(exchange, 16);
  const d = hexWord(exchange, 24);
  return hash64(DOMAIN_SPAN, a, b, c, d, point, index ^ Math.imul(salt, 0x9e3779b1)) as SpanId;
}
