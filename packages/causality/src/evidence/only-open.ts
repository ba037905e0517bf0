import type { ProcessContexts } from '../contexts.ts';
import type { Moment, ServedRequest } from '../facts.ts';
import type { EvidenceSource } from './source.ts';

const ONLY_OPEN = 0.6;
/** Calls made while something is served for each made while nothing is: less, and the thread has business of its own. */
const SERVING_FOR_EACH_ALONE = 10;

/**
 * A goroutine sends for somebody, nobody knows for whom. Seen when another thread ran the sending goroutine before the one that
 * it works for had parked. Where it is known who waits for the answer, and that one serves nothing, the call is the program's
 * own business.
 */
function isGoroutineForUnknown(at: Moment): boolean {
  return at.goid !== 0 && at.waiterGoid === 0 && at.handoverGoid === 0;
}

/**
 * A thread that reads no requests sends: it works for one that does (a pool), or is the program's own (a timer, a check of
 * health). The latter also sends while nothing is served. Under goroutines a thread tells nothing.
 */
function isWorker<R extends ServedRequest>(process: ProcessContexts<R>, at: Moment): boolean {
  const thread = process.threads.get(at.tid);
  if (process.goroutines.size > 0 || at.tid === 0 || thread === undefined) return false;
  // Where it is told who wakes whom, that says more.
  if (process.wakes.areTold) return false;
  if (thread.serves || thread.current?.request.open === true) return false;
  return thread.callsAlone * SERVING_FOR_EACH_ALONE <= thread.callsServing;
}

/** Nothing says for whom the call is made, and the process serves one request alone. */
export function onlyOpenSource<R extends ServedRequest>(): EvidenceSource<R> {
  return {
    kind: 'inferred',
    candidates(process, _call, at, believe) {
      if (process.open.size !== 1 || !(isGoroutineForUnknown(at) || isWorker(process, at))) return;
      for (const request of process.open) believe(request, 'inferred', 'the only open request', ONLY_OPEN);
    },
  };
}
