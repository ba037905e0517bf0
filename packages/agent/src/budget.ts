/**
 * Keeps the agent within its CPU budget by whole slices of time: within each period everything is traced for a
 * part, nothing for the rest, so that nearly all traces are whole or absent, on every host alike (periods begin
 * at whole seconds of Unix time). Pure: told the time and the CPU used, tells what to do.
 */
export class CpuBudget {
  /** Part of each period that is traced, 0..1. */
  share = 1;
  readonly #perCent: number | null;
  /** CPU milliseconds saved up: starting, compiling and bursts are paid from it. */
  #credit: number;
  #lastTime = Number.NaN;
  #lastCpu = 0;

  /** @param perCent of one core; null: no limit */
  constructor(perCent: number | null) {
    this.#perCent = perCent;
    this.#credit = (perCent ?? 0) * 10 * CREDIT_SECONDS;
  }

  /** Adjusts the share. @param timeMs a monotonic clock @param cpuMs CPU time used since the start; call about once a second */
  measure(timeMs: number, cpuMs: number): void {
    const elapsed = timeMs - this.#lastTime;
    const used = cpuMs - this.#lastCpu;
    this.#lastTime = timeMs;
    this.#lastCpu = cpuMs;
    if (this.#perCent === null || !(elapsed > 0)) return;
    const budget = (this.#perCent / 100) * elapsed;
    const most = this.#perCent * 10 * CREDIT_SECONDS;
    this.#credit = Math.max(-most / 5, Math.min(most, this.#credit + budget - used));
    if (this.#credit > 0) {
      this.share = Math.min(1, this.share * 1.25);
    } else if (used > 0) {
      this.share = Math.max(MIN_SHARE, Math.min(1, this.share * (budget / used)));
    }
  }

  /** Whether the present moment is traced. @param unixMs Unix milliseconds */
  traced(unixMs: number): boolean {
    return this.share >= 1 || unixMs % PERIOD_MS < this.share * PERIOD_MS;
  }
}

export const PERIOD_MS = 1000;
const MIN_SHARE = 0.05;
/** A quiet agent may use so many seconds' budget at once. */
const CREDIT_SECONDS = 2;
