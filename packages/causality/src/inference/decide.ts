import { solve } from './beam.ts';
import type { GroupModel } from './model.ts';
import { refine } from './refine.ts';
import type { Window } from './window.ts';

/** Evaluations of a candidate that a call may cost: the width of the search is this by the requests open at once. */
const EVALUATIONS = 384;
const MIN_WIDTH = 6;
const MAX_WIDTH = 48;
/** Assignments drawn to learn from. */
const SAMPLES = 3;

/** What was decided of a window. */
export interface Verdict {
  /** Request of each call, or `ORPHAN`. */
  readonly parents: Int32Array;
  /** For each call: probability by request. */
  readonly marginals: readonly ReadonlyMap<number, number>[];
  /** Assignments as likely as their share, to learn from. */
  readonly samples: readonly Int32Array[];
}

/** Decides a window: by exact search where few requests are open at once, else by search and refinement. */
export function decide(group: GroupModel, window: Window, random: () => number): Verdict {
  const sure = onlyChoice(window);
  if (sure !== null) return sure;
  const width = Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, Math.floor(EVALUATIONS / mostOpen(window))));
  const solution = solve(group, window, width);
  if (solution.crowded) return refine(group, window, solution.best, random);
  const settled = solution.marginals.every((marginal) => marginal.size === 1);
  return {
    parents: solution.best,
    marginals: solution.marginals,
    samples: settled ? [solution.best] : Array.from({ length: SAMPLES }, () => solution.sample(random)),
  };
}

/** A window without any call has nothing to decide. */
function onlyChoice(window: Window): Verdict | null {
  if (window.calls.length > 0) return null;
  const parents = new Int32Array(0);
  return { parents, marginals: [], samples: [parents] };
}

/** How many requests are open at once, at most. */
function mostOpen({ requests }: Window): number {
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
