import type { Context } from './context.ts';
import type { ServedRequest } from './facts.ts';

/** What a thread may have read and not acted on; past it the oldest is forgotten. */
const MOST_WAITING = 64;

/**
 * What an event loop has read since it slept and has not acted on yet, in the order of reading. Some loops act on each
 * message as they read it (Node); others read all that is ready first and act afterwards, in the same order (HAProxy,
 * asyncio): there the message that was read last is not whose turn it is.
 */
export class ReadingOrder<R extends ServedRequest> {
  readonly #waiting: Context<R>[] = [];
  #acting: R | null = null;

  /** Bytes were read that belong to this context. */
  read(context: Context<R>): void {
    const waiting = this.#waiting;
    // It slept in between: what it left undone then, it was not going to do at once.
    if (waiting.length > 0 && waiting[0]!.switches !== context.switches) {
      // Mostly one: setting the length of an array is a call into the runtime.
      while (waiting.length > 0) waiting.pop();
    }
    const at = waiting.length === 0 ? -1 : waiting.findIndex((known) => known.request === context.request);
    if (at >= 0) waiting.splice(at, 1);
    else if (waiting.length >= MOST_WAITING) waiting.shift();
    waiting.push(context);
    this.#acting = null;
  }

  /** Who waits for its turn, in order, at most so many; none once the thread has slept. */
  waiting(switches: number, most: number): readonly Context<R>[] {
    return this.#waiting[0]?.switches === switches ? this.#waiting.slice(0, most) : [];
  }

  /** For whom the thread acted last, since it last read. */
  get acting(): R | null {
    return this.#acting;
  }

  /**
   * The thread has acted for this request: those that were read before it are passed over.
   * @returns its place among those whose turn it could be: 1 the first of several, -1 the last, 0 between; null: nobody else waited
   */
  acted(request: R): -1 | 0 | 1 | null {
    const waiting = this.#waiting;
    this.#acting = request;
    const at = waiting.findIndex((known) => known.request === request);
    if (at < 0) return null;
    // Who waits for other answers too has no turn yet.
    const ready = waiting.filter((known) => known.request.underWay === 0 || known.request === request);
    waiting.splice(0, at + 1);
    if (ready.length < 2) return null;
    return ready[0]!.request === request ? 1 : ready.at(-1)!.request === request ? -1 : 0;
  }
}
