import {
  type Candidate,
  CausalityEngine,
  DEFAULT_THRESHOLD,
  Errands,
  JointStage,
  type Moment,
  OF_ITS_OWN,
  Turns,
  type Wake,
} from '@weft/causality';
import type { EvidenceKind } from '@weft/model';
import { type Side, TO_CLIENT, TO_SERVER } from '@weft/protocols';
import type { SocketEvent } from '../capture/socket-event.ts';
import type { Exchange } from '../sessions/exchange.ts';
import { HeldCalls } from '../sessions/held-calls.ts';
import type { Connection } from '../streams/connection.ts';
import { hintsOf } from './hints.ts';
import { isChatter, isHandshake } from './nobodys.ts';

/** What was believed before something spoke more clearly for another cause. */
const OUTDONE = 0.4;
/** So sure, what the thread does decides at once for whom it makes a call; below it that waits for what comes. */
const CLEAR = 0.9;
const MAX_PROCESSES = 65_536;

/** Where what is concluded goes. */
export interface CausesSink {
  /** The exchange is over and its causes are known as far as they ever will be. */
  ship(exchange: Exchange): void;
  /** The process serves requests: it should be told who wakes whom in it. */
  wantWakes(tgid: number): void;
  /** Counts a call of which more would have been known but for a bound. */
  lost(cause: string): void;
}

/**
 * Which served request caused each call: hands to causality what units of execution do, asks it when a call leaves, and
 * keeps the calls whose causes are only known later.
 */
export class Causes {
  readonly #without: readonly EvidenceKind[];
  readonly #sink: CausesSink;
  readonly #engine: CausalityEngine<Exchange>;
  readonly #turns: Turns<Exchange>;
  readonly #errands: Errands<Exchange, Exchange>;
  readonly #joint: JointStage<Exchange, Exchange>;
  readonly #held: HeldCalls;
  /** Processes of which it is told who wakes whom. */
  readonly #wakesOf = new Set<number>();

  /** @param without kinds of evidence that are switched off */
  constructor(without: readonly EvidenceKind[], sink: CausesSink) {
    this.#without = without;
    this.#sink = sink;
    this.#turns = new Turns((call, causes) => decided(call, without.includes('inferred') ? [] : causes));
    this.#errands = new Errands((call, request, sure) => this.#errandOver(call, request, sure));
    this.#joint = new JointStage((call, causes) => concluded(call, causes));
    this.#held = new HeldCalls((exchange) => sink.ship(exchange));
    this.#engine = new CausalityEngine({ without }, this.#errands);
  }

  /** Entries that are remembered. */
  get size(): number {
    return this.#engine.size() + this.#joint.size;
  }

  /** End of the exchange that waits longest to be shipped; infinite when none does. */
  get oldestEnd(): number {
    return this.#held.oldestEnd;
  }

  processEnded(tgid: number): void {
    this.#engine.processExited(tgid);
    this.#joint.processExited(tgid);
    this.#wakesOf.delete(tgid);
  }

  threadEnded(tgid: number, tid: number): void {
    this.#engine.threadExited(tgid, tid);
    this.#turns.exited(tid);
    this.#joint.threadExited(tgid, tid);
  }

  /** @param parent where the thread was created */
  threadCreated(tgid: number, tid: number, parent: Moment): void {
    this.#engine.threadCreated(tgid, tid, parent);
  }

  threadWoken(wake: Wake): void {
    this.#engine.threadWoken(wake);
  }

  /** A client socket starts to connect. */
  connecting(socket: number, at: Moment): void {
    this.#engine.connecting(socket, at);
  }

  socketClosed(socket: number): void {
    this.#engine.socketClosed(socket);
  }

  /** Answers come: what the thread sent before is decided by what was known before. */
  answersCome(tid: number): void {
    this.#turns.settle(tid);
  }

  /** What the unit of execution has just done, besides beginning exchanges. */
  moved(connection: Connection, side: Side, event: SocketEvent): void {
    const { session } = connection;
    // Settings and flow control are nobody's work.
    if (session.idle || (connection.facts.pair && !connection.known)) return;
    const exchange = connection.touched(side);
    this.#noteRead(connection, side, event);
    if (connection.facts.role === 'client') {
      if (side !== TO_CLIENT) return;
      this.#engine.responseRead(causeOf(exchange), event);
      if (exchange !== null) this.#joint.answerRead(exchange, event);
      return;
    }
    if (side === TO_CLIENT) this.#turns.responded(event.tid, exchange);
    if (exchange === null) {
      if (side === TO_SERVER && session.interleaves && session.touchedAll.length > 1) {
        this.#engine.severalRead(event);
      }
    } else if (side === TO_SERVER) {
      this.#engine.requestRead(exchange, event);
      this.#joint.requestRead(exchange, exchange.request.name, event);
    } else {
      this.#engine.responseWritten(exchange, event);
      this.#joint.responseWritten(exchange, exchange.request.name, event);
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

  /** A request was read by whom it is for. */
  received(exchange: Exchange, at: Moment): void {
    exchange.tid = at.tid;
    this.#engine.requestReceived(exchange, at);
    const { tgid } = exchange;
    if (at.goid !== 0 || this.#wakesOf.has(tgid) || this.#without.includes('wakeup')) return;
    if (this.#wakesOf.size >= MAX_PROCESSES) this.#wakesOf.clear();
    this.#wakesOf.add(tgid);
    this.#sink.wantWakes(tgid);
  }

  /**
   * A call leaves: its causes are known now, or will be told later.
   * @param first it is the first on its connection
   */
  called(exchange: Exchange, connection: Connection, first: boolean, at: Moment): void {
    const { cookie } = connection.facts;
    const { interleaves } = connection.session;
    const { traceId, requestIds } = exchange;
    exchange.tid = at.tid;
    const causes = this.#engine.causesOf({ traceId, requestIds, socket: cookie, first }, at);
    const [best] = causes;
    const isShared = interleaves || this.#turns.isShared(at.tid);
    const sharesWrites = isShared && at.goid === 0 && best?.confidence !== 1;
    if (sharesWrites && this.#turns.isUnclear(at.tid, best?.request ?? null)) {
      exchange.undecided = true;
      this.#turns.sent(at.tid, exchange, interleaves ? cookie : OF_ITS_OWN);
      return;
    }
    // What a turn's calls leave together with says nothing of the order of reading.
    if (!sharesWrites && this.#isOpen(best, at) && this.#isDecidedLater(exchange, causes, at)) {
      exchange.awaited = true;
      return;
    }
    const useTurns = sharesWrites && !this.#without.includes('inferred');
    decided(exchange, useTurns ? this.#turns.clear(at.tid, causes) : causes);
    if (this.#engine.isErrand(at, causes)) {
      exchange.awaited = true;
      this.#errands.called(at, exchange);
    }
    const cause = causeOf(exchange);
    if (cause !== null) exchange.waiter = this.#engine.callSent(cause, at);
    if (!this.#joint.isWatched(at)) return;
    this.#joint.knownCallSent(exchange, kindOfCall(exchange), cause, cause?.request.name ?? '', at);
  }

  /** Nothing certain says for whom a thread that serves several makes a call. */
  #isOpen(best: Candidate<Exchange> | undefined, at: Moment): boolean {
    if (at.goid !== 0 || at.tid === 0 || this.#without.includes('inferred')) return false;
    const clear = this.#engine.actsAtOnce(at) ? DEFAULT_THRESHOLD : CLEAR;
    return (best === undefined || best.confidence < clear) && this.#engine.servesSeveral(at);
  }

  /** Whether what is read and written before and after will tell for whom a call is made. */
  #isDecidedLater(call: Exchange, causes: readonly Candidate<Exchange>[], at: Moment): boolean {
    if (this.#joint.callSent(call, kindOfCall(call), hintsOf(causes), at)) return true;
    if (this.#joint.overworked) this.#sink.lost('joint_work');
    return false;
  }

  /** A worker has given its answer, and so it is clear for whom it made a call. */
  #errandOver(call: Exchange, request: Exchange | null, sure: number): void {
    call.awaited = false;
    if (request === null || request.start > call.start || this.#without.includes('unit')) return;
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

  /** The exchange is over: it is shipped, now or as soon as its causes are known. */
  over(exchange: Exchange, now: number): void {
    this.forget(exchange, now);
    this.#held.add(exchange);
  }

  /** Nobody works for the exchange any more; it is not shipped. */
  forget(exchange: Exchange, now: number): void {
    if (isChatter(exchange)) return;
    if (exchange.undecided) this.#turns.settle(exchange.tid);
    const cause = causeOf(exchange);
    if (cause !== null) cause.underWay--;
    if (exchange.connection.role === 'server' && !isHandshake(exchange)) {
      this.#engine.requestServed(exchange, exchange.tid);
    }
    if (exchange.waiter !== 0) this.#engine.callAnswered(exchange.tgid, exchange.waiter);
    if (exchange.connection.role === 'server') this.#joint.requestServed(exchange, exchange.tgid, now);
    else this.#joint.callEnded(exchange, { tgid: exchange.tgid, tid: exchange.tid, time: now });
  }

  /** Regular work: concludes what has waited long enough, and ships what is due. */
  advance(now: number): void {
    this.#errands.advance(now);
    this.#joint.advance(now);
    this.#held.release(now, false);
  }

  /** Everything is decided and shipped as it stands. */
  flush(now: number): void {
    this.#errands.flush();
    this.#joint.flush();
    this.#held.release(now, true);
  }
}

function decided(call: Exchange, causes: readonly Candidate<Exchange>[]): void {
  call.undecided = false;
  call.causes = causes;
  const cause = causeOf(call);
  if (cause !== null) cause.underWay++;
}

/** What was read and written before and after has told for whom a call was made. */
function concluded(call: Exchange, causes: readonly Candidate<Exchange>[]): void {
  call.awaited = false;
  call.causes = causes;
  if (!call.open) return;
  const cause = causeOf(call);
  if (cause !== null) cause.underWay++;
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
