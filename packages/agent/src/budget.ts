import { CALL_BYTES } from '@weft/protocols';

/**
 * Keeps the agent within its CPU budget. Payload is shed first: less is copied of each message of a known protocol. If
 * that is not enough, whole slices of time: within each period everything is traced for a part, nothing for the rest, so that
 * nearly all traces are whole or absent, on every host alike (periods begin at whole seconds of Unix time).
 * Pure: told the time and the CPU used, tells what to do.
 */
export class CpuBudget {
  /** Part of each period that is traced, 0..1. */
  share = 1;
  /** Bytes that are copied of a call at most, once its protocol is known. */
  payloadBytes = PAYLOAD_STEPS[0]!;
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

  /** Adjusts payload and share. @param timeMs a monotonic clock @param cpuMs CPU time used since the start; call about once a second */
  measure(timeMs: number, cpuMs: number): void {
    const elapsed = timeMs - this.#lastTime;
    const used = cpuMs - this.#lastCpu;
    this.#lastTime = timeMs;
    this.#lastCpu = cpuMs;
    if (this.#perCent === null || !(elapsed > 0)) return;
    const budget = (this.#perCent / 100) * elapsed;
    const most = this.#perCent * 10 * CREDIT_SECONDS;
    this.#credit = Math.max(-most / 5, Math.min(most, this.#credit + budget - used));
    const step = PAYLOAD_STEPS.indexOf(this.payloadBytes);
    if (this.#credit > 0) {
      // Payload comes back last, and only out of full savings: its cost would take the slices away again.
      if (this.share === 1 && this.#credit === most)
        this.payloadBytes = PAYLOAD_STEPS[Math.max(0, step - 1)]!;
      this.share = Math.min(1, this.share * 1.25);
    } else if (used > budget && step < PAYLOAD_STEPS.length - 1) {
      this.payloadBytes = PAYLOAD_STEPS[step + 1]!;
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
/** Heads of requests and statements fit into the first but for rare ones, into the last mostly. */
export const PAYLOAD_STEPS: readonly number[] = [CALL_BYTES, 1_024, 512];
const MIN_SHARE = 0.05;
/** A quiet agent may use so many seconds' budget at once. */
const CREDIT_SECONDS = 2;
