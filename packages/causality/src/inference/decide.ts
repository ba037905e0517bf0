import { solve } from './beam.ts';
import type { GroupModel } from './model.ts';
import { refine } from './refine.ts';
import type { Verdict } from './verdict.ts';
import type { Window } from './window.ts';

/** Evaluations of a candidate that a call may cost: the width of the search is this by the requests open at once. */
const EVALUATIONS = 384;
const MIN_WIDTH = 6;
const MAX_WIDTH = 48;
/** Natural logarithm of how much less likely than the best a hypothesis is that is given up. */
const HOPELESS = 14;
const HOPELESS_AT_FIRST = 8;
/** Fewer requests than this are not counted: they may all be open at once. */
const MANY = 8;
/** Assignments drawn to learn from. */
const SAMPLES = 3;

/**
 * Decides a window: by exact search where few requests are open at once, else by search and refinement.
 * @param thorough false: a narrow search without refinement, for a first impression
 */
export function decide(group: GroupModel, window: Window, thorough: boolean, random: () => number): Verdict {
  const obvious = onlyChoice(group, window);
  if (obvious !== null) return obvious;
  const evaluations = thorough ? EVALUATIONS : EVALUATIONS / 2;
  const width = Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, Math.floor(evaluations / mostOpen(window))));
  const solution = solve(group, window, { width, hopeless: thorough ? HOPELESS : HOPELESS_AT_FIRST });
  if (solution.crowded && thorough) return refine(group, window, solution.best, random);
  const settled = !solution.crowded && solution.marginals.every((marginal) => marginal.size === 1);
  return {
    parents: solution.best,
    marginals: solution.marginals,
    samples: settled ? [solution.best] : Array.from({ length: SAMPLES }, () => solution.sample(random)),
    settled,
  };
}

/** One request alone, and calls of kinds that are always made for one, within it: nothing to search. */
function onlyChoice(group: GroupModel, { requests, calls }: Window): Verdict | null {
  const request = requests[0];
  if (calls.length > 0) {
    if (requests.length !== 1 || request === undefined) return null;
    for (const { kind, start, end, fixed } of calls) {
      if (fixed !== null && fixed !== 0) return null;
      if (start < request.start || end > request.end || group.hasOrphans(kind)) return null;
    }
  }
  const parents = new Int32Array(calls.length);
  return { parents, marginals: calls.map(() => CERTAIN), samples: [parents], settled: true };
}

const CERTAIN: ReadonlyMap<number, number> = new Map([[0, 1]]);

/** How many requests are open at once, at most. */
function mostOpen({ requests }: Window): number {
  if (requests.length <= MANY) return requests.length;
  const starts = requests.map((request) => request.start).sort((a, b) => a - b);
  const ends = requests.map((request) => request.end).sort((a, b) => a - b);
  let open = 0;
  let most = 1;
  let ended = 0;
  for (const start of starts) {
    while (ends[ended]! < start) {
      ended++;
      open--;
    }
    most = Math.max(most, ++open);
  }
  return most;
}
