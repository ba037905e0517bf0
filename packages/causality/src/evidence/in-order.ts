import type { Thread } from '../contexts.ts';
import type { Moment, ServedRequest } from '../facts.ts';
import type { Habits } from '../habits.ts';
import type { Believe } from './source.ts';

/** How likely the turn passes over a context: it had nothing to send. */
const PASSED_OVER = 0.2;
/** It waits for the answers to other calls: more than one at a time are made at once, mostly. */
const WAITING = 0.1;
/** How likely the one that acted just now goes on, in comparison with the next one's turn. */
const AGAIN = 0.3;
/** The kernel does not see all that a loop does: never more than so sure. */
const MOST_SURE = 0.98;
/** Contexts that come into question. */
const MOST_CONSIDERED = 4;

/**
 * A loop that reads first and acts afterwards, in the order of reading: the call belongs to the first that waits for its turn,
 * unless its requests do not make that many calls. Listed are those of one kind of context; the weights are those of all.
 * @returns whether it goes in that order now, and anybody waits
 */
export function inOrder<R extends ServedRequest>(
  via: 'unit' | 'socket-return',
  habits: Habits,
  thread: Thread<R>,
  at: Moment,
  believe: Believe<R>,
): boolean {
  const { reading } = thread;
  const waiting = reading.waiting(at.switches, MOST_CONSIDERED);
  if (waiting.length === 0) return false;
  // With its last request answered a loop of whatever habit turns to one that waits.
  const isDone = thread.current?.request.open === false;
  const ready = waiting.reduce(
    (sum, { request }) => sum + (request.open && request.underWay === 0 ? 1 : 0),
    0,
  );
  if (!isDone && !habits.actsInOrder(ready)) return false;
  const { acting } = reading;
  let weight = 1;
  let all = 0;
  const weights: number[] = [];
  for (const { request } of waiting) {
    const isWaiting = request.underWay > 0;
    const one = request.open ? weight * habits.another(request.calls) * (isWaiting ? WAITING : 1) : 0;
    weights.push(one);
    all += one;
    if (!isWaiting) weight *= PASSED_OVER;
  }
  const again = acting?.open ? AGAIN * habits.another(acting.calls) : 0;
  all += again;
  const sure = Math.min(MOST_SURE, habits.keepsOrder);
  if (all <= 0) return false;
  for (let i = 0; i < waiting.length; i++) {
    const context = waiting[i]!;
    if (context.via !== via || weights[i] === 0) continue;
    believe(context.request, via, `thread ${at.tid}, in order`, (sure * weights[i]!) / all);
  }
  if (via === 'unit' && acting !== null && again > 0) {
    believe(acting, via, `thread ${at.tid}, again`, (sure * again) / all);
  }
  return true;
}
