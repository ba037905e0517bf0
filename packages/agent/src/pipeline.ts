import { EVENT, FLAG, KIND, ROLE, TASK_EVENT, TRANSPORT, WAKE } from '@weft/kernel';
import { CALL_BYTES, detectProtocol, type Side, TO_CLIENT, TO_SERVER } from '@weft/protocols';
import { addressesLearnt, factsOf } from './capture/facts-of-event.ts';
import { type RecordMemory, readTaskEvent, readWake, SocketEvent } from './capture/socket-event.ts';
import { Causes } from './causes/causes.ts';
import { isChatter, isHandshake, nobodyOf } from './causes/nobodys.ts';
import { Losses } from './losses.ts';
import type { PipelineOptions, ProcessFacts, SpanSink, VerdictSink } from './pipeline-contracts.ts';
import { datagramDigest } from './sessions/datagram-digest.ts';
import type { Exchange } from './sessions/exchange.ts';
import type { ExchangeSink } from './sessions/session.ts';
import { buildSpan, type JoinOptions } from './sessions/span-builder.ts';
import { Connection } from './streams/connection.ts';
import { type ConnectionFacts, serverPort } from './streams/connection-facts.ts';
import { Plaintext } from './streams/plaintext.ts';

const MAX_CONNECTIONS = 65_536;
/** The kernel reports the end of TCP sockets alone: others go when they have been quiet for so long. */
const IDLE_NANOS = { tcp: 900e9, unix: 60e9, udp: 60e9 } as const;
/** Turns of an unknown protocol end after so much quiet. */
const QUIET_NANOS = 0.7e9;
/** A request without any answer is given up. */
const UNANSWERED_NANOS = 120e9;
const TICK_NANOS = 100e6;
/** Ticks in which each connection is looked at once. */
const TICKS_A_ROUND = 8;
/** What only the quiet ends is given out so long after its end at the latest. */
const LATEST_NANOS = QUIET_NANOS + TICKS_A_ROUND * TICK_NANOS;
/** Messages up to this size are copied whole anyway. */
const SMALL_BYTES = 512;

/**
 * From kernel events to spans: streams, protocols, sessions, causality. Deterministic: the same records and the same
 * process facts give the same spans. Nothing in it blocks, reads a clock or touches the network.
 */
export class Pipeline implements ExchangeSink {
  readonly losses = new Losses();
  events = 0;
  /** Bytes of payload that the kernel side copied. */
  capturedBytes = 0;
  spans = 0;
  /** Time of the newest event. */
  now = 0;
  /** Unix time of the events' moment 0, ns; changes when the machine's clock is set. */
  epochUnixNanos: number;
  readonly #event = new SocketEvent();
  readonly #connections = new Map<number, Connection>();
  readonly #causes: Causes;
  readonly #processes: ProcessFacts;
  readonly #options: PipelineOptions;
  readonly #joinOptions: JoinOptions;
  readonly #emit: SpanSink;
  readonly #verdict: VerdictSink | null;
  #nextTick = 0;
  /** Server ports whose protocol needs more of a call than its first bytes. */
  readonly #wholeCalls = new Set<number>();
  /** Sockets that were dropped though they live on: what is known of them, and whether a request is still their first. */
  readonly #dropped = new Map<number, { readonly facts: ConnectionFacts; readonly fresh: boolean }>();
  #idleCursor: Iterator<Connection> | null = null;

  constructor(
    processes: ProcessFacts,
    options: PipelineOptions,
    emit: SpanSink,
    verdict: VerdictSink | null = null,
  ) {
    this.#processes = processes;
    this.#options = options;
    this.#joinOptions = { joins: !options.without.includes('carried-id'), idKey: options.idKey };
    this.epochUnixNanos = options.epochUnixNanos ?? 0;
    this.#emit = emit;
    this.#verdict = verdict;
    this.#causes = new Causes(options.without, {
      ship: (exchange) => this.#ship(exchange),
      wantWakes: (tgid) => verdict?.wakes(tgid),
      lost: (cause) => this.losses.count(cause),
    });
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Entries that causality remembers. */
  get remembered(): number {
    return this.#causes.size;
  }

  /** Everything that ended before this moment has been emitted: no turn waits for its end any more, no chunk for one before it. */
  settledUntil(): number {
    return Math.min(this.now - LATEST_NANOS, this.#causes.oldestEnd);
  }

  /** One record of the kernel side. @param length of the record in bytes */
  record(memory: RecordMemory, offset: number, length: number): void {
    this.events++;
    const kind = memory.bytes[offset]!;
    if (kind === KIND.EXEC || kind === KIND.EXIT || kind === KIND.FORK) {
      if (length < TASK_EVENT.size) this.losses.count('record_malformed');
      else this.#task(memory, offset);
      return;
    }
    if (kind === KIND.WAKE) {
      if (length < WAKE.size) this.losses.count('record_malformed');
      else this.#causes.threadWoken(readWake(memory, offset));
      return;
    }
    const event = this.#event;
    if (length < EVENT.size) {
      this.losses.count('record_malformed');
      return;
    }
    event.read(memory, offset);
    if (event.cookie === 0) {
      // Zero is never a key: all sockets without a name would be one.
      this.losses.count('record_no_socket');
      return;
    }
    if (
      event.captured > length - SocketEvent.headerBytes(event.flags) ||
      event.skipped + event.captured > event.length
    ) {
      this.losses.count('record_malformed');
      return;
    }
    this.capturedBytes += event.captured;
    if (event.time > this.now) this.now = event.time;
    switch (kind) {
      case KIND.SEND:
      case KIND.RECV:
        this.#transfer(event, kind === KIND.SEND);
        break;
      case KIND.CONNECT:
        this.#causes.connecting(event.cookie, event);
        break;
      case KIND.SHUTDOWN: {
        const connection = this.#connections.get(event.cookie);
        if (connection === undefined) break;
        endSide(connection, connection.facts.role === 'client' ? TO_SERVER : TO_CLIENT, event.time);
        break;
      }
      case KIND.CLOSE:
        this.#dropped.delete(event.cookie);
        this.#closed(event.cookie, event.time);
        break;
      default:
        this.losses.count('record_unknown');
    }
    this.tick(this.now);
  }

  #task(memory: RecordMemory, offset: number): void {
    const task = readTaskEvent(memory, offset);
    switch (task.kind) {
      case KIND.EXEC:
        this.#causes.processEnded(task.tgid);
        this.#processes.executed(task.tgid, task.name);
        break;
      case KIND.EXIT:
        this.#causes.threadEnded(task.tgid, task.tid);
        if (task.tgid === task.tid) {
          this.#causes.processEnded(task.tgid);
          this.#processes.exited(task.tgid);
        }
        break;
      case KIND.FORK:
        if (task.tgid !== task.parentTgid) this.#processes.forked(task.tgid, task.parentTgid);
        else {
          this.#causes.threadCreated(task.tgid, task.tid, {
            ...nobodyOf(task.parentTgid, task.time),
            tid: task.parentTid,
            goid: task.parentGoid,
          });
        }
        break;
    }
  }

  #transfer(event: SocketEvent, sending: boolean): void {
    let connection = this.#connections.get(event.cookie);
    if (connection === undefined) {
      if (event.length === 0 || !this.#processes.seen(event.tgid)) return;
      connection = this.#connect(event, sending);
    } else if (event.described) {
      const learnt = addressesLearnt(connection.facts, event);
      if (learnt !== null) connection.learn(learnt);
    }
    const { facts } = connection;
    const side: Side = sending === (facts.role === 'client') ? TO_SERVER : TO_CLIENT;
    connection.lastActive = event.time;
    if ((event.flags & FLAG.FLAG_TLS) !== 0) {
      this.#plaintext(connection, side, event);
      return;
    }
    if (event.length === 0) {
      endSide(connection, side, event.time);
      return;
    }
    let { position, otherPosition } = event;
    if (event.transport === TRANSPORT.UDP) {
      // No sequences: datagrams count their own bytes.
      const other = side === TO_SERVER ? TO_CLIENT : TO_SERVER;
      position = connection.datagramBytes[side];
      otherPosition = connection.datagramBytes[other];
      connection.datagramBytes[side] += event.length;
    }
    const payload = event.payload();
    // Answers come: what was sent before is decided by what was known before.
    if (!sending && facts.role === 'client') this.#causes.answersCome(event.tid);
    connection.add(side, position, otherPosition, event.length, event.skipped, payload, event.time, event);
    // Of TLS, the plaintext tells who has read or written what.
    if (connection.plaintext === null) this.#causes.moved(connection, side, event);
    connection.session.forgetTouched();
    // Those that want whole calls are told of before the first large one.
    const isLarge = event.length > SMALL_BYTES || connection.callBytes > CALL_BYTES;
    if (this.#verdict !== null && (connection.limited || isLarge)) {
      this.#limit(connection, this.#verdict);
    }
  }

  /** Bytes that TLS carries, as a library took or gave them. */
  #plaintext(connection: Connection, side: Side, event: SocketEvent): void {
    let { plaintext } = connection;
    // What was taken for opaque messages is spoken by something that can be read.
    if (plaintext === null) this.#abandon(connection, isHandshake);
    const framing = connection.claim();
    if (plaintext === null) {
      const facts = { ...connection.facts, tls: { ...framing.attributes } };
      plaintext = new Plaintext(facts, this, this.#options);
      plaintext.connection.fresh = connection.fresh;
      connection.plaintext = plaintext;
    }
    const received = side === (connection.facts.role === 'client' ? TO_CLIENT : TO_SERVER);
    // A sender's record is where its bytes went; a reader may have read several ahead.
    const wire = received ? framing.records(side).take(event.length) : null;
    // As with plain bytes: what was sent before is decided by what was known before.
    if (side === TO_CLIENT && received) this.#causes.answersCome(event.tid);
    plaintext.add(
      side,
      wire ?? event.position,
      event.otherPosition,
      event.length,
      event.payload(),
      event.time,
      event,
    );
    this.#causes.moved(plaintext.connection, side, event);
  }

  /**
   * Has the kernel copy no more, and where messages interleave no less, than what parsing needs; from the first large
   * message of a known protocol on.
   */
  #limit(connection: Connection, verdict: VerdictSink): void {
    if (!connection.known) return;
    connection.limited = true;
    const client = connection.facts.role === 'client';
    verdict.heads(
      connection.facts.cookie,
      connection.neededFrom(client ? TO_CLIENT : TO_SERVER),
      connection.neededFrom(client ? TO_SERVER : TO_CLIENT),
      connection.callBytes,
    );
    const port = serverPort(connection.facts);
    if (connection.callBytes > CALL_BYTES && port !== 0 && !this.#wholeCalls.has(port)) {
      this.#wholeCalls.add(port);
      verdict.wholeCalls(port);
    }
  }

  #connect(event: SocketEvent, sending: boolean): Connection {
    if (this.#connections.size >= MAX_CONNECTIONS) {
      for (const oldest of this.#connections.values()) {
        this.losses.count('connection_evicted');
        this.#drop(oldest, event.time);
        break;
      }
    }
    const dropped = this.#dropped.get(event.cookie);
    this.#dropped.delete(event.cookie);
    const facts =
      dropped === undefined
        ? factsOf(event, this.#roleOf(event, sending))
        : { ...(addressesLearnt(dropped.facts, event) ?? dropped.facts), tgid: event.tgid };
    const connection = new Connection(facts, this, this.#options);
    connection.fresh = dropped?.fresh ?? true;
    this.#connections.set(event.cookie, connection);
    return connection;
  }

  /** The kernel knows the role of sockets that it saw connect; for older ones the listening ports tell. */
  #roleOf(event: SocketEvent, sending: boolean): 'client' | 'server' {
    if (event.role === ROLE.ROLE_CLIENT) return 'client';
    if (event.role === ROLE.ROLE_SERVER) return 'server';
    if (event.transport === TRANSPORT.UDP) {
      // Who speaks first is the client, unless the agent came later: the message may tell.
      const payload = event.payload();
      const side = detectProtocol(payload, null)?.protocol.sideOf(payload) ?? TO_SERVER;
      return sending === (side === TO_SERVER) ? 'client' : 'server';
    }
    if (event.transport !== TRANSPORT.TCP) return sending ? 'client' : 'server';
    if (event.localPort !== 0 && this.#processes.isListening(event.tgid, event.localPort)) return 'server';
    return 'client';
  }

  #closed(cookie: number, time: number): void {
    this.#causes.socketClosed(cookie);
    const connection = this.#connections.get(cookie);
    if (connection === undefined) return;
    connection.plaintext?.connection.close(time);
    connection.close(time);
    this.#connections.delete(cookie);
  }

  /** Forgets a socket that lives on: it is taken up again with its next event. */
  #drop(connection: Connection, time: number): void {
    this.#remember(connection);
    this.#closed(connection.facts.cookie, time);
  }

  #remember({ facts, fresh, plaintext }: Connection): void {
    if (this.#dropped.size >= MAX_CONNECTIONS) this.#dropped.clear();
    this.#dropped.set(facts.cookie, { facts, fresh: plaintext?.connection.fresh ?? fresh });
  }

  opened(exchange: Exchange): void {
    if (exchange.connection.transport === 'udp') {
      const unixNanos = this.epochUnixNanos + exchange.start;
      exchange.digest = datagramDigest(this.#event.payload(), unixNanos);
    }
    const socket = this.#connections.get(exchange.connection.cookie)!;
    const carried = exchange.connection.tls !== undefined ? socket.plaintext?.connection : undefined;
    const connection = carried ?? socket;
    const { facts, fresh } = connection;
    // A server that pushes asks itself: that says nothing of what its threads work for.
    if (exchange.pushed || isChatter(exchange)) return;
    // The bytes may have waited for others: the event in hand is then somebody else's.
    const at = connection.moment ?? nobodyOf(facts.tgid, exchange.start);
    if (facts.role === 'client') {
      // A handshake does not make the first request less of a first one.
      if (!isHandshake(exchange)) connection.fresh = false;
      this.#causes.called(exchange, connection, fresh, at);
    } else if (!isHandshake(exchange)) this.#causes.received(exchange, at);
  }

  closed(exchange: Exchange): void {
    this.#causes.over(exchange, this.now);
  }

  /** Gives up what is open on a connection, with exceptions. @returns how many exchanges */
  #abandon(connection: Connection, except: ((exchange: Exchange) => boolean) | null = null): number {
    const open = connection.session.abandon(except);
    for (const exchange of open) this.#causes.forget(exchange, this.now);
    return open.length;
  }

  malformed(cause: string): void {
    this.losses.count(`malformed_${cause}`);
  }

  #ship(exchange: Exchange): void {
    this.spans++;
    this.#emit(buildSpan(exchange, this.#processes.owner(exchange.tgid), this.#joinOptions));
  }

  /** Regular work, ten times a second by the events' own time: releases held calls, ends quiet turns, gives up unanswered requests. */
  tick(now: number): void {
    if (now > this.now) this.now = now;
    if (this.now < this.#nextTick) return;
    this.#nextTick = this.now + TICK_NANOS;
    this.#causes.advance(this.now);
    let budget = Math.max(64, Math.ceil(this.#connections.size / TICKS_A_ROUND));
    this.#idleCursor ??= this.#connections.values();
    while (budget-- > 0) {
      const next = this.#idleCursor.next();
      if (next.done) {
        this.#idleCursor = null;
        break;
      }
      const connection = next.value;
      const [quiet, unanswered] = [this.now - QUIET_NANOS, this.now - UNANSWERED_NANOS];
      connection.expire(this.now, quiet, unanswered);
      const carried = connection.plaintext?.connection;
      carried?.expire(this.now, quiet, unanswered);
      const pending = connection.session.pending.length + (carried?.session.pending.length ?? 0);
      if (this.now - connection.lastActive > IDLE_NANOS[connection.facts.transport] && pending === 0) {
        this.#drop(connection, this.now);
      }
    }
  }

  /**
   * Nothing will be reported for a while: what is open would end as if unanswered. It is dropped and counted
   * instead, whole connections at once, and the streams start anew when reports come again.
   * @param cause under which the requests are counted
   */
  suspend(cause: string): void {
    for (const [cookie, connection] of this.#connections) {
      const carried = connection.plaintext?.connection;
      const open = this.#abandon(connection) + (carried === undefined ? 0 : this.#abandon(carried));
      for (let i = 0; i < open; i++) this.losses.count(cause);
      this.#remember(connection);
      this.#connections.delete(cookie);
    }
    this.#causes.flush(this.now);
  }

  /** The end of a recording: everything that is open is given out as it stands. */
  finish(): void {
    for (const cookie of [...this.#connections.keys()]) this.#closed(cookie, this.now);
    this.#causes.flush(this.now);
  }
}

/** One end has sent its last byte, TLS or not. */
function endSide(connection: Connection, side: Side, time: number): void {
  connection.sideEnded(side, time);
  connection.plaintext?.connection.sideEnded(side, time);
}
