/** An errand that is not over after so long is decided by what was known when its calls left, ns. */
const LONGEST = 5e9;
const MOST_THREADS = 8_192;
const MOST_CALLS = 1_024;

interface Errand<C> {
  /** When its last call left, ns. */
  time: number;
  calls: C[];
}

/**
 * What workers do between two answers. A thread that takes its work from others and gives the answers itself has made all
 * calls since its last answer for the request that it answers next: that is certain, and is known when it answers. Until
 * then its calls wait, bounded in number and time.
 */
export class Errands<R, C> {
  readonly #errands = new Map<number, Errand<C>>();
  readonly #settled: (call: C, request: R | null) => void;

  /** @param settled told once of each call: for whom it was made; null: what was known before stands */
  constructor(settled: (call: C, request: R | null) => void) {
    this.#settled = settled;
  }

  /** Threads whose calls wait. */
  get size(): number {
    return this.#errands.size;
  }

  /** A worker makes a call. */
  called(tid: number, call: C, time: number): void {
    let errand = this.#errands.get(tid);
    if (errand === undefined) {
      if (this.#errands.size >= MOST_THREADS) this.#endOldest();
      errand = { time, calls: [] };
    } else this.#errands.delete(tid);
    // In the order of their last calls.
    this.#errands.set(tid, errand);
    errand.time = time;
    if (errand.calls.length >= MOST_CALLS) this.#settled(errand.calls.shift()!, null);
    errand.calls.push(call);
  }

  /**
   * The thread's errand is over.
   * @param request that it was for; null: it does not turn out
   */
  ended(tid: number, request: R | null): void {
    const errand = this.#errands.get(tid);
    if (errand === undefined) return;
    this.#errands.delete(tid);
    for (const call of errand.calls) this.#settled(call, request);
  }

  /** Time passes. */
  advance(now: number): void {
    for (const [tid, { time }] of this.#errands) {
      if (now - time <= LONGEST) return;
      this.ended(tid, null);
    }
  }

  /** Nothing more will come. */
  flush(): void {
    for (const tid of [...this.#errands.keys()]) this.ended(tid, null);
  }

  #endOldest(): void {
    for (const tid of this.#errands.keys()) {
      this.ended(tid, null);
      return;
    }
  }
}
