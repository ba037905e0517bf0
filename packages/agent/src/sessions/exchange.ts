import type { Candidate, TurnRequest } from '@weft/causality';
import type { Attributes, ExchangeKey } from '@weft/model';
import { type Message, type RequestId, TO_CLIENT } from '@weft/protocols';
import type { ConnectionFacts } from '../streams/connection-facts.ts';

/**
 * One request/response pair as one end of one connection saw it: what becomes a span. Filled in as the
 * bytes pass; the only mutable record of the pipeline.
 */
export class Exchange implements TurnRequest {
  readonly connection: ConnectionFacts;
  readonly request: Message;
  response: Message | null = null;
  /** Name of the protocol that read it. */
  readonly protocol: string;
  /** When the request's first byte passed. */
  readonly start: number;
  /** When the last byte that belongs to it passed. */
  end: number;
  /** Position of the opposite direction when the request passed: where its response begins, if nothing else is under way. */
  readonly otherPosition: number;
  /** No other request was waiting for its response. */
  readonly alone: boolean;
  /** Position of the response's first byte; NaN before it is known. */
  responseStart = Number.NaN;
  /** Positions on the wire of the request's first byte, and of the response's, or where that is expected. */
  wireStart: number;
  wireResponse: number;
  requestEnded = false;
  responseEnded = false;
  /** Attributes that became known at the messages' ends. */
  extra: Attributes | null = null;
  /** Thread that read the request's head, or sent the call. */
  tid = 0;
  /** Requests that may have caused it (calls), strongest first. */
  causes: readonly Candidate<Exchange>[] = [];
  /** Its causes are known at the end of the sender's turn (calls). */
  undecided = false;
  /** Its causes are known later: what comes after it tells (calls). */
  awaited = false;
  underWay = 0;
  /** Goroutine that waits for the answer (calls), 0 = none known. */
  waiter = 0;
  open = true;
  calls = 0;
  /** UDP: digest of the request's first bytes. */
  digest = 0;
  /** Memo of the exchange key. */
  key: ExchangeKey | null = null;

  constructor(
    connection: ConnectionFacts,
    request: Message,
    protocol: string,
    start: number,
    otherPosition: number,
    alone: boolean,
  ) {
    this.connection = connection;
    this.request = request;
    this.protocol = protocol;
    this.start = start;
    this.end = start;
    this.otherPosition = otherPosition;
    this.alone = alone;
    this.wireStart = request.start;
    this.wireResponse = request.pairingId === null ? otherPosition : request.start;
  }

  get tgid(): number {
    return this.connection.tgid;
  }

  get openedAt(): number {
    return this.start;
  }

  get answered(): boolean {
    return this.response !== null;
  }

  get traceId(): string | null {
    return this.request.carried?.traceId ?? null;
  }

  get requestIds(): readonly RequestId[] | undefined {
    return this.request.carried?.requestIds;
  }

  /** A request of the server in the client's name, answered by the server too (HTTP/2). */
  get pushed(): boolean {
    return this.request.kind === 'request' && this.request.side === TO_CLIENT;
  }

  /** A push that nobody answers. */
  get oneWay(): boolean {
    return this.request.kind === 'one-way';
  }
}
