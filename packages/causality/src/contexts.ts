import type { Context } from './context.ts';
import type { Moment, ServedRequest } from './facts.ts';
import { Habits } from './habits.ts';
import { ReadingOrder } from './reading-order.ts';
import { Wakes } from './wakes/wakes.ts';

/** An operating system thread, as causality sees it. */
export interface Thread<R extends ServedRequest> {
  current: Context<R> | null;
  /** Open requests that were read by this thread. */
  open: number;
  /** It has had more than one at a time: an event loop, or the reading end of a pool. */
  loop: boolean;
  /** It has read a request: it does not take its work from other threads. */
  serves: boolean;
  /** Calls that it made while the process served nothing, and while it served something. */
  callsAlone: number;
  callsServing: number;
  /** How sure it was what it was given to work for, 0..1. */
  sure: number;
  readonly reading: ReadingOrder<R>;
}

/** A goroutine. */
export interface Goroutine<R extends ServedRequest> {
  current: Context<R> | null;
  parent: number;
  /** When it was first heard of: it cannot have been created for a request that came later. */
  readonly firstSeen: number;
  lastSeen: number;
  /** Calls under way whose answer it waits for. */
  waiting: number;
}

/** Goroutines come and go by the thousand; past this, the half that was not heard of for longest is dropped. */
const MAX_GOROUTINES = 16_384;
const MAX_THREADS = 8_192;

/** Everything known of one process's units of execution. */
export class ProcessContexts<R extends ServedRequest> {
  readonly threads = new Map<number, Thread<R>>();
  readonly goroutines = new Map<number, Goroutine<R>>();
  /** Requests being served, oldest first. */
  readonly open = new Set<R>();
  readonly habits = new Habits();
  readonly wakes = new Wakes<R>();

  thread(tid: number): Thread<R> {
    let thread = this.threads.get(tid);
    if (thread === undefined) {
      if (this.threads.size >= MAX_THREADS) dropOldestHalf(this.threads);
      thread = {
        ...{ current: null, open: 0, loop: false, serves: false, callsAlone: 0, callsServing: 0, sure: 1 },
        reading: new ReadingOrder(),
      };
      this.threads.set(tid, thread);
    }
    return thread;
  }

  /** The goroutine that the moment ran on; its ancestors and those that it works for become known too. */
  goroutine(at: Moment): Goroutine<R> {
    if (at.waiterGoid !== 0) this.learn(at.waiterGoid, at.waiterParentGoid, at.time);
    if (at.askerGoid !== 0) this.learn(at.askerGoid, at.askerParentGoid, at.time);
    if (at.handoverGoid !== 0) this.learn(at.handoverGoid, at.handoverParentGoid, at.time);
    return this.learn(at.goid, at.parentGoid, at.time);
  }

  private learn(goid: number, parent: number, time: number): Goroutine<R> {
    let goroutine = this.goroutines.get(goid);
    // Nobody's creator changes: the number was given to another goroutine.
    const isAnother =
      goroutine !== undefined && parent !== 0 && goroutine.parent !== 0 && goroutine.parent !== parent;
    if (goroutine === undefined || isAnother) {
      if (this.goroutines.size >= MAX_GOROUTINES) this.dropStaleGoroutines();
      goroutine = { current: null, parent, firstSeen: time, lastSeen: time, waiting: 0 };
      this.goroutines.set(goid, goroutine);
    }
    goroutine.lastSeen = time;
    if (parent !== 0) goroutine.parent = parent;
    return goroutine;
  }

  private dropStaleGoroutines(): void {
    const times = [...this.goroutines.values()].map((goroutine) => goroutine.lastSeen).sort((a, b) => a - b);
    const median = times[times.length >> 1]!;
    for (const [goid, goroutine] of this.goroutines) {
      if (goroutine.lastSeen <= median && !goroutine.current?.request.open) this.goroutines.delete(goid);
    }
    // Nearly all of them serve: some must go all the same, and not one by one.
    if (this.goroutines.size > MAX_GOROUTINES - (MAX_GOROUTINES >> 3)) dropOldestHalf(this.goroutines);
  }
}

function dropOldestHalf<K, V>(map: Map<K, V>): void {
  let count = map.size >> 1;
  for (const key of map.keys()) {
    if (count-- <= 0) return;
    map.delete(key);
  }
}
