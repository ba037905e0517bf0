import {
  type EventModel,
  type GroupModel,
  NEXT_CALL,
  NEXT_CALL_END,
  NEXT_RESPONSE,
  type RequestState,
} from './model.ts';
import { orderWeight } from './turn.ts';
import { CALL_END, CALL_END_AT_ONCE, CALL_START, ORPHAN, timelineOf, type Window } from './window.ts';

/**
 * Learns from an assignment of calls to requests, as if it were true. Requests that are not answered yet
 * are left out: what they will do is not known.
 * @param parents request of each call, or `ORPHAN`
 * @param weight how sure the assignment is
 */
export function learn(group: GroupModel, window: Window, parents: ArrayLike<number>, weight: number): void {
  const callsOf: number[][] = window.requests.map(() => []);
  for (let call = 0; call < window.calls.length; call++) {
    const parent = parents[call]!;
    if (parent === ORPHAN) group.learnOrphan(window.calls[call]!.kind, weight);
    else callsOf[parent]!.push(call);
  }
  const steps: Step[] = [];
  for (let request = 0; request < callsOf.length; request++) {
    if (window.requests[request]!.end !== Number.POSITIVE_INFINITY) {
      learnRequest(group, window, request, callsOf[request]!, weight, steps);
    }
  }
  learnTurns(steps, weight);
}

/** A step of a request: since when it waited after which event, and when it did what. */
interface Step {
  readonly state: RequestState;
  readonly event: EventModel;
  readonly next: number;
  readonly since: number;
  readonly time: number;
}

/** Pairs looked at for each step. */
const MAX_NEIGHBOURS = 6;

/** Which of two requests that waited for the same step at the same time went first. */
function learnTurns(steps: Step[], weight: number): void {
  if (steps.length < 2) return;
  steps.sort((a, b) => a.since - b.since);
  for (let i = 0; i < steps.length; i++) {
    const first = steps[i]!;
    let neighbours = 0;
    for (let j = i + 1; j < steps.length && neighbours < MAX_NEIGHBOURS; j++) {
      const second = steps[j]!;
      if (second.since >= first.time) break;
      if (second.event !== first.event || second.next !== first.next || second.since === first.since)
        continue;
      neighbours++;
      const delays = first.event.delay(first.next);
      const asIs =
        delays.logDensity(first.time - first.since) + delays.logDensity(second.time - second.since);
      const swapped =
        delays.logDensity(second.time - first.since) + delays.logDensity(first.time - second.since);
      const asIsProbability = 1 / (1 + Math.exp(swapped - asIs));
      const kept = first.time <= second.time;
      first.event
        .turn(first.next)
        .learn(
          kept,
          kept ? asIsProbability : 1 - asIsProbability,
          weight * orderWeight(second.since - first.since),
        );
    }
  }
}

function learnRequest(
  group: GroupModel,
  window: Window,
  index: number,
  calls: readonly number[],
  weight: number,
  allSteps: Step[],
): void {
  const request = window.requests[index]!;
  const { type } = request;
  const timeline = timelineOf({ requests: [request], calls: calls.map((call) => window.calls[call]!) });
  const steps: Step[] = [];
  let state = type.initial;
  let at = request.start;
  let busy = 0;
  let thread = request.thread;
  let answered = false;
  const step = (next: number, time: number) => {
    steps.push({ state, event: state.event, next, since: at, time });
    at = time;
  };
  for (let i = 0; i < timeline.sort.length; i++) {
    const call = window.calls[calls[timeline.index[i]!]!]!;
    switch (timeline.sort[i]) {
      case CALL_START: {
        if (answered) break;
        step(NEXT_CALL + call.kind, call.start);
        group.threads.learn(state.initial ? 'first' : 'later', thread, call.thread, weight);
        if (state.initial) group.threads.learn('answer', request.endThread, call.thread, weight);
        state = state.afterCall(call.kind);
        thread = call.thread ?? thread;
        busy++;
        break;
      }
      case CALL_END:
      case CALL_END_AT_ONCE: {
        if (answered) break;
        step(NEXT_CALL_END, call.end);
        busy--;
        state = state.afterEnd(call.kind, busy > 0);
        break;
      }
      default: {
        if (i === 0) break;
        step(NEXT_RESPONSE, request.end);
        answered = true;
      }
    }
  }
  for (const { state: before, next, since, time } of steps) {
    before.learn(next, weight);
    if (next === NEXT_CALL_END) continue;
    before.delay(next).add(time - since, weight);
    type.delay(next).add(time - since, weight);
    group.delay.add(time - since, weight);
  }
  type.learnRequest(busy > 0, weight);
  for (const one of steps) if (one.next !== NEXT_CALL_END) allSteps.push(one);
}
