import { type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';

/** Dubbo's `ExchangeCodec`: magic 16, flags 8, status 8, request id 64, length of the body 32, all big-endian. */
export const HEADER = 16;
const MAGIC_HIGH = 0xda;
const MAGIC_LOW = 0xbb;

const REQUEST = 0x80;
const TWO_WAY = 0x40;
const EVENT = 0x20;
const SERIALIZATION = 0x1f;

/** Bodies that anybody would allow: Dubbo's own default is 8 MiB. */
const LONGEST_BODY = 0x1000_0000;

/** Ids of `ContentTypeId` of the serializations (`org.apache.dubbo.common.serialize.Constants`). */
export const SERIALIZATIONS: ReadonlyMap<number, string> = new Map([
  [2, 'hessian2'],
  [3, 'java'],
  [4, 'compactedjava'],
  [6, 'fastjson'],
  [7, 'nativejava'],
  [8, 'kryo'],
  [9, 'fst'],
  [10, 'native-hessian'],
  [11, 'avro'],
  [12, 'protostuff'],
  [16, 'gson'],
  [21, 'protobuf-json'],
  [22, 'protobuf'],
  [23, 'fastjson2'],
  [25, 'kryo2'],
  [27, 'msgpack'],
]);

/** Names of the response status (`org.apache.dubbo.remoting.exchange.Response`). */
const STATUS: ReadonlyMap<number, string> = new Map([
  [20, 'OK'],
  [25, 'SERIALIZATION_ERROR'],
  [30, 'CLIENT_TIMEOUT'],
  [31, 'SERVER_TIMEOUT'],
  [35, 'CHANNEL_INACTIVE'],
  [40, 'BAD_REQUEST'],
  [50, 'BAD_RESPONSE'],
  [60, 'SERVICE_NOT_FOUND'],
  [70, 'SERVICE_ERROR'],
  [80, 'SERVER_ERROR'],
  [90, 'CLIENT_ERROR'],
  [100, 'SERVER_THREADPOOL_EXHAUSTED_ERROR'],
]);
export const OK = 20;

/** `OK` of 20; the number itself of codes that nobody has named. */
export function statusName(code: number): string {
  return STATUS.get(code) ?? String(code);
}

/** The header that was read last; shared, used at once. */
export const header = {
  isRequest: false,
  isTwoWay: false,
  isEvent: false,
  serialization: 0,
  status: 0,
  length: 0,
};

/** 32 bits, big-endian. */
export function uint32(b: Uint8Array, at: number): number {
  return b[at]! * 0x100_0000 + ((b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!);
}

/** Reads the header at `at` into `header`. @returns false where it is none */
export function readHeader(b: Uint8Array, at: number): boolean {
  if (b[at] !== MAGIC_HIGH || b[at + 1] !== MAGIC_LOW) return false;
  const flags = b[at + 2]!;
  header.isRequest = (flags & REQUEST) !== 0;
  header.isTwoWay = (flags & TWO_WAY) !== 0;
  header.isEvent = (flags & EVENT) !== 0;
  header.serialization = flags & SERIALIZATION;
  header.status = b[at + 3]!;
  header.length = uint32(b, at + 12);
  return header.length <= LONGEST_BODY;
}

/** Id of the request, of the header at `at`: a number where that is exact, else 16 hex digits. */
export function requestIdAt(b: Uint8Array, at: number): number | string {
  const high = uint32(b, at + 4);
  const low = uint32(b, at + 8);
  if (high < 0x20_0000) return high * 0x1_0000_0000 + low;
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

/**
 * Whether a header stands at `at` for somebody who does not know that one must: one that some version of Dubbo writes.
 * @param to how far the bytes go: what is cut is not held against it
 */
export function looksLikeHeader(b: Uint8Array, at: number, to: number): boolean {
  if (at + HEADER > to) {
    if (b[at] !== MAGIC_HIGH || (at + 1 < to && b[at + 1] !== MAGIC_LOW)) return false;
    return at + 2 >= to || hasKnownFlags(b[at + 2]!);
  }
  if (!readHeader(b, at) || !hasKnownFlags(b[at + 2]!)) return false;
  // A status is the response's alone; a request's events have no body or a short one.
  if (header.isRequest ? header.status !== 0 : !STATUS.has(header.status)) return false;
  return header.length > 0;
}

/** A serialization that there is; a response has no other flag than that of an event, except what old versions leave. */
function hasKnownFlags(flags: number): boolean {
  return SERIALIZATIONS.has(flags & SERIALIZATION);
}

const SURE = 1;
/** Too few bytes to tell. */
const UNDECIDED = 0.2;

/** As `Protocol.detect`: the magic number, and a header that makes sense. */
export function detect(b: Uint8Array, side: Side | null): number {
  if (b.length === 0 || !looksLikeHeader(b, 0, b.length)) return 0;
  if (b.length < HEADER) return b.length > 1 ? UNDECIDED : 0;
  const next = HEADER + header.length;
  const isMeant = side === null || (side === TO_SERVER) === header.isRequest || header.isEvent;
  // What follows a message is another one.
  if (next < b.length && !looksLikeHeader(b, next, b.length)) return 0;
  return isMeant ? SURE : 0;
}

/** As `Protocol.sideOf`: both ends send heartbeats, calls go one way. */
export function sideOf(b: Uint8Array): Side | null {
  if (b.length < HEADER || !looksLikeHeader(b, 0, b.length) || header.isEvent) return null;
  return header.isRequest ? TO_SERVER : TO_CLIENT;
}
