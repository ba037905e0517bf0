/** So many more observations for than against it make a habit; it is given up as quickly. */
const ORDER_KNOWN = 3;
const MOST_ORDER = 12;
const MANY_WAITING = 3;
const MOST_CALLS = 15;
/** Past it old counts weigh half: a program's habits change. */
const MOST_REQUESTS = 4_096;

/** What is learnt of how a process works, from what was certain. */
export class Habits {
  #order = 0;
  /** Requests that were served with at least so many calls. */
  readonly #atLeast = new Float64Array(MOST_CALLS + 2);

  /**
   * Its event loops read all that is ready and then act in that order: learnt from answers, whose request is certain. A loop
   * of which little is known gives itself away by reading several messages without acting on any.
   * @param waiting contexts that it has read and not acted on
   */
  actsInOrder(waiting: number): boolean {
    return this.#order >= ORDER_KNOWN || (this.#order >= 0 && waiting >= MANY_WAITING);
  }

  /** One observation: 1 in the order of reading, -1 on what was read last. */
  learnOrder(observed: -1 | 0 | 1): void {
    this.#order = Math.max(-MOST_ORDER, Math.min(MOST_ORDER, this.#order + observed));
  }

  /** A request was served, with so many calls. */
  learnCalls(calls: number): void {
    const counts = this.#atLeast;
    const most = Math.min(calls, MOST_CALLS);
    for (let i = 0; i <= most; i++) counts[i]!++;
    if (counts[0]! > MOST_REQUESTS) for (let i = 0; i < counts.length; i++) counts[i]! /= 2;
  }

  /** How likely a request that has made so many calls makes another one, 0..1. */
  another(calls: number): number {
    const at = Math.min(calls, MOST_CALLS);
    return (this.#atLeast[at + 1]! + 0.5) / (this.#atLeast[at]! + 1);
  }
}
