import {
  type Candidate,
  CausalityEngine,
  DEFAULT_THRESHOLD,
  Errands,
  JointStage,
  type Moment,
  type Odds,
  OF_ITS_OWN,
  Turns,
} from '@weft/causality';
import { EVENT, FLAG, KIND, ROLE, TASK_EVENT, TRANSPORT, WAKE } from '@weft/kernel';
import {
  CALL_BYTES,
  detectProtocol,
  opaque as OPAQUE,
  type Side,
  tls as TLS,
  TO_CLIENT,
  TO_SERVER,
} from '@weft/protocols';
import { addressesLearnt, factsOf } from './capture/facts-of-event.ts';
import { type RecordMemory, readTaskEvent, readWake, SocketEvent } from './capture/socket-event.ts';
import { Losses } from './losses.ts';
import type { PipelineOptions, ProcessFacts, SpanSink, VerdictSink } from './pipeline-contracts.ts';
import { datagramDigest } from './sessions/datagram-digest.ts';
import type { Exchange } from './sessions/exchange.ts';
import { HeldCalls } from './sessions/held-calls.ts';
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
/** What was believed before that. */
const OUTDONE = 0.4;
/** So sure, what the thread does decides at once for whom it makes a call; below it that waits for what comes. */
const CLEAR = 0.9;
const MOST_SURE = 0.999;
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
  readonly #engine: CausalityEngine<Exchange>;
  readonly #processes: ProcessFacts;
  readonly #options: PipelineOptions;
  readonly #joinOptions: JoinOptions;
  readonly #emit: SpanSink;
  readonly #verdict: VerdictSink | null;
  readonly #turns = new Turns<Exchange>((call, causes) =>
    this.#decided(call, this.#options.without.includes('inferred') ? [] : causes),
  );
  readonly #errands = new Errands<Exchange, Exchange>((call, request, sure) =>
    this.#errandOver(call, request, sure),
  );
  readonly #joint = new JointStage<Exchange, Exchange>((call, causes) => this.#concluded(call, causes));
  readonly #held = new HeldCalls((exchange) => this.#ship(exchange));
  #nextTick = 0;
  /** Server ports whose protocol needs more of a call than its first bytes. */
  readonly #wholeCalls = new Set<number>();
  /** Processes of which it is told who wakes whom. */
  readonly #wakesOf = new Set<number>();
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
    this.#engine = new CausalityEngine({ without: options.without }, this.#errands);
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Entries that causality remembers. */
  get remembered(): number {
    return this.#engine.size() + this.#joint.size;
  }

  /** Everything that ended before this moment has been emitted: no turn waits for its end any more, no chunk for one before it. */
  settledUntil(): number {
    return Math.min(this.now - LATEST_NANOS, this.#held.oldestEnd);
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
      else this.#engine.threadWoken(readWake(memory, offset));
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
        this.#engine.connecting(event.cookie, event);
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
        this.#engine.processExited(task.tgid);
        this.#wakesOf.delete(task.tgid);
        this.#joint.processExited(task.tgid);
        this.#processes.executed(task.tgid, task.name);
        break;
      case KIND.EXIT:
        this.#engine.threadExited(task.tgid, task.tid);
        this.#turns.exited(task.tid);
        this.#joint.threadExited(task.tgid, task.tid);
        if (task.tgid === task.tid) {
          this.#engine.processExited(task.tgid);
          this.#wakesOf.delete(task.tgid);
          this.#joint.processExited(task.tgid);
          this.#processes.exited(task.tgid);
        }
        break;
      case KIND.FORK:
        if (task.tgid !== task.parentTgid) this.#processes.forked(task.tgid, task.parentTgid);
        else {
          this.#engine.threadCreated(task.tgid, task.tid, {
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
    if (!sending && facts.role === 'client') this.#turns.settle(event.tid);
    connection.add(side, position, otherPosition, event.length, event.skipped, payload, event.time, event);
    // Of TLS, the plaintext tells who has read or written what.
    if (connection.plaintext === null) this.#tellCausality(connection, side, event);
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
    if (side === TO_CLIENT && received) this.#turns.settle(event.tid);
    plaintext.add(
      side,
      wire ?? event.position,
      event.otherPosition,
      event.length,
      event.payload(),
      event.time,
      event,
    );
    this.#tellCausality(plaintext.connection, side, event);
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

  /** What the unit of execution has just done, besides opening exchanges. */
  #tellCausality(connection: Connection, side: Side, event: SocketEvent): void {
    const { session } = connection;
    // Settings and flow control are nobody's work.
    if (session.idle || (connection.facts.pair && !connection.known)) return;
    const exchange = connection.touched(side);
    this.#noteRead(connection, side, event);
    if (connection.facts.role === 'server' && side === TO_CLIENT) this.#turns.responded(event.tid, exchange);
    if (connection.facts.role === 'client') {
      if (side !== TO_CLIENT) return;
      this.#engine.responseRead(causeOf(exchange), event);
      if (exchange !== null) this.#joint.answerRead(exchange, event);
    } else if (exchange !== null) {
      if (side === TO_SERVER) {
        this.#engine.requestRead(exchange, event);
        this.#joint.requestRead(exchange, exchange.request.name, event);
      } else {
        this.#engine.responseWritten(exchange, event);
        this.#joint.responseWritten(exchange, exchange.request.name, event);
      }
    } else if (side === TO_SERVER && session.interleaves && session.touchedAll.length > 1) {
      this.#engine.severalRead(event);
    }
  }

  /** What this turn of the thread has read for; only an event loop's turns matter. */
  #noteRead(connection: Connection, side: Side, event: SocketEvent): void {
    const isCall = connection.facts.role === 'client';
    if (event.goid !== 0 || event.tid === 0 || isCall !== (side === TO_CLIENT)) return;
    for (const exchange of connection.session.touchedAll) {
      const isShared = !isCall && connection.session.interleaves;
      this.#turns.read(event.tid, isCall ? causeOf(exchange) : exchange, exchange, isShared);
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
    this.#engine.socketClosed(cookie);
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
      exchange.tid = at.tid;
      // A handshake does not make the first request less of a first one.
      if (!isHandshake(exchange)) connection.fresh = false;
      const causes = this.#engine.causesOf(
        {
          traceId: exchange.traceId,
          requestIds: exchange.requestIds,
          socket: facts.cookie,
          first: fresh,
        },
        at,
      );
      const [best] = causes;
      const { interleaves } = connection.session;
      const isShared = interleaves || this.#turns.isShared(at.tid);
      const sharesWrites = isShared && at.goid === 0 && best?.confidence !== 1;
      if (sharesWrites && this.#turns.isUnclear(at.tid, best?.request ?? null)) {
        exchange.undecided = true;
        this.#turns.sent(at.tid, exchange, interleaves ? facts.cookie : OF_ITS_OWN);
      } else if (
        this.#isOpen(best, at) &&
        this.#joint.callSent(exchange, kindOfCall(exchange), hintsOf(causes), at)
      ) {
        exchange.awaited = true;
      } else {
        const useTurns = sharesWrites && !this.#options.without.includes('inferred');
        this.#decided(exchange, useTurns ? this.#turns.clear(at.tid, causes) : causes);
        if (this.#engine.isErrand(at, causes)) {
          exchange.awaited = true;
          this.#errands.called(at, exchange);
        }
        const cause = causeOf(exchange);
        if (cause !== null) exchange.waiter = this.#engine.callSent(cause, at);
        this.#joint.knownCallSent(exchange, kindOfCall(exchange), cause, cause?.request.name ?? '', at);
      }
    } else if (!isHandshake(exchange)) {
      exchange.tid = at.tid;
      this.#engine.requestReceived(exchange, at);
      if (at.goid === 0 && !this.#wakesOf.has(facts.tgid)) this.#askForWakes(facts.tgid);
    }
  }

  #askForWakes(tgid: number): void {
    if (this.#options.without.includes('wakeup')) return;
    if (this.#wakesOf.size >= MAX_CONNECTIONS) this.#wakesOf.clear();
    this.#wakesOf.add(tgid);
    this.#verdict?.wakes(tgid);
  }

  #decided(call: Exchange, causes: readonly Candidate<Exchange>[]): void {
    call.undecided = false;
    call.causes = causes;
    const cause = causeOf(call);
    if (cause !== null) cause.underWay++;
  }

  /** A worker has given its answer, and so it is clear for whom it made a call. */
  #errandOver(call: Exchange, request: Exchange | null, sure: number): void {
    call.awaited = false;
    if (request === null || request.start > call.start || this.#options.without.includes('unit')) return;
    const before = causeOf(call);
    if (call.open && before !== null) before.underWay--;
    const evidence = { kind: 'unit', key: `errand of thread ${call.tid}`, confidence: sure } as const;
    const known = call.causes.find((cause) => cause.request === request);
    call.causes = [
      { request, evidence: [evidence, ...(known?.evidence ?? [])], confidence: sure },
      ...call.causes.filter((cause) => cause.request !== request).map(outdone),
    ];
    if (call.open) request.underWay++;
  }

  /** Nothing certain says for whom a thread that serves several makes a call. */
  #isOpen(best: Candidate<Exchange> | undefined, at: Moment): boolean {
    if (at.goid !== 0 || at.tid === 0 || this.#options.without.includes('inferred')) return false;
    const clear = this.#engine.actsAtOnce(at) ? DEFAULT_THRESHOLD : CLEAR;
    return (best === undefined || best.confidence < clear) && this.#engine.servesSeveral(at);
  }

  /** What was read and written before and after has told for whom a call was made. */
  #concluded(call: Exchange, causes: readonly Candidate<Exchange>[]): void {
    call.awaited = false;
    call.causes = causes;
    if (!call.open) return;
    const cause = causeOf(call);
    if (cause !== null) cause.underWay++;
  }

  closed(exchange: Exchange): void {
    this.#forget(exchange);
    this.#held.add(exchange);
  }

  #forget(exchange: Exchange): void {
    if (isChatter(exchange)) return;
    if (exchange.undecided) this.#turns.settle(exchange.tid);
    const cause = causeOf(exchange);
    if (cause !== null) cause.underWay--;
    if (exchange.connection.role === 'server' && !isHandshake(exchange)) {
      this.#engine.requestServed(exchange, exchange.tid);
    }
    if (exchange.waiter !== 0) this.#engine.callAnswered(exchange.tgid, exchange.waiter);
    if (exchange.connection.role === 'server') this.#joint.requestServed(exchange, exchange.tgid, this.now);
    else this.#joint.callEnded(exchange, { tgid: exchange.tgid, tid: exchange.tid, time: this.now });
  }

  /** Gives up what is open on a connection, with exceptions. @returns how many exchanges */
  #abandon(connection: Connection, except: ((exchange: Exchange) => boolean) | null = null): number {
    const open = connection.session.abandon(except);
    for (const exchange of open) this.#forget(exchange);
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
    this.#errands.advance(this.now);
    this.#joint.advance(this.now);
    this.#held.release(this.now, false);
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
    this.#errands.flush();
    this.#joint.flush();
    this.#held.release(this.now, true);
  }

  /** The end of a recording: everything that is open is given out as it stands. */
  finish(): void {
    for (const cookie of [...this.#connections.keys()]) this.#closed(cookie, this.now);
    this.#errands.flush();
    this.#joint.flush();
    this.#held.release(this.now, true);
  }
}

/** Nobody works on account of a handshake: it takes no part in what causes what. */
function isHandshake({ protocol, request }: Exchange): boolean {
  return protocol === TLS.name && request.attributes['weft.opaque'] !== true;
}

/**
 * What nothing decodes between the processes of one program (Node's cluster, workers and their master): either end speaks unasked, on no
 * request's account. It is shown, but says nothing of what its threads work for.
 */
function isChatter({ protocol, connection }: Exchange): boolean {
  return connection.pair === true && protocol === OPAQUE.name;
}

/** One end has sent its last byte, TLS or not. */
function endSide(connection: Connection, side: Side, time: number): void {
  connection.sideEnded(side, time);
  connection.plaintext?.connection.sideEnded(side, time);
}

/** The request for which a call was made, if that is known well enough to go by. */
function causeOf(exchange: Exchange | null): Exchange | null {
  const best: Candidate<Exchange> | undefined = exchange?.causes[0];
  return best !== undefined && best.confidence >= DEFAULT_THRESHOLD ? best.request : null;
}

/** Something speaks more clearly for another cause. */
function outdone(candidate: Candidate<Exchange>): Candidate<Exchange> {
  const evidence = candidate.evidence.map((one) => ({
    ...one,
    confidence: Math.min(one.confidence, OUTDONE),
  }));
  return { ...candidate, evidence, confidence: Math.min(candidate.confidence, OUTDONE) };
}

/** Who is asked for what: calls of one kind are made for the same reasons. */
function kindOfCall({ connection, request }: Exchange): string {
  return `${connection.remoteAddress}:${connection.remotePort} ${request.name}`;
}

/** What evidence that does not go by the thread says: odds by request; null: nothing. */
function hintsOf(causes: readonly Candidate<Exchange>[]): Odds<Exchange>[] | null {
  let hints: Odds<Exchange>[] | null = null;
  for (const { request, evidence } of causes) {
    let odds = 1;
    for (const { kind, confidence } of evidence) {
      if (kind === 'unit' || kind === 'socket-return' || kind === 'inferred') continue;
      const sure = Math.min(confidence, MOST_SURE);
      odds *= sure / (1 - sure);
    }
    if (odds === 1) continue;
    hints ??= [];
    hints.push({ request, odds });
  }
  return hints;
}

/** Bytes moved, but nobody saw by whom: nothing can be concluded from the unit of execution. */
function nobodyOf(tgid: number, time: number): Moment {
  return {
    time,
    tgid,
    tid: 0,
    goid: 0,
    parentGoid: 0,
    handoverGoid: 0,
    handoverParentGoid: 0,
    askerGoid: 0,
    askerParentGoid: 0,
    waiterGoid: 0,
    waiterParentGoid: 0,
    switches: 0,
  };
}
