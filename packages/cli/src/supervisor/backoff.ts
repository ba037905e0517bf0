const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** A child that ran so long starts anew with the shortest wait. */
const GOOD_RUN_MS = 60_000;

/** How long to wait before the next start of a child that keeps ending. */
export interface Backoff {
  /** @param ranMs how long the child has run @returns milliseconds to wait */
  next(ranMs: number): number;
}

/** Waits that double from half a second to half a minute, and start over after a good run. */
export function createBackoff(): Backoff {
  let wait = FIRST_MS;
  return {
    next: (ranMs) => {
      if (ranMs >= GOOD_RUN_MS) wait = FIRST_MS;
      const now = wait;
      wait = Math.min(LONGEST_MS, wait * 2);
      return now;
    },
  };
}
