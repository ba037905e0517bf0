/** Threads that are told apart. */
const MAX_THREADS = 1_024;

/** Whether the thread of one event of a request was that of the event before. */
interface Continuity {
  same: number;
  all: number;
}

/**
 * What thread ids say. In a pool the worker that makes a request's first call makes the others too and
 * answers; on an event loop all are the same and say nothing; where one thread reads and others work, the
 * first differs. Which of these it is, is learnt: P(thread) = p·[the same as before] + (1 − p)·(its share of all).
 */
export class ThreadModel {
  readonly #counts = new Map<number, number>();
  #total = 0;
  readonly #first: Continuity = { same: 0, all: 0 };
  readonly #later: Continuity = { same: 0, all: 0 };
  readonly #answer: Continuity = { same: 0, all: 0 };

  #of(step: ThreadStep): Continuity {
    return step === 'first' ? this.#first : step === 'later' ? this.#later : this.#answer;
  }

  /** Log-likelihood that a call was sent on this thread. @param before the thread to compare with */
  logLikelihood(step: ThreadStep, before: number | null, thread: number | null): number {
    if (before === null || thread === null) return 0;
    const { same, all } = this.#of(step);
    const share = ((this.#counts.get(thread) ?? 0) + 0.5) / (this.#total + 0.5 * (this.#counts.size + 1));
    // Of those on the same thread some are there by chance.
    const stays = Math.min(1, Math.max(0, (same + 0.5) / (all + 1)));
    return Math.log(thread === before ? Math.max(stays, share) : (1 - stays) * share + 1e-9);
  }

  learn(step: ThreadStep, before: number | null, thread: number | null, weight: number): void {
    if (thread === null) return;
    if (step !== 'answer' && (this.#counts.has(thread) || this.#counts.size < MAX_THREADS)) {
      this.#counts.set(thread, (this.#counts.get(thread) ?? 0) + weight);
      this.#total += weight;
    }
    if (before === null) return;
    const continuity = this.#of(step);
    continuity.all += weight;
    if (before === thread) continuity.same += weight;
  }

  scale(factor: number): void {
    this.#total = 0;
    for (const [thread, count] of this.#counts) {
      const left = count * factor;
      if (left < 0.01) this.#counts.delete(thread);
      else this.#counts.set(thread, left);
      this.#total += left;
    }
    for (const continuity of [this.#first, this.#later, this.#answer]) {
      continuity.same *= factor;
      continuity.all *= factor;
    }
  }
}

/**
 * What is compared: a request's first call with the thread that read the request; a later call with the
 * call before; the first call with the thread that answered, which is known when a window is decided.
 */
export type ThreadStep = 'first' | 'later' | 'answer';
