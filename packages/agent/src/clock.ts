import { type Epoch, epoch } from '@weft/model';

/** The moment that counts as 0, on both clocks. */
export interface Origin {
  /** CLOCK_MONOTONIC, as the kernel side measures. */
  readonly monotonic: bigint;
  /** The same moment in Unix time. */
  readonly unix: Epoch;
}

/** Where the time comes from: the machine's clocks, but for tests. */
export interface Clocks {
  /** CLOCK_MONOTONIC, ns */
  monotonic(): bigint;
  /** Unix ms */
  unix(): number;
}

const MACHINE: Clocks = { monotonic: () => process.hrtime.bigint(), unix: () => Date.now() };

/** The clocks' distance is known well enough, ns. */
const CLOSE_ENOUGH = 20_000;
/** Some steps of a clock that counts milliseconds, also when other programs take turns. */
const READINGS_NANOS = 30_000_000n;

/**
 * Takes the present as moment 0. Each reading of the clock of milliseconds between two of the other says within which bounds their
 * distance lies, however long this program was interrupted meanwhile; what many readings around its steps leave is a few
 * microseconds.
 */
export function originNow(clocks: Clocks = MACHINE): Origin {
  const monotonic = clocks.monotonic();
  const start = clocks.unix();
  /** Unix time of `monotonic` lies so many ns after `start`. */
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  let before = monotonic;
  do {
    const passed = (clocks.unix() - start) * 1e6;
    const after = clocks.monotonic();
    least = Math.max(least, passed - Number(after - monotonic));
    most = Math.min(most, passed + 1e6 - Number(before - monotonic));
    before = after;
  } while (most - least > CLOSE_ENOUGH && before - monotonic < READINGS_NANOS);
  return { monotonic, unix: epoch(BigInt(start) * 1_000_000n + BigInt(Math.round((least + most) / 2))) };
}

/** The clock has been set when it is so far from where it should be, ms; a reading that was interrupted is not that late. */
const STEP_MS = 1_000;
const INTERRUPTED_NANOS = 100_000_000n;

/**
 * Unix time of a monotonic origin, and whether the machine's clock has been set since. Within one epoch all times follow
 * the monotonic clock alone, so that spans keep their order and their lengths whatever happens to the other.
 */
export class UnixEpoch {
  /** Unix time of the origin. */
  current: Epoch;
  readonly #monotonic: bigint;
  readonly #clocks: Clocks;

  /** @param origin CLOCK_MONOTONIC nanoseconds that count as 0, and what Unix time they were */
  constructor(origin: Origin, clocks: Clocks = MACHINE) {
    this.current = origin.unix;
    this.#monotonic = origin.monotonic;
    this.#clocks = clocks;
  }

  /** Compares the clocks: call about once a second. @returns whether the clock was set by a second or more; `current` is a new epoch then */
  wasSet(): boolean {
    const before = this.#clocks.monotonic();
    const unix = this.#clocks.unix();
    if (this.#clocks.monotonic() - before > INTERRUPTED_NANOS) return false;
    const expected = Number((this.current + before - this.#monotonic) / 1_000_000n);
    if (Math.abs(unix - expected) < STEP_MS) return false;
    const { monotonic, unix: now } = originNow(this.#clocks);
    this.current = epoch(now - (monotonic - this.#monotonic));
    return true;
  }
}
