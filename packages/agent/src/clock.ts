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

/**
 * Takes the present as moment 0. Both clocks are read a few times; the pair that lies closest together
 * is kept.
 */
export function originNow(clocks: Clocks = MACHINE): Origin {
  let best: Origin | null = null;
  let closest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 8; i++) {
    const before = clocks.monotonic();
    const milliseconds = clocks.unix();
    const after = clocks.monotonic();
    const distance = Number(after - before);
    if (distance < closest) {
      closest = distance;
      best = { monotonic: before, unix: epoch(BigInt(milliseconds) * 1_000_000n) };
    }
  }
  return refine(best!, clocks);
}

/** Date.now has milliseconds: waits for its next step and takes that edge. */
function refine(rough: Origin, clocks: Clocks): Origin {
  const start = clocks.unix();
  const limit = clocks.monotonic() + 3_000_000n;
  for (;;) {
    const monotonic = clocks.monotonic();
    const now = clocks.unix();
    if (now !== start) return { monotonic, unix: epoch(BigInt(now) * 1_000_000n) };
    if (monotonic > limit) return rough;
  }
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
