const MOST_CALLS = 15;
/** Past it old counts weigh half: a program's habits change. */
const MOST_REQUESTS = 4_096;
const MOST_ANSWERS = 256;
/** Contexts that a loop of which little is known reads without acting on any, so that it gives itself away. */
const MANY_WAITING = 3;
/** A loop acts in the order of reading when that explains so much more of its answers than what it read last. */
const CLEARLY = 1.5;
/** Answers from which a habit is known. */
const KNOWN = 4;

/** What is learnt of how a process works, from what was certain: its answers, whose request the socket tells. */
export class Habits {
  /** Requests that were served with at least so many calls. */
  readonly #atLeast = new Float64Array(MOST_CALLS + 2);
  /** Answers of a loop with several requests open, and of these, for whom it had read last. */
  #answers = 0;
  #atOnce = 0;
  /** Answers while several waited for their turn: for the first of them, for the last. */
  #turns = 0;
  #first = 0;
  #last = 0;

  /** Answers that threads gave which read requests, and those of them that another thread had read. */
  #given = 0;
  #moved = 0;

  /**
   * Its event loops read all that is ready and then act in that order. A loop of which little is known gives itself away by
   * reading several messages without acting on any.
   * @param waiting contexts that it has read and not acted on, and that wait for nothing else
   */
  actsInOrder(waiting: number): boolean {
    if (this.#turns < KNOWN) return this.#first >= this.#last && waiting >= MANY_WAITING;
    return this.#first > CLEARLY * this.#last;
  }

  /** How often what a loop read last is what it acts for, 0..1: for a loop that was never seen otherwise nearly 1. */
  get actsAtOnce(): number {
    return (this.#atOnce + KNOWN) / (this.#answers + KNOWN);
  }

  /** How often the first that waits is whose turn it is, 0..1. */
  get keepsOrder(): number {
    return (this.#first + KNOWN) / (this.#turns + KNOWN);
  }

  /**
   * An answer left a loop that serves several requests.
   * @param atOnce it was for whom the loop had read last
   * @param turn place of its request among those that waited: 1 the first of several, -1 the last, 0 between; null: nobody else waited
   */
  learnAnswer(atOnce: boolean, turn: -1 | 0 | 1 | null): void {
    this.#answers++;
    if (atOnce) this.#atOnce++;
    if (turn !== null) {
      this.#turns++;
      if (turn === 1) this.#first++;
      if (turn === -1) this.#last++;
    }
    if (this.#answers > MOST_ANSWERS) {
      this.#answers /= 2;
      this.#atOnce /= 2;
    }
    if (this.#turns > MOST_ANSWERS) {
      this.#turns /= 2;
      this.#first /= 2;
      this.#last /= 2;
    }
  }

  /** How often a request that a thread has read stays with it, 0..1: of runtimes whose tasks go from thread to thread less than 1. */
  get stays(): number {
    return this.#given === 0 ? 1 : 1 - this.#moved / this.#given;
  }

  /** A thread that reads requests gives an answer. @param moved another one had read the request */
  learnPlace(moved: boolean): void {
    this.#given++;
    if (moved) this.#moved++;
    if (this.#given > MOST_REQUESTS) {
      this.#given /= 2;
      this.#moved /= 2;
    }
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
