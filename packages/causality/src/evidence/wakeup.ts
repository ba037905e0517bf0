import type { Evidence } from '@weft/model';
import type { ProcessContexts, Thread } from '../contexts.ts';
import type { Candidate, Moment, ServedRequest, Wake } from '../facts.ts';
import type { ErrandSink } from '../wakes/errands.ts';
import { type Guess, isWorker } from '../wakes/worker.ts';
import type { EvidenceSource } from './source.ts';

/** Never more sure: a queue may be served in another order than it was filled. */
const MOST_SURE = 0.985;
/** It goes on with what it was woken for, having slept or not. */
const GOES_ON = 0.98;
/** The thread was at work for another request when it was woken: for a lock, most likely. */
const AT_WORK = 0.45;
/** It was taken for another one that turned out to have had its request. */
const EXCHANGED = 0.7;

/**
 * A thread was woken: what it did before may be over.
 *
 * - who takes its work from others, and is woken by one that has just read a request, works for that now
 * - a loop that reads no requests itself is woken to do something for another thread
 *
 * In all other cases it may as well have waited for a lock, and goes on.
 */
export function wokenThread<R extends ServedRequest>(
  process: ProcessContexts<R>,
  wake: Wake,
  errands: ErrandSink<R>,
): void {
  const { wakes } = process;
  const handOver = wakes.woken(process.threads, wake);
  const woken = process.threads.get(wake.wokenTid);
  const isNewWork = handOver.manner === 'read' && !wakes.isLock(wake);
  if (isWorker(woken)) {
    const isOther = handOver.request !== null && handOver.request !== wakes.takenBy(wake.wokenTid);
    if (wake.byFile && isOther && errands.isUnderWay(wake.wokenTid)) wakes.hasSeveral(wake.wokenTid);
    if (isNewWork) errands.ended(wake.wokenTid, null);
  }
  if (woken !== undefined && woken.current !== null && isWorker(woken)) {
    if ((isNewWork || wake.byFile) && handOver.request !== woken.current.request) woken.current = null;
  }
  const waker = process.threads.get(wake.tid);
  if (!isWorker(waker)) return;
  if (!wakes.hasOne(wake.tid)) {
    // What it had read it has passed on.
    if (waker && !wake.byFile && handOver.request === waker.current?.request) waker.current = null;
  } else if (woken?.serves && wakes.isReturn(wake)) {
    givesBack(process, waker, woken, wake, errands);
  }
}

/** A worker wakes a thread that reads requests: to give it the result, if it had that one's request. */
function givesBack<R extends ServedRequest>(
  process: ProcessContexts<R>,
  waker: Thread<R> | undefined,
  woken: Thread<R>,
  wake: Wake,
  errands: ErrandSink<R>,
): void {
  const { wakes } = process;
  if (!wakes.hasWork(wake.tid)) return;
  if (wake.byFile) {
    const request =
      waker?.current?.request ?? wakes.guesses(wake.tid, wake.switches, true, wake.time)[0]?.request;
    if (request === undefined || !wakes.queue.hasRead(request, wake.wokenTid)) return;
    errands.givenBack(wake.tid, wake.wokenTid);
  } else {
    // An event loop waits for files, and for nothing else but locks.
    const awaited = woken.open === 1 && !wakes.isLoop(wake.wokenTid) ? woken.current?.request : undefined;
    if (!awaited?.open || wakes.queue.takerOf(awaited) === wake.wokenTid) return;
    turnsOut(process, wake.tid, awaited);
    errands.ended(wake.tid, awaited);
  }
  if (waker !== undefined) waker.current = null;
  wakes.comesForMore(wake.tid);
}

/** What the thread was woken for is another matter than what it was working for. */
function isAtWork<R extends ServedRequest>(
  process: ProcessContexts<R>,
  { handOver, request }: Guess<R>,
  at: Moment,
): boolean {
  const thread = process.threads.get(at.tid);
  const context = thread?.current;
  if (thread === undefined || !context?.request.open || context.request === request) return false;
  // Read since the wake: of a loop that has both to do, nobody knows which comes first.
  if (handOver === null || context.switches >= handOver.switches) return true;
  // An event loop that was woken for something turns to that.
  return !(thread.open > 1 && handOver.byFile);
}

/** It takes its work from the process's queue, and has none at present. */
function isFree<R extends ServedRequest>(process: ProcessContexts<R>, tid: number): boolean {
  const thread = process.threads.get(tid);
  return isWorker(thread) && thread?.current?.request.open !== true;
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
      const { wakes } = process;
      const guesses = wakes.guesses(at.tid, at.switches, isFree(process, at.tid), at.time);
      for (const guess of guesses) {
        const { handOver, request, sign } = guess;
        const sure = Math.min(MOST_SURE, guess.confidence * wakes.whole);
        const confidence = isAtWork(process, guess, at) ? Math.min(AT_WORK, sure) : sure;
        const by = handOver === null ? sign : `woken by ${handOver.waker}, ${sign}`;
        believe(request, 'wakeup', `thread ${at.tid}, ${by}`, confidence);
      }
      const thread = process.threads.get(at.tid);
      const context = thread?.current;
      if (thread !== undefined && context?.via === 'wakeup' && context.request.open) {
        const sure = GOES_ON * thread.sure * wakes.whole;
        const isWokenForAnother = guesses.length > 0 && guesses[0]!.request !== context.request;
        const confidence = isWokenForAnother ? Math.min(AT_WORK, sure) : sure;
        believe(context.request, 'wakeup', `thread ${at.tid}, goes on`, confidence);
      }
    },
  };
}

/** A call leaves for a request: if the thread was woken for it, it works for it from now on. */
export function actedWhenWoken<R extends ServedRequest>(
  process: ProcessContexts<R>,
  request: R,
  at: Moment,
): void {
  if (at.goid !== 0 || at.tid === 0) return;
  const { wakes } = process;
  const free = isFree(process, at.tid);
  const guess = wakes.guesses(at.tid, at.switches, free, at.time).find((one) => one.request === request);
  wakes.acted(request, at, free);
  if (guess === undefined || !wakes.hasOne(at.tid)) return;
  worksFor(process, at.tid, request, at.switches, guess.confidence);
}

/** A call leaves for nobody: what the thread may have been woken for is taken all the same. */
export function unknownWhenWoken<R extends ServedRequest>(process: ProcessContexts<R>, at: Moment): void {
  if (at.goid !== 0 || at.tid === 0) return;
  const free = isFree(process, at.tid);
  if (!free) return;
  const [guess] = process.wakes.guesses(at.tid, at.switches, free, at.time);
  process.wakes.actedPerhaps(guess?.request ?? null, at, free);
  if (guess !== undefined) worksFor(process, at.tid, guess.request, at.switches, guess.confidence);
}

function worksFor<R extends ServedRequest>(
  process: ProcessContexts<R>,
  tid: number,
  request: R,
  switches: number,
  sure: number,
): void {
  const thread = process.thread(tid);
  if (!isWorker(thread) || thread.current?.request === request) return;
  thread.current = { request, via: 'wakeup', switches };
  thread.sure = Math.min(MOST_SURE, sure);
}

/**
 * A thread writes the answer to a request, or a part of it: that is certain.
 * @param free it had nothing to work for before
 */
export function answeredWhenWoken<R extends ServedRequest>(
  process: ProcessContexts<R>,
  request: R,
  at: Moment,
  free: boolean,
  errands: ErrandSink<R>,
): void {
  if (at.goid !== 0 || at.tid === 0) return;
  const thread = process.threads.get(at.tid);
  if (!isWorker(thread) || thread === undefined) {
    if (!process.wakes.queue.isKnown(request)) {
      const worker = errands.answeredBy(at, request, process.wakes.workerFor(request));
      if (worker !== 0 && worker !== at.tid) turnsOut(process, worker, request);
    }
    process.wakes.acted(request, at, free);
    return;
  }
  process.wakes.answers(at, free);
  thread.sure = 1;
  turnsOut(process, at.tid, request);
  errands.ended(at.tid, request);
  if (!request.open) process.wakes.comesForMore(at.tid);
}

/**
 * The call is a part of what a worker does for some request, which its answer will name. What is handed out in parts is not: others
 * answer for that.
 */
export function isErrand<R extends ServedRequest>(
  process: ProcessContexts<R>,
  at: Moment,
  best: Candidate<R> | undefined,
): boolean {
  const { wakes } = process;
  if (at.goid !== 0 || at.tid === 0 || !wakes.workersAnswer || wakes.whole < 1) return false;
  if (!isWorker(process.threads.get(at.tid)) || !wakes.hasOne(at.tid)) return false;
  return best === undefined || (best.confidence < 1 && !best.evidence.some(isPart));
}

function isPart({ kind, key }: Evidence): boolean {
  return kind === 'wakeup' && key.endsWith(' working');
}

/** Two threads may have been taken for each other. */
function turnsOut<R extends ServedRequest>(process: ProcessContexts<R>, tid: number, truth: R): void {
  const other = process.wakes.turnedOut(tid, truth);
  const thread = other === null ? undefined : process.threads.get(other.tid);
  if (other === null || thread?.current?.request !== truth) return;
  thread.current = { request: other.request, via: 'wakeup', switches: thread.current.switches };
  thread.sure = EXCHANGED;
}
