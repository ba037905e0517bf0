import type { RequestState } from './model.ts';
import { ORPHAN } from './window.ts';

/** Where a request stands in a hypothesis. Never changed, hence shared. */
export interface Position {
  readonly state: RequestState;
  /** Time of its last event. */
  readonly at: number;
  /** Calls under way. */
  readonly busy: number;
  readonly thread: number | null;
}

/** A hypothesis about all calls up to some time: a node of a lattice, whose edges are decisions. */
export interface Hypothesis {
  /** By slot of request. */
  readonly positions: (Position | null)[];
  /** Request of each call under way, by slot of call. */
  readonly owners: number[];
  /** Edges: from which hypothesis, by giving the call to whom, at what log-likelihood. */
  from: Hypothesis[];
  choices: number[];
  weights: number[];
  /** Index of the best of the edges. */
  bestEdge: number;
  /** Log-likelihood of what was seen since the edges, the same for all of them. */
  factor: number;
  /** Log of the sum over all ways that lead here, and of the best of them. */
  sum: number;
  best: number;
  /** Log of the sum over all ways onwards. */
  onwards: number;
}

/** What is found out about a set of calls. */
export interface Solution {
  /** Request of each call in the most likely assignment, in the order of the window's calls. */
  readonly best: Int32Array;
  /** For each call: probability by request (`ORPHAN` included). */
  readonly marginals: readonly ReadonlyMap<number, number>[];
  /** Likelihood was cut off by the beam's width, not only by hopelessness. */
  readonly crowded: boolean;
  /** Draws an assignment from the posterior distribution. */
  sample(random: () => number): Int32Array;
}

/** Nothing is decided yet. */
export function start(): Hypothesis {
  return {
    positions: [],
    owners: [],
    from: [],
    choices: [],
    weights: [],
    bestEdge: -1,
    factor: 0,
    sum: 0,
    best: 0,
    onwards: Number.NEGATIVE_INFINITY,
  };
}

/** A decision more. */
export function extend(from: Hypothesis, choice: number, weight: number): Hypothesis {
  return {
    positions: from.positions.slice(),
    owners: from.owners.slice(),
    from: [from],
    choices: [choice],
    weights: [weight],
    bestEdge: 0,
    factor: 0,
    sum: from.sum + weight,
    best: from.best + weight,
    onwards: Number.NEGATIVE_INFINITY,
  };
}

/** Something was seen that all ways that lead here explain alike. */
export function gain(hypothesis: Hypothesis, logLikelihood: number): void {
  hypothesis.factor += logLikelihood;
  hypothesis.sum += logLikelihood;
  hypothesis.best += logLikelihood;
}

/** Joins hypotheses between which nothing that comes can tell any more. */
export function join(layer: readonly Hypothesis[]): Hypothesis[] {
  const joined: Hypothesis[] = [];
  for (const hypothesis of layer) {
    const same = joined.find((other) => alike(other, hypothesis));
    if (same === undefined) joined.push(hypothesis);
    else merge(same, hypothesis);
  }
  return joined;
}

function alike(a: Hypothesis, b: Hypothesis): boolean {
  for (let i = 0; i < a.positions.length; i++) {
    const left = a.positions[i]!;
    const right = b.positions[i]!;
    if (left === right) continue;
    if (left === null || right === null) return false;
    if (left.state !== right.state || left.at !== right.at) return false;
    if (left.busy !== right.busy || left.thread !== right.thread) return false;
  }
  for (let i = 0; i < a.owners.length; i++) if (a.owners[i] !== b.owners[i]) return false;
  return true;
}

function merge(into: Hypothesis, other: Hypothesis): void {
  settle(into);
  settle(other);
  if (other.best > into.best) {
    into.best = other.best;
    into.bestEdge = into.from.length + other.bestEdge;
  }
  into.from.push(...other.from);
  into.choices.push(...other.choices);
  into.weights.push(...other.weights);
  into.sum = logAdd(into.sum, other.sum);
}

/** Moves what was gained into the edges. */
function settle(hypothesis: Hypothesis): void {
  if (hypothesis.factor === 0) return;
  for (let i = 0; i < hypothesis.weights.length; i++) hypothesis.weights[i]! += hypothesis.factor;
  hypothesis.factor = 0;
}

function logAdd(a: number, b: number): number {
  if (a < b) return b + Math.log1p(Math.exp(a - b));
  return b === Number.NEGATIVE_INFINITY ? a : a + Math.log1p(Math.exp(b - a));
}

/**
 * Probabilities and assignments from a finished lattice.
 * @param layers hypotheses after each decision, the beginning first, @param layerCalls call of each decision
 */
export function readOut(
  callCount: number,
  layers: readonly (readonly Hypothesis[])[],
  layerCalls: readonly number[],
  crowded: boolean,
): Solution {
  const last = layers[layers.length - 1]!;
  let total = Number.NEGATIVE_INFINITY;
  for (const hypothesis of last) {
    hypothesis.onwards = 0;
    total = logAdd(total, hypothesis.sum);
  }
  const marginals = Array.from({ length: callCount }, () => new Map<number, number>());
  for (let depth = layers.length - 1; depth > 0; depth--) {
    const marginal = marginals[layerCalls[depth - 1]!]!;
    for (const hypothesis of layers[depth]!) {
      const rest = hypothesis.factor + hypothesis.onwards;
      for (let edge = 0; edge < hypothesis.from.length; edge++) {
        const from = hypothesis.from[edge]!;
        const onwards = hypothesis.weights[edge]! + rest;
        from.onwards = logAdd(from.onwards, onwards);
        const choice = hypothesis.choices[edge]!;
        marginal.set(choice, (marginal.get(choice) ?? 0) + Math.exp(from.sum + onwards - total));
      }
    }
  }
  const follow = (end: Hypothesis, edgeOf: (hypothesis: Hypothesis) => number): Int32Array => {
    const parents = new Int32Array(callCount).fill(ORPHAN);
    let at = end;
    for (let depth = layers.length - 1; depth > 0; depth--) {
      const edge = edgeOf(at);
      parents[layerCalls[depth - 1]!] = at.choices[edge]!;
      at = at.from[edge]!;
    }
    return parents;
  };
  const bestEnd = last.reduce((a, b) => (b.best > a.best ? b : a));
  return {
    best: follow(bestEnd, (hypothesis) => hypothesis.bestEdge),
    marginals,
    crowded,
    sample: (random) =>
      follow(last[draw(last, (hypothesis) => hypothesis.sum, random)]!, (hypothesis) =>
        hypothesis.from.length === 1
          ? 0
          : draw(hypothesis.from, (from, edge) => from.sum + hypothesis.weights[edge]!, random),
      ),
  };
}

/** Index of an item, drawn by logarithmic weight. */
function draw<T>(
  items: readonly T[],
  logWeight: (item: T, i: number) => number,
  random: () => number,
): number {
  if (items.length === 1) return 0;
  let total = Number.NEGATIVE_INFINITY;
  items.forEach((item, i) => {
    total = logAdd(total, logWeight(item, i));
  });
  let left = random();
  for (let i = 0; i < items.length - 1; i++) {
    left -= Math.exp(logWeight(items[i]!, i) - total);
    if (left < 0) return i;
  }
  return items.length - 1;
}
