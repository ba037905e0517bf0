import type { EvidenceKind } from '@weft/model';
import { ProcessContexts, type Thread } from './contexts.ts';
import { carriedIdSource } from './evidence/carried-id.ts';
import { lineageSource, waiterFor } from './evidence/lineage.ts';
import { onlyOpenSource } from './evidence/only-open.ts';
import { SocketOrigins } from './evidence/socket-origin.ts';
import type { Believe, EvidenceSource } from './evidence/source.ts';
import { traceContextSource } from './evidence/trace-context.ts';
import { socketReturnSource, unitSource } from './evidence/unit.ts';
import {
  actedWhenWoken,
  answeredWhenWoken,
  isErrand,
  unknownWhenWoken,
  wakeupSource,
  wokenThread,
} from './evidence/wakeup.ts';
import type { Candidate, Moment, OutgoingCall, ServedRequest, Wake } from './facts.ts';
import type { ErrandSink } from './wakes/errands.ts';

/** So often the requests of a process have to stay with the thread that read them, for its order of reading to say anything. */
const MOSTLY = 0.95;
/** Candidates kept of a call, the chosen one included. */
const MAX_CANDIDATES = 4;
const MAX_PROCESSES = 4_096;
/** So often a loop acts for what it read last, if that is its habit. */
const AT_ONCE = 0.9;

/** Below this confidence a link is a candidate, not a parent: a wrong join hurts more than a missing one. */
export const DEFAULT_THRESHOLD = 0.5;

export interface EngineOptions {
  /** Kinds that are switched off. */
  readonly without?: readonly EvidenceKind[];
}

const NOBODY: ErrandSink<unknown> = {
  ended: () => {},
  givenBack: () => {},
  isUnderWay: () => false,
  answeredBy: () => 0,
};

/**
 * Who caused whom, inside processes. Told in the order of the kernel's events what the units of execution
 * read and wrote; asked, when a call leaves, which of the requests being served it belongs to. Pure: no
 * clock, no I/O, the same facts give the same answers.
 */
export class CausalityEngine<R extends ServedRequest> {
  readonly #processes = new Map<number, ProcessContexts<R>>();
  readonly #origins = new SocketOrigins<R>();
  readonly #sources: readonly EvidenceSource<R>[];
  readonly #withoutWakeups: boolean;
  readonly #errands: ErrandSink<R>;

  /** @param errands told when workers have given answers, or go on to something else */
  constructor(options: EngineOptions = {}, errands: ErrandSink<R> = NOBODY) {
    this.#errands = errands;
    const all: EvidenceSource<R>[] = [
      traceContextSource(),
      unitSource(),
      socketReturnSource(),
      lineageSource(),
      wakeupSource(),
      this.#origins.source(),
      carriedIdSource(),
      onlyOpenSource(),
    ];
    this.#withoutWakeups = options.without?.includes('wakeup') === true;
    this.#sources = all.filter((source) => !options.without?.includes(source.kind));
  }

  /** Processes, threads and goroutines that are remembered. */
  size(): number {
    let size = 0;
    for (const process of this.#processes.values()) {
      size += 1 + process.threads.size + process.goroutines.size + process.open.size + process.wakes.size;
    }
    return size;
  }

  #process(tgid: number): ProcessContexts<R> {
    let process = this.#processes.get(tgid);
    if (process === undefined) {
      if (this.#processes.size >= MAX_PROCESSES) {
        for (const oldest of this.#processes.keys()) {
          this.#processes.delete(oldest);
          break;
        }
      }
      process = new ProcessContexts();
      this.#processes.set(tgid, process);
    }
    return process;
  }

  /** A request is known: its head has been read. */
  requestReceived(request: R, at: Moment): void {
    const process = this.#process(request.tgid);
    process.open.add(request);
    if (at.tid !== 0) {
      const thread = process.thread(at.tid);
      thread.open++;
      if (thread.open > 1) thread.loop = true;
      thread.serves = true;
      thread.sure = 1;
      process.wakes.queue.received(request, at.tid);
    }
    this.requestRead(request, at);
  }

  /** Bytes of a request being served were read here: this unit works for it. */
  requestRead(request: R, at: Moment): void {
    this.#setContext(request, 'unit', at);
  }

  /** Several requests were read at once: what the unit does next it may do for any of them. */
  severalRead(at: Moment): void {
    const process = this.#process(at.tgid);
    if (at.goid !== 0) process.goroutine(at).current = null;
    if (at.tid !== 0) process.thread(at.tid).current = null;
  }

  /** Bytes of the response to a call were read here; null: nobody knows for whom the call was made. */
  responseRead(parent: R | null, at: Moment): void {
    if (parent !== null) {
      this.#setContext(parent, 'socket-return', at);
      return;
    }
    const process = this.#process(at.tgid);
    if (at.goid !== 0) {
      process.goroutine(at);
      return;
    }
    const thread = process.threads.get(at.tid);
    // A thread with one open request stays with it, whatever it reads.
    if (thread !== undefined && thread.open > 1) thread.current = null;
  }

  /** Bytes of a response leave here: this unit works for that request. */
  responseWritten(request: R, at: Moment): void {
    const process = this.#process(at.tgid);
    const thread = at.goid === 0 ? process.threads.get(at.tid) : undefined;
    const unit = at.goid !== 0 ? process.goroutine(at) : thread;
    const atOnce = unit?.current?.request === request;
    if (thread !== undefined && thread.open > 1 && thread.reading.acting !== request) {
      process.habits.learnAnswer(atOnce, thread.reading.acted(request));
    }
    if (thread?.serves === true) process.habits.learnPlace((request.tid || at.tid) !== at.tid);
    if (!atOnce) this.#setContext(request, 'unit', at, false);
    answeredWhenWoken(process, request, at, unit?.current?.request.open !== true, this.#errands);
  }

  /**
   * The response is complete. @param tid thread that had read the request
   */
  requestServed(request: R, tid: number): void {
    request.open = false;
    const process = this.#processes.get(request.tgid);
    if (process === undefined) return;
    process.open.delete(request);
    process.wakes.queue.served(request);
    process.habits.learnCalls(request.calls);
    const thread = process.threads.get(tid);
    if (thread !== undefined && thread.open > 0) thread.open--;
  }

  /** The thread has read several requests that are still open, and what a thread reads is its own to act on. */
  servesSeveral(at: Moment): boolean {
    const process = this.#processes.get(at.tgid);
    return (process?.threads.get(at.tid)?.open ?? 0) > 1 && process!.habits.stays > MOSTLY;
  }

  /** Its loops act for what they have just read, as far as is known. */
  actsAtOnce(at: Moment): boolean {
    return (this.#processes.get(at.tgid)?.habits.actsAtOnce ?? 1) > AT_ONCE;
  }

  /** A client socket starts to connect. */
  connecting(socket: number, at: Moment): void {
    const candidates = this.#causesOf({ traceId: null, socket: 0, first: false }, at);
    const best = candidates[0];
    if (best !== undefined && best.confidence >= DEFAULT_THRESHOLD) {
      this.#origins.connected(socket, best.request, at.goid !== 0);
      this.#acted(best.request, at);
    }
  }

  /** The socket is gone. */
  socketClosed(socket: number): void {
    this.#origins.forget(socket);
  }

  /** A thread was created: until it reads something itself it works for what its creator worked for. */
  threadCreated(tgid: number, tid: number, parent: Moment): void {
    if (tgid !== parent.tgid) return;
    const creator = this.#process(tgid).threads.get(parent.tid)?.current;
    if (creator?.request.open) {
      this.#process(tgid).thread(tid).current = { request: creator.request, via: 'lineage', switches: 0 };
      this.#process(tgid).wakes.created(tid, creator.request);
    }
  }

  /** A worker makes the call, and will answer the request for which it does: the sink of errands is told. */
  isErrand(at: Moment, causes: readonly Candidate<R>[]): boolean {
    const process = this.#processes.get(at.tgid);
    return process !== undefined && isErrand(process, at, causes[0]);
  }

  /** A thread woke another one of its process. */
  threadWoken(wake: Wake): void {
    const process = this.#processes.get(wake.tgid);
    if (process !== undefined && !this.#withoutWakeups) wokenThread(process, wake, this.#errands);
  }

  threadExited(tgid: number, tid: number): void {
    const process = this.#processes.get(tgid);
    process?.threads.delete(tid);
    process?.wakes.exited(tid);
    this.#errands.ended(tid, null);
  }

  processExited(tgid: number): void {
    this.#processes.delete(tgid);
  }

  /**
   * Requests that may have caused the call that leaves at this moment, the strongest first.
   * Which evidence is listed first among equals follows the order of the sources.
   */
  causesOf(call: OutgoingCall, at: Moment): Candidate<R>[] {
    const process = this.#process(at.tgid);
    if (at.goid === 0 && at.tid !== 0) noteCall(process.thread(at.tid), process.open.size > 0);
    return this.#causesOf(call, at);
  }

  #causesOf(call: OutgoingCall, at: Moment): Candidate<R>[] {
    const process = this.#process(at.tgid);
    if (at.goid !== 0) process.goroutine(at);
    const found: Candidate<R>[] = [];
    const believe: Believe<R> = (request, kind, key, confidence) => {
      let candidate = found.find((known) => known.request === request);
      if (candidate === undefined) {
        candidate = { request, evidence: [], confidence: 0 };
        found.push(candidate);
      }
      candidate.evidence.push({ kind, key, confidence });
      candidate.confidence = Math.max(candidate.confidence, confidence);
    };
    for (const source of this.#sources) source.candidates(process, call, at, believe);
    if (call.first) this.#origins.forget(call.socket);
    if (found.length > 1) found.sort((a, b) => b.confidence - a.confidence);
    if (found.length > MAX_CANDIDATES) found.length = MAX_CANDIDATES;
    if ((found[0]?.confidence ?? 0) < DEFAULT_THRESHOLD) unknownWhenWoken(process, at);
    return found;
  }

  /**
   * A call was given to a request: notes which goroutine waits for its answer.
   * @returns that goroutine, to be handed to `callAnswered`; 0: none
   */
  callSent(cause: R, at: Moment): number {
    cause.calls++;
    this.#acted(cause, at);
    if (at.goid === 0) return 0;
    const process = this.#process(at.tgid);
    const goid = waiterFor(process, cause, at);
    const goroutine = process.goroutines.get(goid);
    if (goroutine !== undefined) goroutine.waiting++;
    return goid;
  }

  /** The answer is there, or is not expected any more. */
  callAnswered(tgid: number, goid: number): void {
    const goroutine = this.#processes.get(tgid)?.goroutines.get(goid);
    if (goroutine !== undefined && goroutine.waiting > 0) goroutine.waiting--;
  }

  /** A call leaves for this request, or connects for it: the next in order may be another's. */
  #acted(request: R, at: Moment): void {
    if (at.goid !== 0) return;
    const process = this.#processes.get(at.tgid);
    process?.threads.get(at.tid)?.reading.acted(request);
    if (process !== undefined) actedWhenWoken(process, request, at);
  }

  /** @param read bytes of it were read, which it may act on in its turn */
  #setContext(request: R, via: 'unit' | 'socket-return', at: Moment, read = true): void {
    const process = this.#process(at.tgid);
    const context = { request, via, switches: at.switches };
    if (at.goid !== 0) process.goroutine(at).current = context;
    if (at.tid === 0) return;
    const thread = process.thread(at.tid);
    thread.current = context;
    if (!read || at.goid !== 0) return;
    thread.reading.read(context);
    process.wakes.reads(at.tid);
  }
}

function noteCall(thread: Thread<ServedRequest>, isServing: boolean): void {
  if (isServing) thread.callsServing++;
  else thread.callsAlone++;
}
