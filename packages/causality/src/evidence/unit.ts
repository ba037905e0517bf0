import type { Context } from '../context.ts';
import type { ProcessContexts, Thread } from '../contexts.ts';
import type { Moment, ServedRequest } from '../facts.ts';
import { inOrder } from './in-order.ts';
import type { Believe, EvidenceSource } from './source.ts';

/**
 * How sure a thread's context is.
 *
 * - a thread that serves one request at a time works for that one, whatever it waits for in between, unless the process's
 *   requests go from thread to thread
 * - an event loop with one request open works for that one too, unless other threads of the process serve
 *   requests: it may send on their behalf
 * - an event loop that has not slept since has, nearly always, not turned to anything else that the
 *   kernel did not see; below 0.99, since a timer can be due without sleeping
 * - an event loop that slept may have been woken by a timer or a thread pool for somebody else; more often
 *   it only waited for a lock or its collector's threads within the same callback
 */
const EXCLUSIVE = 0.999;
const EXCLUSIVE_SLEPT = 0.98;
const ALONE_ON_LOOP = 0.985;
const SHARED = 0.98;
const SHARED_SLEPT = 0.7;
/** Tasks go from thread to thread, each a stretch at a time: 95 % of tokio's calls are for what their thread read last. */
const WANDERS = 0.9;
/** A new connection's first request leaves when the connection is ready, not when the loop's last message came. */
const SHARED_NEW_SOCKET = 0.3;
/** The request is answered already: work that a handler leaves behind. */
const AFTER_RESPONSE = 0.6;
const AFTER_RESPONSE_OF_SEVERAL = 0.4;
/** Where requests stay less with the threads that read them, threads take their work from others too (puma's reactor reads for its pool). */
const KEEPS_ITS_OWN = 0.98;
/** A thread that takes its work from others goes on with the next, if there is one, without having slept. */
const AFTER_RESPONSE_OF_WORKER = 0.3;
/** A thread that reads no requests takes its work from others: where nobody tells who wakes whom, the next piece may be another request's. */
const WORKER = 0.9;
const WORKER_SLEPT = 0.7;
/** A goroutine stands alone; a thread under goroutines tells little. */
const GOROUTINE = 0.999;
const THREAD_OF_GOROUTINES = 0.35;

function threadConfidence<R extends ServedRequest>(
  process: ProcessContexts<R>,
  thread: Thread<R>,
  context: Context<R>,
  first: boolean,
  at: Moment,
): number {
  const slept = context.switches !== at.switches;
  if (!context.request.open) {
    if (slept) return 0;
    const takesWork = !thread.serves || process.habits.stays < KEEPS_ITS_OWN;
    if (takesWork && process.open.size > 0) return AFTER_RESPONSE_OF_WORKER;
    return thread.open > 0 ? AFTER_RESPONSE_OF_SEVERAL : AFTER_RESPONSE;
  }
  if (!thread.serves && process.open.size > 1 && !process.wakes.areTold) return slept ? WORKER_SLEPT : WORKER;
  if (thread.open <= 1) {
    const stays = Math.max(WANDERS, process.habits.stays);
    if (slept) return EXCLUSIVE_SLEPT * stays;
    return (thread.loop && process.open.size > 1 ? ALONE_ON_LOOP : EXCLUSIVE) * stays;
  }
  if (first) return SHARED_NEW_SOCKET;
  return (slept ? SHARED_SLEPT : SHARED) * process.habits.actsAtOnce;
}

function unitCandidates<R extends ServedRequest>(
  via: 'unit' | 'socket-return',
  process: ProcessContexts<R>,
  first: boolean,
  at: Moment,
  believe: Believe<R>,
): void {
  const thread = process.threads.get(at.tid);
  if (at.goid !== 0) {
    const own = process.goroutines.get(at.goid)?.current;
    if (own?.via === via && own.request.open) {
      believe(own.request, via, `goroutine ${at.goid}`, GOROUTINE);
      return;
    }
    if (thread?.current?.via === via && thread.current.request.open) {
      believe(thread.current.request, via, `thread ${at.tid}`, THREAD_OF_GOROUTINES);
    }
    return;
  }
  if (thread === undefined) return;
  if (thread.open > 1 && !first && inOrder(via, process.habits, thread, at, believe)) return;
  const context = thread.current;
  if (context?.via !== via) return;
  const confidence = threadConfidence(process, thread, context, first, at) * thread.sure;
  if (confidence > 0) believe(context.request, via, `thread ${at.tid}`, confidence);
}

/** The same thread or goroutine read the request and makes the call, nothing in between. */
export function unitSource<R extends ServedRequest>(): EvidenceSource<R> {
  return {
    kind: 'unit',
    candidates(process, call, at, believe) {
      unitCandidates('unit', process, call.first, at, believe);
    },
  };
}

/**
 * A response that was read restores the request for which its own request was sent: what an event loop
 * does next on that thread, it does for that one.
 */
export function socketReturnSource<R extends ServedRequest>(): EvidenceSource<R> {
  return {
    kind: 'socket-return',
    candidates(process, call, at, believe) {
      unitCandidates('socket-return', process, call.first, at, believe);
    },
  };
}
