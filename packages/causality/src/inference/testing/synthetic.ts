import { pseudoRandom } from '../random.ts';

/** A call of a program's plan. */
export interface PlannedCall {
  readonly kind: string;
  /** Probability that it is made at all: less than one where answers are cached. */
  readonly probability: number;
  /** Most times that it is made, one after the other. */
  readonly repeats: number;
  /** Median time that it takes, microseconds. */
  readonly medianUs: number;
}

/** What a program does for a request of one type: groups one after the other, calls of a group at once. */
export interface RequestPlan {
  readonly type: string;
  readonly groups: readonly (readonly PlannedCall[])[];
  /** Median pause before each step, microseconds. */
  readonly pauseUs: number;
}

/** A made-up process under load. */
export interface SyntheticOptions {
  readonly seed: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly plans: readonly RequestPlan[];
  /** Width of the log-normal distributions of pauses and calls. */
  readonly spread: number;
  /** Share of calls that are not seen. */
  readonly missing: number;
  /** Calls that the program makes for itself, per second. */
  readonly orphansPerSecond: number;
  /** Set: requests queue, first in, first out, for so many workers, each with a thread of its own. */
  readonly workers: number | null;
  /** Whether thread ids are told. */
  readonly threads: boolean;
}

export const QUIET: Omit<SyntheticOptions, 'plans' | 'seed'> = {
  requests: 1_500,
  requestsPerSecond: 100,
  spread: 0.7,
  missing: 0,
  orphansPerSecond: 0,
  workers: null,
  threads: false,
};

export interface SyntheticRequest {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly thread: number | null;
  readonly endThread: number | null;
}

export interface SyntheticCall {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  readonly thread: number | null;
  /** Index of the request that made it, null: none. */
  readonly parent: number | null;
}

/** What was seen of a made-up process, and the truth. */
export interface SyntheticLoad {
  readonly requests: readonly SyntheticRequest[];
  readonly calls: readonly SyntheticCall[];
}

const READER_THREAD = 1;

/** Requests come at random (Poisson); pauses and calls are log-normal, which has a long tail. */
export function synthesize(options: SyntheticOptions): SyntheticLoad {
  const random = pseudoRandom(options.seed);
  const requests: SyntheticRequest[] = [];
  const calls: SyntheticCall[] = [];
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const around = (medianUs: number) => Math.round(medianUs * Math.exp(options.spread * normal()));
  const exponential = (mean: number) => -mean * Math.log(1 - random());
  const freeAt = Array.from({ length: options.workers ?? 0 }, () => 0);
  let now = 1_000_000;
  for (let index = 0; index < options.requests; index++) {
    now += exponential(1e6 / options.requestsPerSecond);
    const start = Math.round(now);
    const plan = options.plans[Math.floor(random() * options.plans.length)]!;
    const worker = freeAt.reduce((best, time, i) => (time < freeAt[best]! ? i : best), 0);
    const threadOf = options.threads && options.workers !== null ? 100 + worker : null;
    let at = options.workers === null ? start : Math.max(start, freeAt[worker]!);
    for (const group of plan.groups) {
      let groupEnd = at;
      let begin = at + around(plan.pauseUs);
      for (const planned of group) {
        if (random() >= planned.probability) continue;
        const repeats = 1 + Math.floor(random() * planned.repeats);
        let callStart = begin;
        for (let repeat = 0; repeat < repeats; repeat++) {
          const callEnd = callStart + around(planned.medianUs);
          if (random() >= options.missing) {
            calls.push({
              kind: planned.kind,
              start: callStart,
              end: callEnd,
              thread: threadOf,
              parent: index,
            });
          }
          groupEnd = Math.max(groupEnd, callEnd);
          callStart = callEnd + around(plan.pauseUs);
        }
        begin += around(plan.pauseUs / 10);
      }
      at = groupEnd;
    }
    const end = at + around(plan.pauseUs);
    if (options.workers !== null) freeAt[worker] = end;
    requests.push({
      type: plan.type,
      start,
      end,
      thread: options.threads ? READER_THREAD : null,
      endThread: threadOf,
    });
  }
  const orphans = Math.round((options.orphansPerSecond * (now - 1_000_000)) / 1e6);
  for (let i = 0; i < orphans; i++) {
    const start = Math.round(1_000_000 + random() * (now - 1_000_000));
    calls.push({ kind: 'own business', start, end: start + around(1_000), thread: null, parent: null });
  }
  return { requests, calls };
}

/** A plan made up at random: up to three groups of up to three calls of up to four kinds. */
export function randomPlan(seed: number, type: string): RequestPlan {
  const random = pseudoRandom(seed);
  const groups = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
    Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
      kind: `kind ${Math.floor(random() * 4)}`,
      probability: random() < 0.6 ? 1 : 0.5,
      repeats: random() < 0.75 ? 1 : 2,
      medianUs: 500 + Math.floor(random() * 4_000),
    })),
  );
  return { type, groups, pauseUs: 100 + Math.floor(random() * 400) };
}
