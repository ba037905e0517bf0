import type { Moment, ServedRequest } from '../facts.ts';

/** Whoever answers a request has made the calls before that for it. */
const ANSWERED = 0.985;
/** Whoever was woken by a worker answers with its result. */
const GIVEN_BACK = 0.98;
/** The same, but the worker that is believed to have had the request is done too. */
const CONTESTED = 0.6;
/** Its worker is done, as far as can be seen, and nothing speaks against it. */
const EXPECTED = 0.95;
/** Its worker is not known, or not done; this one alone is. */
const LEFT_OVER = 0.75;
/** An errand that is not over after so long is decided by what was known when its calls left, ns. */
const LONGEST = 5e9;
const MOST_THREADS = 8_192;
const MOST_CALLS = 1_024;

/** Told of workers' errands, by thread. */
export interface ErrandSink<R> {
  /** The thread's errand is over. @param request that it was for; null: it does not turn out */
  ended(tid: number, request: R | null): void;
  /** The thread has woken `to`, which had read its request, to write the answer. */
  givenBack(tid: number, to: number): void;
  /** A call of the thread's errand waits for its answer. */
  isUnderWay(tid: number): boolean;
  /**
   * A thread that reads requests writes an answer.
   * @param believed worker that is believed to have had it; 0: none
   * @returns the thread whose errand it was; 0: nobody's who is known
   */
  answeredBy(at: Moment, request: R, believed: number): number;
}

/** A call of a worker. */
export interface ErrandCall {
  /** It has not been answered. */
  readonly open: boolean;
  /** When its first byte left and its last byte passed, ns. */
  readonly start: number;
  readonly end: number;
}

interface Errand<C> {
  readonly tid: number;
  readonly tgid: number;
  /** When its last call left, ns. */
  time: number;
  calls: C[];
}

/**
 * What workers do between two answers. A thread that takes its work from others and gives the answers itself has made all
 * calls since its last answer for the request that it answers next: that is certain, and is known when it answers. Until
 * then its calls wait, bounded in number and time.
 */
export class Errands<R extends ServedRequest, C extends ErrandCall> implements ErrandSink<R> {
  readonly #errands = new Map<number, Errand<C>>();
  /** Errands whose result was given to another thread, by that one. */
  readonly #givenBack = new Map<number, Errand<C>>();
  readonly #settled: (call: C, request: R | null, sure: number) => void;

  /** @param settled told once of each call: for whom it was made, and how sure; null: what was known before stands */
  constructor(settled: (call: C, request: R | null, sure: number) => void) {
    this.#settled = settled;
  }

  /** Threads whose calls wait. */
  get size(): number {
    return this.#errands.size;
  }

  /** A worker makes a call. */
  called({ tgid, tid, time }: Moment, call: C): void {
    let errand = this.#errands.get(tid);
    if (errand === undefined) {
      if (this.#errands.size >= MOST_THREADS) this.#endOldest();
      errand = { tgid, tid, time, calls: [] };
    } else this.#errands.delete(tid);
    // In the order of their last calls.
    this.#errands.set(tid, errand);
    errand.time = time;
    if (errand.calls.length >= MOST_CALLS) this.#settled(errand.calls.shift()!, null, 0);
    errand.calls.push(call);
  }

  ended(tid: number, request: R | null): void {
    const errand = this.#errands.get(tid);
    if (errand === undefined) return;
    this.#errands.delete(tid);
    this.#settle(errand, request, request === null ? 0 : ANSWERED);
  }

  givenBack(tid: number, to: number): void {
    const before = this.#givenBack.get(to);
    // It sleeps again: what was given to it before has been dealt with.
    if (before !== undefined) this.#settle(before, null);
    // An errand without any call counts: the answer that comes is not another's.
    const errand = this.#errands.get(tid) ?? { tgid: 0, tid, time: 0, calls: [] };
    this.#errands.delete(tid);
    if (before === undefined && this.#givenBack.size >= MOST_THREADS) {
      this.#settle(errand, null);
      return;
    }
    this.#givenBack.set(to, errand);
  }

  isUnderWay(tid: number): boolean {
    return this.#errands.get(tid)?.calls.some(({ open }) => open) === true;
  }

  answeredBy({ tgid, tid: by }: Moment, request: R, believed: number): number {
    const given = this.#givenBack.get(by);
    const own = this.#errands.get(believed);
    if (given !== undefined) {
      const isClear = believed === given.tid || own === undefined || !isQuiet(own, request);
      this.#givenBack.delete(by);
      this.#settle(given, request, isClear ? GIVEN_BACK : CONTESTED);
      return given.tid;
    }
    const isOwn = own !== undefined && isQuiet(own, request);
    const errand = isOwn ? own : this.#onlyQuiet(tgid, request);
    if (errand === null || (own === undefined && believed !== 0)) return 0;
    this.#errands.delete(errand.tid);
    this.#settle(errand, request, isOwn ? EXPECTED : LEFT_OVER);
    return errand.tid;
  }

  /** The only errand of the process that waits for nothing, or null. */
  #onlyQuiet(tgid: number, request: R): Errand<C> | null {
    let only: Errand<C> | null = null;
    for (const errand of this.#errands.values()) {
      if (errand.tgid !== tgid || !isQuiet(errand, request)) continue;
      if (only !== null) return null;
      only = errand;
    }
    return only;
  }

  #settle({ calls }: Errand<C>, request: R | null, sure = 0): void {
    for (const call of calls) this.#settled(call, request, sure);
  }

  /** Time passes. */
  advance(now: number): void {
    for (const [tid, { time }] of this.#errands) {
      if (now - time <= LONGEST) break;
      this.ended(tid, null);
    }
    for (const [tid, errand] of this.#givenBack) {
      if (now - errand.time <= LONGEST) continue;
      this.#givenBack.delete(tid);
      this.#settle(errand, null);
    }
  }

  /** Nothing more will come. */
  flush(): void {
    for (const tid of [...this.#errands.keys()]) this.ended(tid, null);
    for (const errand of this.#givenBack.values()) this.#settle(errand, null);
    this.#givenBack.clear();
  }

  #endOldest(): void {
    for (const tid of this.#errands.keys()) {
      this.ended(tid, null);
      return;
    }
  }
}

function isQuiet({ calls }: Errand<ErrandCall>, request: ServedRequest): boolean {
  return calls.length > 0 && calls.every((call) => !call.open && call.start >= request.openedAt);
}
