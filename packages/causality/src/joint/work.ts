/** Work that was not needed is saved up, for so long, ns. */
const SAVED_FOR = 1e9;
const NANOS_PER_SECOND = 1e9;

/**
 * Bounds work by the time of events, not by a clock: so many steps (turns of innermost loops) a second, saved up for a second. What is
 * refused is thus the same in each replay. Shared by all that may do the work.
 */
export class WorkLimit {
  readonly #perSecond: number;
  #left: number;
  #now = Number.NaN;
  /** Steps done so far. */
  done = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = this.#most;
  }

  get #most(): number {
    return (this.#perSecond * SAVED_FOR) / NANOS_PER_SECOND;
  }

  spend(steps: number): void {
    this.done += steps;
    this.#left -= steps;
  }

  /** Time has passed. @param now ns */
  advance(now: number): void {
    if (now > this.#now) {
      const earned = ((now - this.#now) * this.#perSecond) / NANOS_PER_SECOND;
      this.#left = Math.min(this.#most, this.#left + earned);
    }
    if (!(now <= this.#now)) this.#now = now;
  }

  /** No more work now. */
  get isSpent(): boolean {
    return this.#left <= 0;
  }

  /** Half of what can be saved up is there again. */
  get isRested(): boolean {
    return this.#left >= this.#most / 2;
  }
}
