import { type GroupModel, NEXT_CALL, NEXT_CALL_END, NEXT_RESPONSE, type RequestState } from './model.ts';
import type { ThreadModel } from './threads.ts';
import { orderWeight } from './turn.ts';
import {
  CALL_END,
  CALL_END_AT_ONCE,
  CALL_START,
  ORPHAN,
  REQUEST_START,
  timelineOf,
  type Window,
  type WindowCall,
  type WindowRequest,
} from './window.ts';

/** A call may outlast its request by so much for the clock's sake. */
const CLOCK_SLACK_US = 50;

/** Where a request stands in a hypothesis. Never changed, hence shared. */
interface Position {
  readonly state: RequestState;
  /** Time of its last event. */
  readonly at: number;
  /** Calls under way. */
  readonly busy: number;
  readonly thread: number | null;
}

/** A hypothesis about all calls up to some time: a node of a lattice, whose edges are decisions. */
interface Hypothesis {
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

/** How hard is searched. */
export interface Effort {
  /** Hypotheses kept. */
  readonly width: number;
  /** Hypotheses this much less likely (natural logarithm) than the best are given up. */
  readonly hopeless: number;
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

/**
 * Decides jointly which requests made which calls: in the order of time each call is given to each request that
 * may have made it, and every way to do so is kept as a hypothesis while it is likely. Hypotheses that leave
 * all open requests in the same state join, so the whole is a lattice over which probabilities are summed
 * forwards and backwards (Rabiner, 1989): exact unless the beam's width cuts.
 */
export function solve(group: GroupModel, window: Window, effort: Effort): Solution {
  const timeline = timelineOf(window);
  const slots = new Slots(window.requests.length);
  const callSlots = new Slots(window.calls.length);
  const open: number[] = [];
  const layers: Hypothesis[][] = [];
  const layerCalls: number[] = [];
  let layer: Hypothesis[] = [start()];
  let mayJoin = false;
  let crowded = false;
  for (let i = 0; i < timeline.sort.length; i++) {
    const index = timeline.index[i]!;
    switch (timeline.sort[i]) {
      case REQUEST_START: {
        const request = window.requests[index]!;
        const slot = slots.take(index);
        open.push(index);
        const position = {
          state: request.type.initial,
          at: request.start,
          busy: 0,
          thread: request.thread,
        };
        for (const hypothesis of layer) hypothesis.positions[slot] = position;
        break;
      }
      case CALL_START: {
        if (mayJoin && layer.length > 1) layer = join(layer);
        mayJoin = false;
        if (layers.length === 0) layers.push(layer);
        else layers[layers.length - 1] = layer;
        const callSlot = callSlots.take(index);
        const branches = branch(group, window, index, layer, open, slots, effort);
        crowded ||= branches.crowded;
        layer = branches.chosen.map(({ from, choice, weight }) => {
          const next = extend(from, choice, weight);
          next.owners[callSlot] = choice;
          if (choice !== ORPHAN) {
            const slot = slots.of(choice);
            const position = next.positions[slot]!;
            const call = window.calls[index]!;
            next.positions[slot] = {
              state: position.state.afterCall(call.kind),
              at: call.start,
              busy: position.busy + 1,
              thread: call.thread ?? position.thread,
            };
          }
          return next;
        });
        layers.push(layer);
        layerCalls.push(index);
        break;
      }
      case CALL_END:
      case CALL_END_AT_ONCE: {
        const call = window.calls[index]!;
        const callSlot = callSlots.of(index);
        for (const hypothesis of layer) {
          const owner = hypothesis.owners[callSlot]!;
          hypothesis.owners[callSlot] = ORPHAN;
          if (owner === ORPHAN || slots.of(owner) < 0) continue;
          const slot = slots.of(owner);
          const position = hypothesis.positions[slot]!;
          gain(hypothesis, position.state.logProbability(NEXT_CALL_END));
          hypothesis.positions[slot] = {
            ...position,
            state: position.state.afterEnd(call.kind, position.busy > 1),
            at: call.end,
            busy: position.busy - 1,
          };
        }
        callSlots.free(index);
        mayJoin = true;
        break;
      }
      default: {
        const request = window.requests[index]!;
        const slot = slots.of(index);
        for (const hypothesis of layer) {
          const { state, at } = hypothesis.positions[slot]!;
          if (open.length > 1) noteOldest(hypothesis, open, slots);
          gain(
            hypothesis,
            state.logProbability(NEXT_RESPONSE) +
              state.delay(NEXT_RESPONSE).logDensity(request.end - at) -
              (open.length > 1 ? overtaking(state, at, NEXT_RESPONSE) : 0),
          );
          hypothesis.positions[slot] = null;
        }
        slots.free(index);
        open.splice(open.indexOf(index), 1);
        mayJoin = true;
      }
    }
  }
  if (layers.length === 0) layers.push(layer);
  else layers[layers.length - 1] = join(layer);
  return readOut(window.calls.length, layers, layerCalls, crowded);
}

function start(): Hypothesis {
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

function extend(from: Hypothesis, choice: number, weight: number): Hypothesis {
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

function gain(hypothesis: Hypothesis, logLikelihood: number): void {
  hypothesis.factor += logLikelihood;
  hypothesis.sum += logLikelihood;
  hypothesis.best += logLikelihood;
}

interface Branch {
  /** Log-likelihood of the whole, that of the waiting of all others included. */
  readonly rank: number;
  readonly from: Hypothesis;
  readonly choice: number;
  readonly weight: number;
}

function branch(
  group: GroupModel,
  window: Window,
  index: number,
  layer: readonly Hypothesis[],
  open: readonly number[],
  slots: Slots,
  effort: Effort,
): { chosen: readonly Branch[]; crowded: boolean } {
  const call = window.calls[index]!;
  const candidates = candidatesOf(window, index, open);
  const next = NEXT_CALL + call.kind;
  let best = Number.NEGATIVE_INFINITY;
  const found: Branch[] = [];
  const add = (from: Hypothesis, choice: number, weight: number, waiting: number) => {
    const rank = from.sum + weight + waiting;
    if (rank < best - effort.hopeless) return;
    if (rank > best) best = rank;
    found.push({ rank, from, choice, weight });
  };
  const orphan = group.orphanLogLikelihood(call.kind);
  for (const hypothesis of layer) {
    if (candidates.length > 1) noteOldest(hypothesis, open, slots);
    const waiting =
      layer.length > 1 || candidates.length > 1 ? waitingOf(hypothesis, open, slots, call.start) : 0;
    for (const candidate of candidates) {
      const { state, at, thread } = hypothesis.positions[slots.of(candidate)]!;
      const weight =
        state.logProbability(next) +
        state.delay(next).logDensity(call.start - at) -
        (candidates.length > 1 ? overtaking(state, at, next) : 0) +
        threadEvidence(group.threads, state, thread, window.requests[candidate]!, call) +
        (call.prior?.get(candidate) ?? 0);
      add(hypothesis, candidate, weight, waiting - state.event.logSurvival(call.start - at));
    }
    if (call.fixed === null || call.fixed === ORPHAN || candidates.length === 0) {
      add(hypothesis, ORPHAN, orphan + (call.prior?.get(ORPHAN) ?? 0), waiting);
    }
  }
  const hopeful = found.filter(({ rank }) => rank >= best - effort.hopeless);
  if (hopeful.length <= effort.width) return { chosen: hopeful, crowded: false };
  hopeful.sort((a, b) => b.rank - a.rank);
  hopeful.length = effort.width;
  return { chosen: hopeful, crowded: true };
}

/**
 * Log-probability that the open requests have done nothing since their last event. It is part of the delays'
 * densities once they act; before that it keeps hypotheses from looking good that let requests wait in vain.
 */
function waitingOf(hypothesis: Hypothesis, open: readonly number[], slots: Slots, time: number): number {
  let sum = 0;
  for (const request of open) {
    const { state, at } = hypothesis.positions[slots.of(request)]!;
    sum += state.event.logSurvival(time - at);
  }
  return sum;
}

/** Notes of each event which of the open requests has waited for longest since such an event. */
function noteOldest(hypothesis: Hypothesis, open: readonly number[], slots: Slots): void {
  for (const request of open) hypothesis.positions[slots.of(request)]!.state.event.oldest = null;
  for (const request of open) {
    const position = hypothesis.positions[slots.of(request)]!;
    const event = position.state.event;
    if (event.oldest === null || position.at < event.oldest.at) event.oldest = position;
  }
}

/** What speaks against a step that is taken before an older request took it. */
function overtaking(state: RequestState, at: number, next: number): number {
  const oldest = state.event.oldest;
  if (oldest === null || oldest.at >= at) return 0;
  return (
    orderWeight(at - oldest.at) * state.event.turnLogOdds(next) * Math.exp(oldest.state.logProbability(next))
  );
}

function threadEvidence(
  threads: ThreadModel,
  state: RequestState,
  thread: number | null,
  request: WindowRequest,
  call: WindowCall,
): number {
  if (!state.initial) return threads.logLikelihood('later', thread, call.thread);
  return request.endThread === null
    ? threads.logLikelihood('first', thread, call.thread)
    : threads.logLikelihood('answer', request.endThread, call.thread);
}

/** Requests that may have made a call: open when it was sent and, unless that is usual, not answered before it was. */
function candidatesOf(window: Window, index: number, open: readonly number[]): readonly number[] {
  const call = window.calls[index]!;
  if (call.fixed !== null) return open.includes(call.fixed) ? [call.fixed] : [];
  const contains = (request: WindowRequest) => call.end <= request.end + CLOCK_SLACK_US;
  const likely = open.filter((candidate) => {
    const request = window.requests[candidate]!;
    return contains(request) || !request.type.awaits;
  });
  return likely.length > 0 ? likely : open.slice();
}

/** Joins hypotheses between which nothing that comes can tell any more. */
function join(layer: readonly Hypothesis[]): Hypothesis[] {
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

function readOut(
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

/** Small numbers for what is under way, given out again afterwards. */
class Slots {
  readonly #slot: Int32Array;
  readonly #free: number[] = [];
  #used = 0;

  constructor(size: number) {
    this.#slot = new Int32Array(size).fill(-1);
  }

  take(index: number): number {
    const slot = this.#free.pop() ?? this.#used++;
    this.#slot[index] = slot;
    return slot;
  }

  /** @returns -1: not under way */
  of(index: number): number {
    return this.#slot[index]!;
  }

  free(index: number): void {
    this.#free.push(this.#slot[index]!);
    this.#slot[index] = -1;
  }
}
