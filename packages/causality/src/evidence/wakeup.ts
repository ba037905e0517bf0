import type { ProcessContexts } from '../contexts.ts';
import type { Moment, ServedRequest, Wake } from '../facts.ts';
import { type Found, isWorker } from '../wakes.ts';
import type { EvidenceSource } from './source.ts';

/** Never more sure: a queue may be served in another order than it was filled. */
const MOST_SURE = 0.985;
/** It goes on with what it was woken for, having slept or not. */
const GOES_ON = 0.98;
/** The thread was at work for another request when it was woken: for a lock, most likely. */
const AT_WORK = 0.45;

/**
 * A thread was woken: what it did before may be over.
 *
 * - who takes its work from others, and is woken by one that has just read a request, works for that now
 * - a loop that reads no requests itself is woken to do something for another thread
 *
 * In all other cases it may as well have waited for a lock, and goes on.
 */
export function wokenThread<R extends ServedRequest>(process: ProcessContexts<R>, wake: Wake): void {
  const { wakes } = process;
  const handOver = wakes.woken(process, wake);
  const woken = process.threads.get(wake.wokenTid);
  if (woken !== undefined && woken.current !== null && isWorker(woken)) {
    const isNewWork = handOver.manner === 'read' && !wakes.isLock(wake);
    if ((isNewWork || wake.byFile) && handOver.request !== woken.current.request) woken.current = null;
  }
  // A result goes back to who had read the request; or a loop has passed on what it had read for another thread.
  const waker = process.threads.get(wake.tid);
  if (waker === undefined || waker.current === null || !isWorker(waker)) return;
  const isGivenBack = wake.byFile && woken?.serves === true && !wakes.isLoop(wake.tid);
  const isPassedOn = !wake.byFile && wakes.isLoop(wake.tid) && handOver.request === waker.current.request;
  if (isGivenBack || isPassedOn) waker.current = null;
}

/** What the thread was woken for is another matter than what it was working for. */
function isAtWork<R extends ServedRequest>(
  process: ProcessContexts<R>,
  { handOver, request }: Found<R>,
  at: Moment,
): boolean {
  const thread = process.threads.get(at.tid);
  const context = thread?.current;
  if (thread === undefined || !context?.request.open || context.request === request) return false;
  // Read since the wake: of a loop that has both to do, nobody knows which comes first.
  if (context.switches >= handOver.switches) return true;
  // An event loop that was woken for something turns to that.
  return !(thread.open > 1 && handOver.byFile);
}

/**
 * The thread was woken by another one that worked for the request, right before its first message. It holds for that
 * message alone; a worker then works for that request until it is told otherwise.
 */
export function wakeupSource<R extends ServedRequest>(): EvidenceSource<R> {
  return {
    kind: 'wakeup',
    candidates(process, _call, at, believe) {
      if (at.goid !== 0 || at.tid === 0) return;
      const found = process.wakes.find(at.tid, at.switches);
      if (found !== null) {
        const { handOver, request, rate } = found;
        const sure = Math.min(MOST_SURE, rate);
        const confidence = isAtWork(process, found, at) ? Math.min(AT_WORK, sure) : sure;
        believe(request, 'wakeup', `thread ${at.tid}, woken by ${handOver.waker}`, confidence);
      }
      const context = process.threads.get(at.tid)?.current;
      if (context?.via === 'wakeup' && context.request.open) {
        believe(context.request, 'wakeup', `thread ${at.tid}, goes on`, GOES_ON);
      }
    },
  };
}

/** A thread has acted for a request: if it was woken for it, it works for it from now on. */
export function actedWhenWoken<R extends ServedRequest>(
  process: ProcessContexts<R>,
  request: R,
  at: Moment,
): void {
  if (at.goid !== 0 || at.tid === 0) return;
  const found = process.wakes.find(at.tid, at.switches);
  process.wakes.acted(request, at);
  if (found?.request !== request || process.wakes.isLoop(at.tid)) return;
  const thread = process.thread(at.tid);
  const { current } = thread;
  if (isWorker(thread) && current?.request !== request) {
    thread.current = { request, via: 'wakeup', switches: at.switches };
  }
}
