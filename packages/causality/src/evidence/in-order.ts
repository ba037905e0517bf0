import type { Thread } from '../contexts.ts';
import type { Moment, ServedRequest } from '../facts.ts';
import type { Habits } from '../habits.ts';
import type { Believe } from './source.ts';

/** How likely the turn passes over a context: it had nothing to send. */
const PASSED_OVER = 0.2;
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
  const { turn } = thread;
  const waiting = turn.waiting(at.switches, MOST_CONSIDERED);
  if (waiting.length === 0) return false;
  // With its last request answered a loop of whatever habit turns to one that waits.
  const isDone = thread.current?.request.open === false;
  if (!isDone && !habits.actsInOrder(waiting.length)) return false;
  const { acting } = turn;
  let weight = 1;
  let all = 0;
  const weights: number[] = [];
  for (const { request } of waiting) {
    const one = request.open ? weight * habits.another(request.calls) : 0;
    weights.push(one);
    all += one;
    weight *= PASSED_OVER;
  }
  const again = acting?.open ? AGAIN * habits.another(acting.calls) : 0;
  all += again;
  if (all <= 0) return false;
  for (let i = 0; i < waiting.length; i++) {
    const context = waiting[i]!;
    if (context.via !== via || weights[i] === 0) continue;
    believe(context.request, via, `thread ${at.tid}, in order`, (MOST_SURE * weights[i]!) / all);
  }
  if (via === 'unit' && acting !== null && again > 0) {
    believe(acting, via, `thread ${at.tid}, again`, (MOST_SURE * again) / all);
  }
  return true;
}
