import { extend, gain, type Hypothesis, join, readOut, type Solution, start } from './lattice.ts';
import { type GroupModel, NEXT_CALL, NEXT_CALL_END, NEXT_RESPONSE, type RequestState } from './model.ts';
import { Slots } from './slots.ts';
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

/** How hard is searched. */
export interface Effort {
  /** Hypotheses kept. */
  readonly width: number;
  /** Hypotheses this much less likely (natural logarithm) than the best are given up. */
  readonly hopeless: number;
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
