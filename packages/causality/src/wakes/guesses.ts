import type { ServedRequest } from '../facts.ts';
import type { Outcomes } from './outcomes.ts';
import type { RequestQueue } from './queue.ts';
import type { Guess, HandOver, Manner, Worker } from './worker.ts';

/** How often each manner is right, before anything is known. */
const EXPECTED: Readonly<Record<Manner, number>> = { read: 0.98, working: 0.85, 'passed-on': 0.7 };
/** The same when another request waits for longer. */
const EXPECTED_AGAINST: Readonly<Record<Manner, number>> = { read: 0.6, working: 0.5, 'passed-on': 0.25 };
/** A worker takes the request that waits for longest. */
const EXPECTED_FIRST = 0.8;
/** Another thread is believed to have come for it before. */
const PERHAPS_TAKEN = 0.6;
/** A loop slept again after the wake: it had done what it was woken for. */
const LOOP_SLEPT = 0.6;

/** Weighs what a worker was woken for against what waits in the queue, by how often such signs were right. */
export class Guesses<R extends ServedRequest> {
  readonly #queue: RequestQueue<R>;
  readonly #outcomes: Outcomes;

  constructor(queue: RequestQueue<R>, outcomes: Outcomes) {
    this.#queue = queue;
    this.#outcomes = outcomes;
  }

  /**
   * What a thread that does something now works for, by what it was woken for and what waits: the most likely first.
   * @param takes it takes requests from the queue, and has none
   * @param time now, ns
   */
  of(worker: Worker<R>, tid: number, switches: number, takes: boolean, time: number): Guess<R>[] {
    if (worker.claim !== null) return takes && worker.claim.request.open ? [worker.claim] : [];
    const best = this.#bestHandOver(worker, tid, switches);
    const wasWoken = worker.handOvers.length > 0;
    if (!takes || worker.several || !(wasWoken || worker.hungry)) return best === null ? [] : [best];
    const guesses = this.#fromQueue(best, this.#queue.first(tid), wasWoken);
    const first = this.#queue.first(0);
    if (first?.open !== true || guesses.some(({ request }) => request === first)) return guesses;
    // Another thread was woken for that one, and may not have come to it yet.
    const sign = `left after ${ageOf(time - this.#queue.wokenAt(first))}`;
    const left = this.#outcomes.rate(
      sign,
      guesses.length === 0 ? 0.5 : expectedLeft(time - this.#queue.wokenAt(first)),
    );
    const others = guesses.map((one) => ({ ...one, confidence: one.confidence * (1 - left) }));
    return [...others, { request: first, sign, confidence: left, handOver: null }].sort(byConfidence);
  }

  /** @param waiting the request that waits for longest, and for nobody else */
  #fromQueue(best: Guess<R> | null, waiting: R | null, wasWoken: boolean): Guess<R>[] {
    if (best?.request === waiting || waiting?.open !== true) return best === null ? [] : [best];
    const against = best?.handOver?.manner;
    const sign = against !== undefined ? `first, not ${against}` : wasWoken ? 'first' : 'late';
    const expected = against === undefined ? EXPECTED_FIRST : 1 - EXPECTED_AGAINST[against];
    const first = { request: waiting, sign, confidence: this.#outcomes.rate(sign, expected), handOver: null };
    if (best === null || against === undefined) return [first];
    const other = `${against}, not first`;
    const rate = this.#outcomes.rate(other, EXPECTED_AGAINST[against]);
    return [first, { ...best, sign: other, confidence: Math.min(best.confidence, rate) }].sort(byConfidence);
  }

  #bestHandOver({ handOvers }: Worker<R>, tid: number, switches: number): Guess<R> | null {
    let best: Guess<R> | null = null;
    let most = 0;
    for (let i = handOvers.length - 1; i >= 0; i--) {
      const handOver = handOvers[i]!;
      const { request, manner, byFile } = handOver;
      if (handOver.switches > switches) continue;
      let confidence = this.#rate(handOver);
      if (byFile && handOver.switches !== switches) confidence *= LOOP_SLEPT;
      const taken = request === null ? null : this.#queue.takenByAnother(request, tid);
      if (taken === 'perhaps') confidence *= PERHAPS_TAKEN;
      if (confidence <= most || taken === 'surely') continue;
      most = confidence;
      best = request?.open ? { request, sign: manner, confidence, handOver } : null;
    }
    return best;
  }

  #rate({ manner, place }: HandOver<R>): number {
    return this.#outcomes.rate(`${manner} ${place}`, this.#outcomes.rate(manner, EXPECTED[manner]));
  }

  /** A worker has given its answer and comes for more: the request that waits, if it is for nobody else. */
  next(tid: number): Guess<R> | null {
    const request = this.#queue.first(0);
    // If somebody was woken for it, who is quicker gets it.
    if (request === null || request !== this.#queue.first(tid)) return null;
    return { request, sign: 'next', confidence: this.#outcomes.rate('next', EXPECTED_FIRST), handOver: null };
  }
}

function byConfidence(a: { readonly confidence: number }, b: { readonly confidence: number }): number {
  return b.confidence - a.confidence;
}

/** How long ago a thread was woken, roughly: powers of four microseconds. */
function ageOf(nanos: number): number {
  return Math.max(0, Math.min(6, Math.floor(Math.log2(Math.max(1, nanos / 10_000)) / 2)));
}

/** Woken threads come to what they were woken for within some tenths of a millisecond, mostly. */
function expectedLeft(nanos: number): number {
  return nanos < 200_000 ? 0.5 : nanos < 1_000_000 ? 0.3 : 0.15;
}
