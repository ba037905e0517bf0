/** What is taken for granted before any pair was seen, in pairs: more keep their turn than not. */
const PRIOR_PAIRS = 40;
const PRIOR_KEPT = 0.57 * PRIOR_PAIRS;
/**
 * Waits that began nearly at once have no order to speak of: threads are woken in any order, and the time at which
 * a message is seen is not the time at which it takes its place. From this difference on it counts fully.
 */
const JITTER_US = 20;

/** How much the order of two waits counts that began so far apart, 0..1. */
export function orderWeight(apartUs: number): number {
  return Math.min(1, apartUs / JITTER_US);
}

/** Nothing is taken for more certain than this (natural logarithm of the odds). */
const MAX_LOG_ODDS = 6;

/**
 * Whether requests that wait for the same step take it in turn. Where they queue for threads or share
 * a delay (a scheduler's pause) the first to wait goes on first, more often than independent delays
 * would have it. Learnt from pairs of requests that waited at the same time: how many kept their turn, and how many
 * would have if the delays were independent.
 */
export class TurnTaking {
  #kept = 0;
  #pairs = 0;
  #expected = 0;

  /** A pair took the step. @param kept in turn, @param expected probability of that, were the delays independent */
  learn(kept: boolean, expected: number, weight: number): void {
    this.#pairs += weight;
    if (kept) this.#kept += weight;
    this.#expected += weight * expected;
  }

  /** What speaks for the one who waits longest, beyond the delays: log-odds, negative for the last. */
  get logOdds(): number {
    const pairs = this.#pairs + PRIOR_PAIRS;
    const odds = (kept: number) => Math.log(kept / (pairs - kept));
    const beyond = odds(this.#kept + PRIOR_KEPT) - odds(this.#expected + PRIOR_PAIRS / 2);
    return Math.max(-MAX_LOG_ODDS, Math.min(MAX_LOG_ODDS, beyond));
  }

  scale(factor: number): void {
    this.#kept *= factor;
    this.#pairs *= factor;
    this.#expected *= factor;
  }
}
