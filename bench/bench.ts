import type { BenchResult } from './report.ts';

/** What every benchmark is given. */
export interface BenchContext {
  /** Fewer and shorter rounds: whether it works, not what it says. */
  readonly quick: boolean;
  /** Folder for temporary files; removed after the benchmark. */
  readonly folder: string;
  /** The run is to end: stop what was started and throw. */
  readonly signal: AbortSignal;
  /** One line of progress. */
  readonly say: (line: string) => void;
  /**
   * Runs on the way out, the last registered first, also after a failure.
   * @returns a function that runs it now instead
   */
  readonly cleanup: (action: () => void | Promise<void>) => () => Promise<void>;
}

/** A benchmark. */
export interface Bench {
  readonly name: string;
  readonly title: string;
  /** @throws Error in one sentence when it cannot be run here */
  run(context: BenchContext): Promise<BenchResult>;
}
