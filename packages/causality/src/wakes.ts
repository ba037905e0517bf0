import type { ProcessContexts, Thread } from './contexts.ts';
import type { Moment, ServedRequest, Wake } from './facts.ts';

/**
 * How a wake came about, which says how much it tells:
 *
 * - `read`: the waker had read the request, and this is the first that it wakes for it: the request is handed over
 * - `working`: the waker worked for the request; it hands out a part of it, or a result, or only gives a lock free
 * - `passed-on`: the waker had itself been woken, and has done nothing else that the kernel saw: it passes on what it was
 *   woken for, or finds more in the queue and calls the next
 */
export type Manner = 'read' | 'working' | 'passed-on';

/** What a thread was woken for, perhaps. */
export interface HandOver<R extends ServedRequest> {
  /** Null: nobody knows for whom the waker worked. */
  readonly request: R | null;
  readonly manner: Manner;
  readonly waker: number;
  readonly byFile: boolean;
  /** Futex or file: what a thread waits at tells a queue from a lock, once it is known what came of such wakes. */
  readonly place: number;
  /** Voluntary context switches of the woken thread at that time. */
  readonly switches: number;
  readonly time: number;
}

/** A thread that others wake. */
interface Woken<R extends ServedRequest> {
  /** Since its last message; the last of each manner and place, oldest first. */
  handOvers: HandOver<R>[];
  /** What its first message was decided by, until an answer tells whether that was right. */
  considered: readonly HandOver<R>[];
  /** It waits for files: what it is told to do it does between other things. */
  loop: boolean;
}

/** What was found to be handed over. */
export interface Found<R extends ServedRequest> {
  readonly handOver: HandOver<R>;
  readonly request: R;
  /** How often such wakes told the truth in this process, 0..1. */
  readonly rate: number;
}

/** How often each manner is right, before anything is known of a place. */
const EXPECTED: Readonly<Record<Manner, number>> = { read: 0.98, working: 0.85, 'passed-on': 0.75 };
/** As many outcomes weigh as much as what is expected. */
const WEIGHT = 6;
const MOST_OUTCOMES = 256;
/** The request is at work elsewhere already, and was handed out once alone. */
const TAKEN = 0.3;
/** A loop slept again after the wake: it had done what it was woken for. */
const LOOP_SLEPT = 0.6;
const MOST_HAND_OVERS = 8;
const MOST_THREADS = 8_192;
const MOST_PLACES = 4_096;
const MOST_REQUESTS = 16_384;

/** Where a request stands that a process has read. */
interface Way {
  /** Thread that read it and has woken nobody for it yet; 0: it has. */
  reader: number;
  /** Wakes for it by who had read it. */
  handed: number;
  /** Thread that did the first thing for it, besides reading; 0: none has. */
  taken: number;
}

interface Outcomes {
  right: number;
  all: number;
}

/**
 * The wakes of one process. Queue or lock, one taken or many woken: the wakes themselves do not say; what became of those
 * before does. An answer names its request for certain, so each one that a woken thread writes tells which of the wakes
 * before it told the truth.
 */
export class Wakes<R extends ServedRequest> {
  readonly #threads = new Map<number, Woken<R>>();
  readonly #ways = new Map<R, Way>();
  readonly #outcomes = new Map<string, Outcomes>();
  /** Futexes at which threads that read requests have waited: locks, mostly. */
  readonly #locks = new Set<number>();
  /** The last wake that handed a request over. */
  #lastRead: Wake | null = null;

  /** Threads that are remembered. */
  get size(): number {
    return this.#threads.size;
  }

  /** A thread has read a request's head. */
  received(request: R, tid: number): void {
    if (this.#ways.size >= MOST_REQUESTS) dropOldest(this.#ways);
    this.#ways.set(request, { reader: tid, handed: 0, taken: 0 });
  }

  served(request: R): void {
    this.#ways.delete(request);
  }

  exited(tid: number): void {
    this.#threads.delete(tid);
  }

  /** A thread was woken. @returns what for, perhaps */
  woken(process: ProcessContexts<R>, wake: Wake): HandOver<R> {
    const thread = process.threads.get(wake.wokenTid);
    if (!wake.byFile && thread?.serves) {
      if (this.#locks.size >= MOST_PLACES) this.#locks.clear();
      this.#locks.add(wake.place);
    }
    let state = this.#threads.get(wake.wokenTid);
    if (state === undefined) {
      if (this.#threads.size >= MOST_THREADS) dropOldest(this.#threads);
      state = { handOvers: [], considered: [], loop: false };
      this.#threads.set(wake.wokenTid, state);
    }
    if (wake.byFile) state.loop = true;
    const { request, manner } = this.#workOf(process, wake);
    const { wokenSwitches: switches, place, byFile, time, tid: waker } = wake;
    const handOver = { request, manner, waker, byFile, place, switches, time };
    const { handOvers } = state;
    const same = handOvers.findIndex((one) => one.manner === manner && one.place === place);
    if (same >= 0) handOvers.splice(same, 1);
    else if (handOvers.length >= MOST_HAND_OVERS) handOvers.splice(1, 1);
    handOvers.push(handOver);
    return handOver;
  }

  /** For whom a thread works as it wakes another one. */
  #workOf(process: ProcessContexts<R>, wake: Wake): { request: R | null; manner: Manner } {
    const thread = process.threads.get(wake.tid);
    const context = thread?.current;
    const own = context?.request.open ? context : null;
    if (own !== null && !this.isLock(wake)) {
      const way = this.#ways.get(own.request);
      const isSameCall = wake.most > 1 && this.#isSameCall(wake);
      if (way !== undefined && isSameCall) return { request: own.request, manner: 'read' };
      if (way !== undefined && way.reader === wake.tid) {
        this.#lastRead = wake;
        way.handed++;
        way.reader = 0;
        return { request: own.request, manner: 'read' };
      }
      if (way !== undefined && own.via === 'unit') way.handed++;
    }
    const passed = this.find(wake.tid, wake.switches);
    if (passed !== null && (own === null || own.switches < passed.handOver.switches)) {
      return { request: passed.request, manner: 'passed-on' };
    }
    if (own === null || thread === undefined) return { request: null, manner: 'working' };
    // A loop that slept since, and has others to work for, may do so now.
    const isUnclear = thread.open > 1 && own.switches !== wake.switches;
    return { request: isUnclear ? null : own.request, manner: 'working' };
  }

  /** Many were woken for one request, of which one takes it. */
  #isSameCall({ tid, switches, place }: Wake): boolean {
    const last = this.#lastRead;
    return last !== null && last.tid === tid && last.switches === switches && last.place === place;
  }

  /** Threads that read requests wait there too: for a lock. */
  isLock({ byFile, place }: { readonly byFile: boolean; readonly place: number }): boolean {
    return !byFile && this.#locks.has(place);
  }

  /** What a thread that does something now was woken for most likely. @returns null: nothing is known, or it is over */
  find(tid: number, switches: number): Found<R> | null {
    const state = this.#threads.get(tid);
    if (state === undefined) return null;
    let best: Found<R> | null = null;
    let most = 0;
    for (let i = state.handOvers.length - 1; i >= 0; i--) {
      const handOver = state.handOvers[i]!;
      if (handOver.switches > switches) continue;
      const request = this.#meant(handOver);
      let rate = this.#rate(handOver);
      const way = request === null ? undefined : this.#ways.get(request);
      if (way !== undefined && way.taken !== 0 && way.taken !== tid && way.handed < 2) rate *= TAKEN;
      if (handOver.byFile && handOver.switches !== switches) rate *= LOOP_SLEPT;
      if (rate <= most) continue;
      most = rate;
      best = request?.open ? { handOver, request, rate } : null;
    }
    return best;
  }

  /** Who finds more in the queue than it takes calls the next: that one is for what was read next. */
  #meant({ request, manner, time }: HandOver<R>): R | null {
    if (manner !== 'passed-on') return request;
    for (const [waiting, way] of this.#ways) {
      if (way.reader !== 0 && way.taken === 0 && waiting !== request && waiting.openedAt < time)
        return waiting;
    }
    return request;
  }

  /** The thread waits for files. */
  isLoop(tid: number): boolean {
    return this.#threads.get(tid)?.loop === true;
  }

  /** A thread does something for a request: what it was woken for is done. */
  acted(request: R, at: Moment): void {
    const way = this.#ways.get(request);
    if (way !== undefined && way.taken === 0) {
      way.taken = at.tid;
      way.reader = 0;
    }
    const state = this.#threads.get(at.tid);
    if (state === undefined || state.handOvers.length === 0) return;
    state.considered = state.handOvers;
    // A loop does other things too, and goes on with this afterwards.
    state.handOvers = state.loop ? state.handOvers.filter((one) => one.request !== request) : [];
  }

  /** A thread reads something of its own: what it was woken for is out of date, unless it is a loop. */
  reads(tid: number): void {
    const state = this.#threads.get(tid);
    if (state !== undefined && !state.loop && state.handOvers.length > 0) state.handOvers = [];
  }

  /** A thread writes the answer to a request: that tells which wakes have told the truth. */
  answers(request: R, at: Moment): void {
    const state = this.#threads.get(at.tid);
    if (state !== undefined) {
      const wakes = state.handOvers.length > 0 ? state.handOvers : state.considered;
      for (const wake of wakes) {
        if (wake.request !== null && wake.switches <= at.switches)
          this.#learn(wake, wake.request === request);
      }
      state.considered = [];
    }
    this.acted(request, at);
    if (state !== undefined) state.considered = [];
  }

  #rate({ manner, place }: HandOver<R>): number {
    const ofManner = this.#outcomes.get(manner);
    const expected = EXPECTED[manner];
    const general =
      ofManner === undefined ? expected : (ofManner.right + WEIGHT * expected) / (ofManner.all + WEIGHT);
    const ofPlace = this.#outcomes.get(`${manner} ${place}`);
    return ofPlace === undefined ? general : (ofPlace.right + WEIGHT * general) / (ofPlace.all + WEIGHT);
  }

  #learn({ manner, place }: HandOver<R>, isRight: boolean): void {
    for (const key of [manner, `${manner} ${place}`]) {
      let outcomes = this.#outcomes.get(key);
      if (outcomes === undefined) {
        if (this.#outcomes.size >= MOST_PLACES) dropOldest(this.#outcomes);
        outcomes = { right: 0, all: 0 };
        this.#outcomes.set(key, outcomes);
      }
      outcomes.all++;
      if (isRight) outcomes.right++;
      if (outcomes.all > MOST_OUTCOMES) {
        outcomes.all /= 2;
        outcomes.right /= 2;
      }
    }
  }
}

function dropOldest<K, V>(map: Map<K, V>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}

/** A thread that takes its work from others: it has never read a request. */
export function isWorker<R extends ServedRequest>(thread: Thread<R> | undefined): boolean {
  return thread?.serves !== true;
}
