import type { Moment, ServedRequest, Wake } from '../facts.ts';
import { Guesses } from './guesses.ts';
import { Outcomes } from './outcomes.ts';
import { RequestQueue } from './queue.ts';
import {
  type Guess,
  type HandOver,
  hasNews,
  isWorker,
  type KnownThread,
  type Manner,
  newWorker,
  type Worker,
} from './worker.ts';

/** The sign that whoever takes a request answers it. */
const WHOLE = 'whole';
const MOST_HAND_OVERS = 8;
const MOST_THREADS = 8_192;
const MOST_PLACES = 4_096;

/**
 * The wakes of one process, and what they hand over. Queue or lock, one taken or many woken: a wake itself does not say;
 * what became of those before does. An answer names its request for certain, so each one that a woken thread writes, or gives
 * back to who had read the request, tells which of the signs before it told the truth.
 */
export class Wakes<R extends ServedRequest> {
  readonly queue = new RequestQueue<R>();
  readonly #workers = new Map<number, Worker<R>>();
  readonly #outcomes = new Outcomes();
  readonly #guesses = new Guesses(this.queue, this.#outcomes);
  /** Futexes at which threads wait that read requests, and those at which others do. */
  readonly #waitedByReaders = new Set<number>();
  readonly #waitedByWorkers = new Set<number>();
  #last: Wake | null = null;
  /** It has turned out for whom workers of this process work: they give answers. */
  workersAnswer = false;

  /**
   * How far a request is one worker's, from its taking to its answer, 0..1. Where many have a hand in it (futures whose
   * continuations run on a pool) a wake says little of what a thread does next.
   */
  get whole(): number {
    return Math.min(1, 3 * this.#outcomes.rate(WHOLE, 0.9));
  }

  /** Somebody tells of this process who wakes whom. */
  get areTold(): boolean {
    return this.#last !== null;
  }

  /** Threads that are remembered. */
  get size(): number {
    return this.#workers.size;
  }

  exited(tid: number): void {
    const taken = this.#workers.get(tid)?.taken;
    if (taken?.open) this.queue.mistaken(taken, tid);
    this.#workers.delete(tid);
  }

  /** A thread was woken. @returns what for, perhaps */
  woken(threads: ReadonlyMap<number, KnownThread<R>>, wake: Wake): HandOver<R> {
    const worker = this.#worker(wake.wokenTid);
    if (wake.byFile) worker.loop = true;
    else this.#noteWaiting(wake.place, threads.get(wake.wokenTid));
    const { request, manner } = this.#workOf(threads, wake);
    this.#last = wake;
    const { wokenSwitches: switches, place, byFile, tid: waker } = wake;
    const handOver: HandOver<R> = { request, manner, waker, byFile, place, switches };
    // It waited for work: what it was believed to have found was another's.
    if (manner === 'read' && !this.isLock(wake)) this.#dropClaim(worker, wake.wokenTid);
    const { handOvers } = worker;
    const same = handOvers.findIndex((one) => one.manner === manner && one.place === place);
    if (same >= 0) handOvers.splice(same, 1);
    else if (handOvers.length >= MOST_HAND_OVERS) handOvers.splice(1, 1);
    handOvers.push(handOver);
    return handOver;
  }

  #worker(tid: number): Worker<R> {
    let worker = this.#workers.get(tid);
    if (worker === undefined) {
      if (this.#workers.size >= MOST_THREADS) {
        for (const oldest of this.#workers.keys()) {
          this.#workers.delete(oldest);
          break;
        }
      }
      worker = newWorker();
      this.#workers.set(tid, worker);
    }
    return worker;
  }

  #noteWaiting(place: number, thread: KnownThread<R> | undefined): void {
    const places = isWorker(thread) ? this.#waitedByWorkers : this.#waitedByReaders;
    if (places.size >= MOST_PLACES) places.clear();
    places.add(place);
  }

  /** Threads that read requests wait there too: no queue of work. */
  isLock({ byFile, place }: { readonly byFile: boolean; readonly place: number }): boolean {
    return !byFile && this.#waitedByReaders.has(place);
  }

  /** Where those wait that have read a request and given it to others, for the result. */
  isReturn({ byFile, place }: { readonly byFile: boolean; readonly place: number }): boolean {
    return byFile || (this.#waitedByReaders.has(place) && !this.#waitedByWorkers.has(place));
  }

  /** For whom a thread works as it wakes another one. */
  #workOf(threads: ReadonlyMap<number, KnownThread<R>>, wake: Wake): { request: R | null; manner: Manner } {
    const thread = threads.get(wake.tid);
    const context = thread?.current;
    const own = context?.request.open ? context : null;
    if (own !== null && !this.isLock(wake) && this.queue.hasRead(own.request, wake.tid)) {
      const isKnown = this.#workers.get(wake.wokenTid)?.known && !(wake.most > 1 && this.#isSameCall(wake));
      const worker = isKnown ? wake.wokenTid : 0;
      if (this.queue.isHandedOver(own.request, wake.tid, worker, wake.time)) {
        return { request: own.request, manner: 'read' };
      }
    }
    const takes = isWorker(thread) && own === null;
    const [guess] = this.guesses(wake.tid, wake.switches, takes, wake.time);
    if (guess !== undefined && (own === null || own.switches < (guess.handOver?.switches ?? 0))) {
      // Who calls the next has taken its own just now: what waited for longest then.
      if (takes && !wake.byFile && wake.most === 1 && !this.isLock(wake)) this.#settle(wake.tid, guess);
      return { request: guess.request, manner: 'passed-on' };
    }
    if (own === null || thread === undefined) return { request: null, manner: 'working' };
    // A loop that slept since, and has others to work for, may do so now.
    const isUnclear = thread.open > 1 && own.switches !== wake.switches;
    return { request: isUnclear ? null : own.request, manner: 'working' };
  }

  /** Many are woken for one request, of which one takes it. */
  #isSameCall({ tid, switches, place }: Wake): boolean {
    const last = this.#last;
    return last !== null && last.tid === tid && last.switches === switches && last.place === place;
  }

  /**
   * What a thread that does something now works for, by what it was woken for and what waits: the most likely first.
   * @param takes it takes requests from the queue, and has none
   * @param time now, ns
   */
  guesses(tid: number, switches: number, takes: boolean, time: number): Guess<R>[] {
    const worker = this.#workers.get(tid);
    return worker === undefined ? [] : this.#guesses.of(worker, tid, switches, takes, time);
  }

  /** The thread was given something to do, or does something, since it last came for more. */
  hasWork(tid: number): boolean {
    const worker = this.#workers.get(tid);
    return worker !== undefined && (worker.busy || worker.handOvers.length > 0 || worker.claim !== null);
  }

  /** Who is believed to work for a request now; 0: nobody, or it has gone on to another. */
  workerFor(request: R): number {
    const tid = this.queue.takerOf(request);
    return this.#workers.get(tid)?.taken === request ? tid : 0;
  }

  /** The thread was given something while calls of its errand were under way: it has several at a time. */
  hasSeveral(tid: number): void {
    const worker = this.#worker(tid);
    worker.several = true;
    this.#dropClaim(worker, tid);
  }

  /** It does one thing at a time. */
  hasOne(tid: number): boolean {
    return this.#workers.get(tid)?.several !== true;
  }

  /** What the thread is believed to work for. */
  takenBy(tid: number): R | null {
    return this.#workers.get(tid)?.taken ?? null;
  }

  /** The thread waits for files. */
  isLoop(tid: number): boolean {
    return this.#workers.get(tid)?.loop === true;
  }

  /** A thread does something for a request: what it was woken for is done. */
  acted(request: R, at: Moment, takes: boolean): void {
    const worker = this.#workers.get(at.tid);
    if (worker !== undefined) {
      if (hasNews(worker)) this.#begins(worker, request, at, takes);
      worker.known = true;
      worker.busy = true;
      worker.taken = request;
    }
    this.queue.acted(request, at.tid);
  }

  /** A worker writes the answer to a request: what it was woken for turns out. */
  answers(at: Moment, takes: boolean): void {
    const worker = this.#workers.get(at.tid);
    if (worker === undefined || worker.several || !hasNews(worker)) return;
    const [guess] = this.guesses(at.tid, at.switches, takes, at.time);
    if (!worker.busy && guess !== undefined) worker.taken = guess.request;
    this.#begins(worker, worker.taken, at, takes);
    worker.busy = true;
  }

  /** It does something for nobody who is known; this one is a guess. */
  actedPerhaps(request: R | null, at: Moment, takes: boolean): void {
    const worker = this.#workers.get(at.tid);
    if (worker === undefined || worker.several) return;
    this.#begins(worker, request, at, takes);
    worker.busy = true;
    worker.taken = request;
    if (request !== null) this.queue.take(request, at.tid);
  }

  #begins(worker: Worker<R>, request: R | null, at: Moment, takes: boolean): void {
    worker.considered = this.#signs(worker, at, takes);
    // A loop does other things too, and goes on with this afterwards.
    worker.handOvers = worker.several ? worker.handOvers.filter((one) => one.request !== request) : [];
    if (worker.claim?.request !== request) this.#dropClaim(worker, at.tid);
    worker.claim = null;
    worker.hungry = false;
    worker.known = true;
    this.queue.goneElsewhere(at.tid);
  }

  #signs(worker: Worker<R>, at: Moment, takes: boolean): { request: R; sign: string }[] {
    const signs: { request: R; sign: string }[] = this.guesses(at.tid, at.switches, takes, at.time);
    for (const { request, manner, place, switches } of worker.handOvers) {
      if (request === null || switches > at.switches) continue;
      signs.push({ request, sign: manner }, { request, sign: `${manner} ${place}` });
    }
    return signs;
  }

  /** A thread reads something of its own: what it was woken for is out of date, unless it is a loop. */
  reads(tid: number): void {
    const worker = this.#workers.get(tid);
    if (worker === undefined || worker.loop) return;
    if (worker.handOvers.length > 0) worker.handOvers = [];
    this.#dropClaim(worker, tid);
    worker.hungry = false;
    worker.busy = true;
  }

  /** A thread was created while its creator worked for a request. */
  created(tid: number, request: R): void {
    const worker = this.#worker(tid);
    worker.taken = request;
    this.queue.acted(request, tid);
  }

  /**
   * It turns out for whom a worker has worked.
   * @returns the thread that was believed to work for that one, and works for what this one was believed to, then; 0: none
   */
  turnedOut(tid: number, truth: R): { readonly tid: number; readonly request: R } | null {
    this.workersAnswer = true;
    this.queue.isGone(truth);
    const worker = this.#worker(tid);
    this.#learn(worker, truth);
    const { taken } = worker;
    const other = this.queue.takerOf(truth);
    if (other !== 0) this.#outcomes.learn(WHOLE, other === tid);
    worker.taken = truth;
    if (taken !== null && taken !== truth) this.queue.mistaken(taken, tid);
    if (other === tid) return null;
    if (other !== 0) this.queue.mistaken(truth, other);
    this.queue.acted(truth, tid);
    const believed = this.#workers.get(other);
    if (believed?.taken !== truth || taken === null || taken === truth || !taken.open) return null;
    believed.taken = taken;
    this.queue.take(taken, other);
    return { tid: other, request: taken };
  }

  #learn(worker: Worker<R>, truth: R): void {
    const signs = new Set<string>();
    for (const { sign, request } of worker.considered) {
      if (signs.has(sign)) continue;
      signs.add(sign);
      this.#outcomes.learn(sign, request === truth);
    }
    worker.considered = [];
  }

  /** A worker is done, and comes for more: if something waits it goes on without having slept. */
  comesForMore(tid: number): void {
    const worker = this.#worker(tid);
    worker.known = true;
    if (worker.several) return;
    worker.handOvers = [];
    worker.busy = false;
    worker.taken = null;
    this.#dropClaim(worker, tid);
    // A loop is given its work by others, and told so.
    if (worker.loop) return;
    worker.hungry = true;
    const next = this.#guesses.next(tid);
    if (next !== null) this.#settle(tid, next);
  }

  /** It has taken this one, as it seems: it waits no longer. */
  #settle(tid: number, guess: Guess<R>): void {
    this.#worker(tid).claim = guess;
    this.queue.take(guess.request, tid);
    this.queue.goneElsewhere(tid);
  }

  #dropClaim(worker: Worker<R>, tid: number): void {
    if (worker.claim !== null) this.queue.giveBack(worker.claim.request, tid);
    worker.claim = null;
  }
}
