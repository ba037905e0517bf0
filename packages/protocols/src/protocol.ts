import type { Attributes, HashKey, SpanStatus } from '@weft/model';

/** Direction of a stream of bytes on one connection, by role rather than by socket. */
export const TO_SERVER = 0;
export const TO_CLIENT = 1;
export type Side = typeof TO_SERVER | typeof TO_CLIENT;

/**
 * - `request`, `response`: halves of a pair
 * - `interim`: announces a response that is still to come (HTTP 1xx); marks where the response begins
 * - `one-way`: nobody answers it (pub/sub push, notification); a span of its own
 */
export type MessageKind = 'request' | 'response' | 'interim' | 'one-way';

/** Ids that a request carries in its headers or properties and that other parties may carry too. */
export interface CarriedIds {
  /** 32 hex digits, lower case (W3C trace context and kin), or null. */
  readonly traceId: string | null;
  /** The sender's span id, 16 hex digits, or null. */
  readonly spanId: string | null;
  /** The trace id as its vendor writes it (SkyWalking, SOFA, EagleEye); `traceId` is a hash of it, or a better one's. */
  readonly original?: string;
  /** Ids that name a request and no trace (`X-Request-ID` and kin), at most 4; absent: none. */
  readonly requestIds?: readonly RequestId[];
  /** Hash of what was asked for, path and query as sent, 16 hex digits; of requests. */
  readonly target?: string;
}

/** An id that several hops of one request may carry. */
export interface RequestId {
  /** Of the header or property, lower case. */
  readonly name: string;
  /** Of its value, 16 hex digits: values do not leave the host. */
  readonly hash: string;
  /** Nobody else has the same by chance. */
  readonly specific: boolean;
}

/** One request or one response as it crossed one connection in one direction. */
export interface Message {
  readonly side: Side;
  readonly kind: MessageKind;
  /** Pairs a response with its request; null: in order of arrival (first request, first response). */
  readonly pairingId: number | string | null;
  /** Stream position of the first byte, in the positions that `feed` was given. */
  readonly start: number;
  /** Of a request or one-way message: the span's name, with ids taken out (`GET /orders/{id}`). Else ''. */
  readonly name: string;
  /** Of a response: `ok` or `error`; `unset` elsewhere. */
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly carried: CarriedIds | null;
}

/** Receives what a parser finds, in the order of the bytes. */
export interface MessageSink {
  /** Enough of a message has been read to know and pair it (an HTTP head, a Redis command). */
  message(message: Message): void;
  /**
   * The message is complete, or as complete as it will get.
   * @param position one past its last byte; may lie before what has been fed (opaque turns end when the other side speaks)
   * @param extra attributes known only now (body sizes)
   * @param name the span's name, where the message's body says more than its head did; '' or none: as it was
   */
  end(message: Message, position: number, extra: Attributes | null, name?: string): void;
  /**
   * More bytes of a message that has begun were read; they say nothing new. Told by protocols that interleave
   * messages: elsewhere the message that began last on a side is the one.
   */
  touch?(message: Message): void;
  /** Bytes made no sense; the parser has resynchronised or waits for a place where it can. @param cause short, countable */
  malformed(side: Side, cause: string): void;
}

export interface ParserOptions {
  /** Values of query strings, commands and headers are replaced by `?` (DESIGN §8). */
  readonly mask: boolean;
  /** Each `feed` is one datagram, its missing end a `gap` after it; else bytes come as a stream. */
  readonly datagrams?: boolean;
  /** Further headers, SQL comments' keys and query parameters that hold request ids: lower case letters, digits, `-`, `_` and `.`. */
  readonly requestIdNames?: readonly string[];
  /** The same for trace ids, in any form that some tracer writes, or any text. */
  readonly traceIdNames?: readonly string[];
  /** Request ids are hashed with it; the same on all hosts. */
  readonly idKey?: HashKey;
}

/**
 * Reads both directions of one connection. Never throws, whatever the bytes; keeps bounded state.
 * Pure: no clock, no I/O. Either side may run ahead of the other: a response can be fed before its request.
 */
export interface Parser {
  /**
   * Next contiguous bytes of one side. The array is valid during the call only: copy what must stay.
   * @param position stream position of bytes[0]; successive calls are contiguous unless `gap` was called
   */
  feed(side: Side, bytes: Uint8Array, position: number): void;
  /** Bytes [position, position+length) exist but were not copied or were lost. */
  gap(side: Side, position: number, length: number): void;
  /** The side has ended (FIN, close): what ends with the connection ends here. */
  finish(side: Side, position: number): void;
  /** Stream position below which this side's bytes are not needed to go on parsing (proven by a length), else the next position. */
  neededFrom(side: Side): number;
}

/** Bytes of one call that a parser needs where messages say how long they are. */
export const CALL_BYTES = 4_096;
/** Where messages interleave one call may carry the heads of many: all of it is wanted. */
export const INTERLEAVED_CALL_BYTES = 65_536;

/** One protocol, a folder each. */
export interface Protocol {
  /** As in `network.protocol.name`: `http`, `redis`, `opaque`. */
  readonly name: string;
  /** Messages of several exchanges interleave in one direction; the parser tells of all their bytes (`touch`). */
  readonly interleaves?: boolean;
  /**
   * How sure the first bytes of a message are this protocol's, 0..1.
   * @param side which way they went if the roles are known, else null
   */
  detect(bytes: Uint8Array, side: Side | null): number;
  /** Which way bytes go that were seen when the roles are unknown: null if the bytes do not tell. */
  sideOf(bytes: Uint8Array): Side | null;
  createParser(sink: MessageSink, options: ParserOptions): Parser;
  /**
   * Bytes of one call that the parser can make use of, if more than `CALL_BYTES`: of protocols whose answers are many small
   * messages, the last of which tells how it went.
   */
  readonly callBytes?: number;
}
