import { type Epoch, epoch } from '@weft/model';

/** The moment that counts as 0, on both clocks. */
export interface Origin {
  /** CLOCK_MONOTONIC, as the kernel side measures. */
  readonly monotonic: bigint;
  /** The same moment in Unix time. */
  readonly unix: Epoch;
}

/**
 * Takes the present as moment 0. Both clocks are read a few times; the pair that lies closest together
 * is kept. Unix time comes in microseconds from performance.timeOrigin + now: a clock step later on changes nothing.
 */
export function originNow(): Origin {
  let best: Origin | null = null;
  let closest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 8; i++) {
    const before = process.hrtime.bigint();
    const milliseconds = Date.now();
    const after = process.hrtime.bigint();
    const distance = Number(after - before);
    if (distance < closest) {
      closest = distance;
      best = { monotonic: before, unix: epoch(BigInt(milliseconds) * 1_000_000n) };
    }
  }
  return refine(best!);
}

/** Date.now has milliseconds: waits for its next step and takes that edge. */
function refine(rough: Origin): Origin {
  const start = Date.now();
  const limit = process.hrtime.bigint() + 3_000_000n;
  for (;;) {
    const monotonic = process.hrtime.bigint();
    const now = Date.now();
    if (now !== start) return { monotonic, unix: epoch(BigInt(now) * 1_000_000n) };
    if (monotonic > limit) return rough;
  }
}

/** Nanoseconds since the origin. */
export function since(origin: Origin): number {
  return Number(process.hrtime.bigint() - origin.monotonic);
}
