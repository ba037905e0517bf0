import {
  detectProtocol,
  opaque as OPAQUE,
  type Parser,
  type ParserOptions,
  type Protocol,
  type Side,
  TO_CLIENT,
  TO_SERVER,
} from '@weft/protocols';
import type { Exchange } from '../sessions/exchange.ts';
import { type ExchangeSink, Session, type StreamClock } from '../sessions/session.ts';
import type { ConnectionFacts } from './connection-facts.ts';
import { HOLD_NANOS, Stream, type StreamSink } from './stream.ts';

/** Chunks whose times are remembered per side: where a message began, some reads ago. */
const MARKS = 32;
/** Refusals in a row, without one good message between, after which the protocol was guessed wrong. */
const WRONG_GUESS = 3;

/** When which bytes of one side passed. */
class Marks {
  readonly #positions = new Float64Array(MARKS).fill(Number.NaN);
  readonly #times = new Float64Array(MARKS);
  #at = 0;

  add(position: number, time: number): void {
    this.#at = (this.#at + 1) % MARKS;
    this.#positions[this.#at] = position;
    this.#times[this.#at] = time;
  }

  /** Time of the chunk that holds a position; the oldest known for older ones. */
  timeOf(position: number): number {
    let time = this.#times[this.#at]!;
    for (let i = 0; i < MARKS; i++) {
      const at = (this.#at - i + MARKS) % MARKS;
      const start = this.#positions[at]!;
      if (Number.isNaN(start)) return time;
      time = this.#times[at]!;
      if (start <= position) return time;
    }
    return time;
  }
}

/**
 * One end of one connection: two streams, the protocol spoken on them (guessed, and revised when wrong),
 * and the session that pairs requests with responses.
 */
export class Connection implements StreamClock {
  readonly facts: ConnectionFacts;
  /** Ring position for recency; set by the owner. */
  lastActive = 0;
  /** UDP: bytes so far by side, in place of sequences. */
  readonly datagramBytes: [number, number] = [0, 0];
  /** The kernel side has been told how much of it is wanted. */
  limited = false;
  /** No request has been seen on it yet. */
  fresh = true;
  readonly #streams: readonly [Stream, Stream];
  readonly #marks = [new Marks(), new Marks()] as const;
  readonly #sink: ExchangeSink;
  readonly #options: ParserOptions;
  #protocol: Protocol;
  #parser: Parser;
  #session: Session;
  #lastSide: Side | null = null;
  #otherRaw = 0;
  #side: Side = TO_SERVER;

  /** @param hold how long a chunk waits for one before it, ns */
  constructor(facts: ConnectionFacts, sink: ExchangeSink, options: ParserOptions, hold: number = HOLD_NANOS) {
    this.facts = facts;
    this.#sink = sink;
    this.#options = options;
    this.#streams = [new Stream(this.#sinkOf(TO_SERVER), hold), new Stream(this.#sinkOf(TO_CLIENT), hold)];
    this.#protocol = OPAQUE;
    this.#session = new Session(facts, OPAQUE.name, sink, this);
    this.#parser = OPAQUE.createParser(this.#session, options);
  }

  get protocol(): string {
    return this.#protocol.name;
  }

  /** Something decodes it. */
  get known(): boolean {
    return this.#protocol !== OPAQUE;
  }

  get session(): Session {
    return this.#session;
  }

  /**
   * Bytes that moved in one direction.
   * @param raw 32-bit position of the first one
   * @param otherRaw position of the opposite direction at that time
   */
  add(
    side: Side,
    raw: number,
    otherRaw: number,
    length: number,
    skipped: number,
    bytes: Uint8Array,
    time: number,
  ): void {
    this.#session.resetTouched();
    this.#side = side;
    this.#otherRaw = otherRaw;
    // The opposite direction's place is known before its first byte: positions compare from the start.
    const other = this.#streams[side === TO_SERVER ? TO_CLIENT : TO_SERVER];
    if (Number.isNaN(other.next)) other.next = otherRaw;
    this.#streams[side].add(raw, length, skipped, bytes, time);
  }

  /** The exchange that the bytes of the last `add` belong to, or null. */
  touched(side: Side): Exchange | null {
    return this.#session.touched(side);
  }

  /** One side has sent its last byte. */
  sideEnded(side: Side, time: number): void {
    const stream = this.#streams[side];
    stream.flush(time);
    if (!Number.isNaN(stream.next)) this.#parser.finish(side, stream.next);
  }

  /** The connection is gone. */
  close(time: number): void {
    this.sideEnded(TO_SERVER, time);
    this.sideEnded(TO_CLIENT, time);
    this.#session.finish();
  }

  /** @param quietSince answered exchanges of protocols without an end close if nothing came since @param unansweredSince and unanswered ones of any */
  expire(now: number, quietSince: number, unansweredSince: number): void {
    this.#streams[TO_SERVER].expire(now);
    this.#streams[TO_CLIENT].expire(now);
    if (this.#protocol === OPAQUE) this.#session.settle(quietSince);
    this.#session.expire(unansweredSince);
  }

  /** Position below which the kernel need not copy this side's bytes. */
  neededFrom(side: Side): number {
    return this.#parser.neededFrom(side);
  }

  timeOf(side: Side, position: number): number {
    return this.#marks[side].timeOf(position);
  }

  otherPosition(): number {
    return this.#streams[this.#side === TO_SERVER ? TO_CLIENT : TO_SERVER].unwrap(this.#otherRaw);
  }

  #sinkOf(side: Side): StreamSink {
    return {
      bytes: (bytes, position, time) => {
        this.#marks[side].add(position, time);
        if (this.#mayBegin(side)) this.#detect(side, bytes, position);
        this.#lastSide = side;
        this.#parser.feed(side, bytes, position);
        if (this.#session.malformedInRow >= WRONG_GUESS && this.#protocol !== OPAQUE) this.#switch(OPAQUE);
      },
      gap: (position, length, time) => {
        this.#marks[side].add(position, time);
        this.#lastSide = side;
        this.#parser.gap(side, position, length);
      },
    };
  }

  /** A message may begin here: nothing decodes the connection yet, and the direction turned. */
  #mayBegin(side: Side): boolean {
    return this.#protocol === OPAQUE && this.#lastSide !== side;
  }

  #detect(side: Side, bytes: Uint8Array, _position: number): void {
    const found = detectProtocol(bytes, side);
    if (found !== null && found.protocol !== OPAQUE) this.#switch(found.protocol);
  }

  #switch(protocol: Protocol): void {
    this.#session.finish();
    this.#protocol = protocol;
    this.#session = new Session(this.facts, protocol.name, this.#sink, this);
    this.#parser = protocol.createParser(this.#session, this.#options);
  }
}
