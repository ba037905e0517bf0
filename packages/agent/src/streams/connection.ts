import type { Moment } from '@weft/causality';
import {
  CALL_BYTES,
  createTlsParser,
  detectProtocol,
  INTERLEAVED_CALL_BYTES,
  opaque as OPAQUE,
  type Parser,
  type ParserOptions,
  PROTOCOLS,
  type Protocol,
  type Side,
  tls as TLS,
  type TlsParser,
  TO_CLIENT,
  TO_SERVER,
} from '@weft/protocols';
import type { Exchange } from '../sessions/exchange.ts';
import { type ExchangeSink, Session, type StreamClock } from '../sessions/session.ts';
import type { ConnectionFacts } from './connection-facts.ts';
import { Marks } from './marks.ts';
import { HOLD_NANOS, Stream, type StreamSink } from './stream.ts';

/** Refusals, or turns that made no sense, without a good message between, after which the protocol was guessed wrong. */
const WRONG_GUESS = 3;
/** So sure of the first bytes of a message, but no surer, a protocol is when they are too few to tell. */
const UNDECIDED = 0.2;
/** Bytes for whose sequel a guess may wait. */
const MOST_UNDECIDED = 64;

/** First bytes of a message that are too few to tell the protocol: they wait for more. */
interface Undecided {
  readonly side: Side;
  readonly bytes: Uint8Array;
  readonly position: number;
  readonly time: number;
}

/** From a plaintext's positions, which count its bytes, to those on the wire, which both ends of a connection know. */
export interface WirePositions {
  of(side: Side, position: number): number;
  /** Where the opposite direction stood when the bytes in hand passed. */
  readonly other: number;
}

/** What TLS carries on a connection. */
export interface CarriedPlaintext {
  readonly connection: Connection;
  /**
   * @param wire position of the record that carries the bytes, plus their offset in it
   * @param otherWire position of the opposite direction at that time
   */
  add(
    side: Side,
    wire: number,
    otherWire: number,
    length: number,
    bytes: Uint8Array,
    time: number,
    moment: Moment,
  ): void;
}

/**
 * One end of one connection: two streams, the protocol spoken on them (guessed, and revised when wrong),
 * and the session that pairs requests with responses.
 */
export class Connection implements StreamClock {
  #facts: ConnectionFacts;
  /** Ring position for recency; set by the owner. */
  lastActive = 0;
  /** UDP: bytes so far by side, in place of sequences. */
  readonly datagramBytes: [number, number] = [0, 0];
  /** The kernel side has been told how much of it is wanted. */
  limited = false;
  /** No request has been seen on it yet. */
  fresh = true;
  /** What TLS carries here, if a library tells. */
  plaintext: CarriedPlaintext | null = null;
  readonly #wire: WirePositions | null;
  readonly #streams: readonly [Stream, Stream];
  readonly #marks = [new Marks(), new Marks()] as const;
  readonly #sink: ExchangeSink;
  readonly #options: ParserOptions;
  #protocol: Protocol;
  #parser: Parser;
  #session: Session;
  #tls: TlsParser | null = null;
  #lastSide: Side | null = null;
  #undecided: Undecided | null = null;
  /** Turns that began while their side made no sense. */
  #strangeTurns = 0;
  /** Side of the bytes that are being handed over. */
  #side: Side = TO_SERVER;
  /** The last chunk waits for one before it: it belongs to no exchange yet. */
  #waits = false;

  /**
   * @param hold how long a chunk waits for one before it, ns
   * @param wire of a plaintext: where its bytes were on the wire
   */
  constructor(
    facts: ConnectionFacts,
    sink: ExchangeSink,
    options: ParserOptions,
    hold: number = HOLD_NANOS,
    wire: WirePositions | null = null,
  ) {
    this.#wire = wire;
    this.#facts = facts;
    this.#sink = sink;
    this.#options = facts.transport === 'udp' ? { ...options, datagrams: true } : options;
    this.#streams = [new Stream(this.#sinkOf(TO_SERVER), hold), new Stream(this.#sinkOf(TO_CLIENT), hold)];
    this.#protocol = OPAQUE;
    this.#session = new Session(facts, OPAQUE.name, sink, this);
    this.#parser = OPAQUE.createParser(this.#session, this.#options);
  }

  /** What does not change of the connection, as far as it is known by now. */
  get facts(): ConnectionFacts {
    return this.#facts;
  }

  /** More is known of it: the exchanges to come say so. */
  set facts(facts: ConnectionFacts) {
    this.#facts = facts;
    this.#session.facts = facts;
  }

  get protocol(): string {
    return this.#protocol.name;
  }

  /** Something decodes it. */
  get known(): boolean {
    return this.#protocol !== OPAQUE;
  }

  /** Bytes of one call that its protocol can make use of. */
  get callBytes(): number {
    return this.#session.interleaves ? INTERLEAVED_CALL_BYTES : (this.#protocol.callBytes ?? CALL_BYTES);
  }

  get session(): Session {
    return this.#session;
  }

  /**
   * Bytes that moved in one direction.
   * @param raw 32-bit position of the first one
   * @param otherRaw position of the opposite direction at that time
   * @param moment who moved them; null on the wire
   */
  add(
    side: Side,
    raw: number,
    otherRaw: number,
    length: number,
    skipped: number,
    bytes: Uint8Array,
    time: number,
    moment: Moment | null = null,
  ): void {
    this.#session.resetTouched(side);
    // The opposite direction's place is known before its first byte: positions compare from the start.
    const other = this.#streams[side === TO_SERVER ? TO_CLIENT : TO_SERVER];
    if (Number.isNaN(other.next)) other.next = otherRaw;
    this.#waits = !this.#streams[side].add(raw, length, skipped, bytes, time, otherRaw, moment);
  }

  /** Who moved the bytes that are being parsed right now, which may be older than the newest event; null: unknown. */
  get moment(): Moment | null {
    return this.#streams[this.#side].moment;
  }

  /** The exchange that the bytes of the last `add` belong to, or null. */
  touched(side: Side): Exchange | null {
    return this.#waits || this.#undecided !== null ? null : this.#session.touched(side);
  }

  /** One side has sent its last byte. */
  sideEnded(side: Side, time: number): void {
    const stream = this.#streams[side];
    stream.flush(time);
    this.#decide();
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
    if (this.#undecided !== null && this.#undecided.time < quietSince) this.#decide();
    if (this.#protocol === OPAQUE || this.#session.isCut) this.#session.settle(quietSince);
    this.#session.expire(unansweredSince);
  }

  /** Position below which the kernel need not copy this side's bytes. */
  neededFrom(side: Side): number {
    const needed = this.#parser.neededFrom(side);
    const { next } = this.#streams[side];
    // A side that has not spoken yet has no place in the parser: zero would be ahead of half of all sequences.
    return Number.isNaN(next) ? needed : Math.max(needed, next);
  }

  timeOf(side: Side, position: number): number {
    return this.#marks[side].timeOf(position);
  }

  reached(side: Side): number {
    return this.#streams[side].next;
  }

  wirePosition(side: Side, position: number): number {
    if (this.#wire !== null) return this.#wire.of(side, position);
    return this.#tls?.wirePosition(side, position) ?? position;
  }

  otherWirePosition(): number {
    if (this.#wire !== null) return this.#wire.other;
    const other = this.#side === TO_SERVER ? TO_CLIENT : TO_SERVER;
    return this.wirePosition(other, this.otherPosition());
  }

  /** More is known of the socket now. */
  learn(facts: ConnectionFacts): void {
    this.facts = facts;
    const carried = this.plaintext?.connection;
    if (carried !== undefined) carried.facts = { ...facts, tls: carried.facts.tls ?? {} };
  }

  /** A TLS library tells what is carried here: from now on its records are framed alone. @returns the framing */
  claim(): TlsParser {
    if (this.#tls === null) this.#switch(TLS);
    const tls = this.#tls ?? this.#frameTls();
    tls.claim();
    return tls;
  }

  otherPosition(): number {
    const other = this.#side === TO_SERVER ? TO_CLIENT : TO_SERVER;
    return this.#streams[other].unwrap(this.#streams[this.#side].otherRaw);
  }

  #sinkOf(side: Side): StreamSink {
    return {
      bytes: (bytes, position, time) => {
        this.#marks[side].add(position, time);
        const waiting = this.#undecided;
        if (waiting !== null && waiting.side === side) {
          this.#undecided = null;
          this.#bytes(side, joined(waiting.bytes, bytes), waiting.position, time);
        } else {
          this.#decide();
          this.#bytes(side, bytes, position, time);
        }
      },
      gap: (position, length, time) => {
        this.#decide();
        this.#marks[side].add(position, time);
        this.#side = side;
        this.#lastSide = side;
        this.#session.unread(side, position + length);
        this.#parser.gap(side, position, length);
      },
    };
  }

  #bytes(side: Side, bytes: Uint8Array, position: number, time: number): void {
    this.#side = side;
    if (this.#lastSide !== side) {
      if (this.#isDoubtful) this.#doubt(side, bytes);
      else if (this.#protocol === OPAQUE && !this.#detect(side, bytes)) {
        // A datagram has no sequel.
        const goesOn = this.facts.transport !== 'udp' && bytes.length < MOST_UNDECIDED;
        if (goesOn && isUndecided(bytes, side)) {
          this.#undecided = { side, bytes: bytes.slice(), position, time };
          return;
        }
      }
    }
    this.#feed(side, bytes, position);
  }

  /** The protocol was guessed, and may have been guessed wrong; that it is TLS is certain once a library has said so. */
  get #isDoubtful(): boolean {
    return this.#protocol !== OPAQUE && this.plaintext === null;
  }

  #feed(side: Side, bytes: Uint8Array, position: number): void {
    this.#lastSide = side;
    this.#parser.feed(side, bytes, position);
    if (this.#isDoubtful && this.#session.refusals(side) >= WRONG_GUESS) this.#switch(OPAQUE);
  }

  /** No more bytes come in time to tell what the message is: it is taken as it stands. */
  #decide(): void {
    const waiting = this.#undecided;
    if (waiting === null) return;
    this.#undecided = null;
    this.#side = waiting.side;
    this.#feed(waiting.side, waiting.bytes, waiting.position);
  }

  /** A turn begins on a side whose last bytes made no sense: it may be another protocol's. */
  #doubt(side: Side, bytes: Uint8Array): void {
    if (this.#session.refusals(side) === 0) {
      if (this.#session.refusals(side === TO_SERVER ? TO_CLIENT : TO_SERVER) === 0) this.#strangeTurns = 0;
      return;
    }
    const found = detectProtocol(bytes, side);
    if (found !== null && found.protocol !== this.#protocol) this.#switch(found.protocol);
    else if (found === null && ++this.#strangeTurns >= WRONG_GUESS) this.#switch(OPAQUE);
  }

  #detect(side: Side, bytes: Uint8Array): boolean {
    const found = detectProtocol(bytes, side);
    if (found === null || found.protocol === OPAQUE) return false;
    this.#switch(found.protocol);
    return true;
  }

  #switch(protocol: Protocol): void {
    this.#session.finish();
    this.#strangeTurns = 0;
    this.#tls = null;
    this.#protocol = protocol;
    this.#session = new Session(this.facts, protocol.name, this.#sink, this, protocol.interleaves);
    if (protocol === TLS) this.#frameTls();
    else this.#parser = protocol.createParser(this.#session, this.#options);
  }

  #frameTls(): TlsParser {
    const tls = createTlsParser(this.#session, this.#options);
    if (this.plaintext !== null) tls.claim();
    this.#tls = tls;
    this.#parser = tls;
    return tls;
  }
}

/** Some protocol's messages may begin so, but more bytes are needed to say. */
function isUndecided(bytes: Uint8Array, side: Side): boolean {
  return PROTOCOLS.some((protocol) => protocol.detect(bytes, side) >= UNDECIDED);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
