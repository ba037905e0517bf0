import type { Attributes } from '@weft/model';
import { type Message, type MessageSink, type Side, TO_CLIENT, TO_SERVER } from '@weft/protocols';
import type { ConnectionFacts } from '../streams/connection-facts.ts';
import { Exchange } from './exchange.ts';

/** What a session tells: exchanges as they open and close. */
export interface ExchangeSink {
  /** The request's head is known. */
  opened(exchange: Exchange): void;
  /** Nothing more will come of it. */
  closed(exchange: Exchange): void;
  malformed(cause: string): void;
}

/** Where the bytes stand that are being parsed right now. */
export interface StreamClock {
  /** When the byte at a position of a side passed. */
  timeOf(side: Side, position: number): number;
  /** Position of the opposite direction when the current event happened, unwrapped. */
  otherPosition(): number;
  /** Position behind the last byte of a side that was handed over. */
  reached(side: Side): number;
  /** Where on the wire a byte was: the same position, unless TLS carries it. */
  wirePosition(side: Side, position: number): number;
  /** The same of `otherPosition`. */
  otherWirePosition(): number;
}

/** Requests that wait for their response on one connection. */
const MAX_PENDING = 16_384;
/** Responses that were seen before their request. */
const MAX_EARLY = 64;
/** Exchanges that one read is noted to belong to. */
const MAX_TOUCHED = 64;

interface EarlyResponse {
  readonly message: Message;
  readonly wireStart: number;
  readonly start: number;
  end: number;
  ended: boolean;
  extra: Attributes | null;
}

/**
 * Pairs the requests and responses of one connection, by the id that a protocol gives or in order. A
 * response may be seen before its request; one that was missed does not shift the others.
 */
export class Session implements MessageSink {
  /** What the exchanges to come say of the connection. */
  facts: ConnectionFacts;
  readonly #sink: ExchangeSink;
  readonly #clock: StreamClock;
  readonly protocol: string;
  /** Requests that wait for their response in order. */
  #pending: Exchange[] = [];
  /** Exchanges with an id of their own, from the request to the response's end: several interleave. */
  readonly #byId = new Map<number | string, Exchange>();
  #early: EarlyResponse[] = [];
  /** Exchange of the message that is being read, by side. */
  #current: [Exchange | null, Exchange | null] = [null, null];
  /** Exchanges whose bytes were read since `resetTouched`, in that order. */
  readonly #touched: Exchange[] = [];
  /** Side of the chunk that is being read. */
  #side: Side = TO_SERVER;
  /** Bytes belong to the exchanges that the parser names with them, not to the one that began last. */
  #interleaves: boolean;
  /** Bytes up to here, by side, hold some that were not seen or not understood. */
  #unread: [number, number] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  /** Position behind the last bytes that made no sense, by side. */
  #malformed: [number, number] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  /** Refusals since the last message that made sense, by side. */
  #refused: [number, number] = [0, 0];

  /** @param interleaves the parser names the exchange of all bytes (`Protocol.interleaves`) */
  constructor(
    facts: ConnectionFacts,
    protocol: string,
    sink: ExchangeSink,
    clock: StreamClock,
    interleaves = false,
  ) {
    this.#interleaves = interleaves;
    this.facts = facts;
    this.protocol = protocol;
    this.#sink = sink;
    this.#clock = clock;
  }

  /** Requests without a response so far. */
  get pending(): readonly Exchange[] {
    if (this.#byId.size === 0) return this.#pending;
    return [...this.#pending, ...[...this.#byId.values()].filter(({ response }) => response === null)];
  }

  /** A chunk of a side comes: forgets which exchanges the one before belonged to. */
  resetTouched(side: Side): void {
    this.#side = side;
    this.forgetTouched();
  }

  /** Whose the last bytes were is not asked any more: a connection may be quiet for long, and would keep them alive. */
  forgetTouched(): void {
    // Mostly one: setting the length of an array is a call into the runtime (1.5 % of a replay's time).
    while (this.#touched.length > 0) this.#touched.pop();
  }

  /** The exchanges that the bytes since `resetTouched` are known to belong to, in their order. */
  get touchedAll(): readonly Exchange[] {
    return this.#touched;
  }

  /** Requests of several may be sent together, long after what caused them. */
  get interleaves(): boolean {
    return this.#interleaves;
  }

  /** The bytes since `resetTouched` belong to the connection itself (settings, flow control). */
  get idle(): boolean {
    return this.#interleaves && this.#touched.length === 0;
  }

  /**
   * The exchange that the bytes since `resetTouched` on a side belong to; null when none or several.
   */
  touched(side: Side): Exchange | null {
    if (this.#touched.length > 0 || this.#interleaves) {
      return this.#touched.length === 1 ? this.#touched[0]! : null;
    }
    const current = this.#current[side];
    if (current !== null && !(side === TO_SERVER ? current.requestEnded : current.responseEnded))
      return current;
    return side === TO_CLIENT ? (this.#pending[0] ?? null) : null;
  }

  #touch(exchange: Exchange): void {
    const { length } = this.#touched;
    if (this.#touched[length - 1] === exchange || length >= MAX_TOUCHED) return;
    if (length < 2 || !this.#touched.includes(exchange)) this.#touched.push(exchange);
  }

  touch(message: Message): void {
    this.#interleaves = true;
    const exchange = this.#exchangeOf(message);
    if (exchange !== null) this.#touch(exchange);
  }

  /** The exchange that a message which has been told of belongs to, or null. */
  #exchangeOf(message: Message): Exchange | null {
    const { pairingId, kind, side } = message;
    const isInOrder = pairingId === null || kind === 'one-way';
    const exchange = isInOrder ? this.#current[side] : (this.#byId.get(pairingId) ?? null);
    return exchange?.request === message || exchange?.response === message ? exchange : null;
  }

  message(message: Message): void {
    this.#refused[message.side] = 0;
    const start = this.#clock.timeOf(message.side, message.start);
    switch (message.kind) {
      case 'request':
        this.#request(message, start);
        return;
      case 'response':
      case 'interim':
        this.#response(message, start);
        return;
      case 'one-way': {
        const exchange = this.#open(message, start);
        this.#current[message.side] = exchange;
        this.#touch(exchange);
        return;
      }
    }
  }

  #open(message: Message, start: number): Exchange {
    const exchange = new Exchange(
      this.facts,
      message,
      this.protocol,
      start,
      this.#clock.otherPosition(),
      // Where messages have ids others may come between.
      message.pairingId === null && this.#pending.length === 0 && !this.#answering(),
    );
    exchange.wireStart = this.#clock.wirePosition(message.side, message.start);
    // Others come between where requests have ids, and both ends see those at different times: without a response the
    // request's own position is what they agree on.
    exchange.wireResponse = message.pairingId === null ? this.#clock.otherWirePosition() : exchange.wireStart;
    return exchange;
  }

  /** A response is under way: the next one begins behind its end, wherever that will be. */
  #answering(): boolean {
    const current = this.#current[TO_CLIENT];
    return current?.open === true && current.response !== null && !current.responseEnded;
  }

  #request(message: Message, start: number): void {
    if (this.#pending.length >= MAX_PENDING) this.#close(this.#pending.shift()!);
    const exchange = this.#open(message, start);
    this.#current[TO_SERVER] = exchange;
    this.#touch(exchange);
    const early = this.#takeEarly(exchange);
    const id = message.pairingId;
    if (id !== null) this.#remember(id, exchange, early?.ended === true);
    else if (early === null) this.#pending.push(exchange);
    this.#sink.opened(exchange);
    if (early !== null) {
      exchange.response = early.message;
      exchange.responseStart = early.message.start;
      exchange.wireResponse = early.wireStart;
      exchange.end = Math.max(exchange.end, early.end);
      exchange.extra = { ...exchange.extra, ...early.extra };
      exchange.responseEnded = early.ended;
      if (!early.ended) this.#current[TO_CLIENT] = exchange;
      this.#closeIfComplete(exchange);
    }
  }

  /** @param isOver its response has ended already */
  #remember(id: number | string, exchange: Exchange, isOver: boolean): void {
    // An id that is used again: the one before gets no answer any more.
    const before = this.#byId.get(id);
    if (before !== undefined) this.#close(before);
    if (this.#byId.size >= MAX_PENDING) {
      for (const oldest of this.#byId.values()) {
        this.#close(oldest);
        break;
      }
    }
    if (!isOver) this.#byId.set(id, exchange);
  }

  /** A response that came before its request begins at or behind the place where that request saw the other direction. */
  #takeEarly(exchange: Exchange): EarlyResponse | null {
    if (this.#early.length === 0) return null;
    const id = exchange.request.pairingId;
    if (id === null && this.#pending.length > 0) return null;
    const at = this.#early.findIndex(
      (early) => early.message.pairingId === id && early.message.start >= exchange.otherPosition,
    );
    if (at < 0) return null;
    const [early] = this.#early.splice(id === null ? 0 : at, id === null ? at + 1 : 1).slice(-1);
    return early ?? null;
  }

  #response(message: Message, start: number): void {
    const exchange = this.#awaiting(message);
    if (exchange === null) {
      if (message.kind === 'interim') return;
      if (this.#early.length >= MAX_EARLY) this.#early.shift();
      const wireStart = this.#clock.wirePosition(message.side, message.start);
      this.#early.push({ message, wireStart, start, end: start, ended: false, extra: null });
      if (message.pairingId === null) this.#current[TO_CLIENT] = null;
      return;
    }
    const before = this.#current[TO_CLIENT];
    // In order, a new response says that the one before is over, whatever its parser made of its end.
    if (message.pairingId === null && before !== null && before !== exchange && before.response !== null) {
      this.#close(before);
    }
    if (Number.isNaN(exchange.responseStart)) {
      exchange.responseStart = message.start;
      exchange.wireResponse = this.#clock.wirePosition(message.side, message.start);
    }
    this.#current[TO_CLIENT] = exchange;
    this.#touch(exchange);
    if (message.kind === 'interim') return;
    exchange.response = message;
    exchange.end = start;
    if (message.pairingId !== null) return;
    const pending = this.#pending;
    if (pending.length === 1 && pending[0] === exchange) {
      // Splicing makes an array.
      pending.pop();
      return;
    }
    const at = pending.indexOf(exchange);
    if (at >= 0) pending.splice(at, 1);
  }

  /** The pending request that a response answers, or null. Requests whose answer was missed are closed. */
  #awaiting(message: Message): Exchange | null {
    if (message.pairingId !== null) {
      const exchange = this.#byId.get(message.pairingId);
      return exchange?.response === null ? exchange : null;
    }
    let alone = this.#pending[0]?.alone === true;
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) {
      if (message.start < first.otherPosition) return null;
      // The response to a request that went alone begins where that request saw the other direction. If this
      // one begins later, and something between could not be read, then that was the response.
      const isMissed =
        alone && message.start > first.otherPosition && this.#unread[TO_CLIENT] > first.otherPosition;
      if (!isMissed) return first;
      this.#pending.shift();
      this.#close(first);
      // Who had seen the other direction move on had waited for that response.
      const next = this.#pending[0];
      alone = next !== undefined && next.otherPosition > first.otherPosition;
    }
    return null;
  }

  end(message: Message, position: number, extra: Attributes | null, name = ''): void {
    const time = this.#clock.timeOf(message.side, position - 1);
    const exchange = this.#exchangeOf(message);
    if (exchange === null) {
      this.#endEarly(message, time, extra);
      return;
    }
    exchange.end = Math.max(exchange.end, time);
    if (extra !== null) exchange.extra = { ...exchange.extra, ...extra };
    if (name !== '') exchange.name = name;
    if (message === exchange.response) exchange.responseEnded = true;
    else exchange.requestEnded = true;
    if (message.kind === 'one-way') {
      this.#sink.opened(exchange);
      this.#close(exchange);
      return;
    }
    // The bytes that end a message belong to it; but some protocols learn of an end from the other side's bytes.
    if (message.side === this.#side) this.#touch(exchange);
    this.#closeIfComplete(exchange);
  }

  #endEarly(message: Message, time: number, extra: Attributes | null): void {
    for (let i = this.#early.length - 1; i >= 0; i--) {
      const early = this.#early[i]!;
      if (early.message !== message) continue;
      early.ended = true;
      early.end = time;
      early.extra = extra;
      return;
    }
  }

  malformed(side: Side, cause: string): void {
    this.#refused[side]++;
    this.#malformed[side] = this.#clock.reached(side);
    this.unread(side, this.#malformed[side]);
    this.#sink.malformed(cause);
  }

  /** Some bytes of a side below `until` were not seen, or made no sense. */
  unread(side: Side, until: number): void {
    if (until > this.#unread[side]) this.#unread[side] = until;
  }

  /** Refusals on a side since its last message that made sense. */
  refusals(side: Side): number {
    return this.#refused[side];
  }

  #closeIfComplete(exchange: Exchange): void {
    // A response can be complete while the request's body is still on its way (an early error): it counts.
    if (exchange.responseEnded) this.#close(exchange);
  }

  #close(exchange: Exchange): void {
    if (!exchange.open) return;
    const id = exchange.request.pairingId;
    if (id !== null && this.#byId.get(id) === exchange) this.#byId.delete(id);
    this.#sink.closed(exchange);
    exchange.open = false;
    // A connection may be quiet for long: what it would keep until its next request outlives the young generation.
    if (this.#current[TO_SERVER] === exchange) this.#current[TO_SERVER] = null;
    if (this.#current[TO_CLIENT] === exchange) this.#current[TO_CLIENT] = null;
  }

  /**
   * Gives up the exchanges that are open, without a word.
   * @param except those that go on; null: none, and the session is of no use afterwards
   * @returns what was given up
   */
  abandon(except: ((exchange: Exchange) => boolean) | null = null): Exchange[] {
    const current = this.#current[TO_CLIENT];
    const open = [...this.#pending, ...this.#byId.values()];
    this.#pending = [];
    this.#byId.clear();
    if (current?.open && current.response !== null && !open.includes(current)) open.push(current);
    const abandoned: Exchange[] = [];
    for (const exchange of open) {
      if (except?.(exchange)) {
        const id = exchange.request.pairingId;
        if (id !== null) this.#byId.set(id, exchange);
        else if (exchange.response === null) this.#pending.push(exchange);
        continue;
      }
      exchange.open = false;
      abandoned.push(exchange);
    }
    return abandoned;
  }

  /** The connection ends, or its protocol was guessed wrong: what is open will get no more. */
  finish(): void {
    const current = this.#current[TO_CLIENT];
    if (current !== null && current.response !== null) this.#close(current);
    for (const exchange of this.#pending) this.#close(exchange);
    for (const exchange of this.#byId.values()) this.#close(exchange);
    this.#pending = [];
    this.#early = [];
    this.#current = [null, null];
  }

  /** Closes requests that have waited since before `since` without a sign of a response. */
  expire(since: number): void {
    while (this.#pending.length > 0 && this.#pending[0]!.start < since) this.#close(this.#pending.shift()!);
    for (const exchange of this.#byId.values()) {
      if (exchange.start >= since) break;
      if (exchange.response === null) this.#close(exchange);
    }
  }

  /** The answer that is being read has bytes that made no sense: its end may have been among them. */
  get isCut(): boolean {
    const current = this.#current[TO_CLIENT];
    return (
      current !== null && current.response !== null && this.#malformed[TO_CLIENT] > current.responseStart
    );
  }

  /** Closes an answered exchange that has been quiet since before `since`: where nothing tells the end. */
  settle(since: number): void {
    const current = this.#current[TO_CLIENT];
    if (current?.open && current.response !== null && current.end < since) this.#close(current);
  }
}
