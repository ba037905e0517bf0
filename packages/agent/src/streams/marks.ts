/** Chunks whose times are remembered per side: where a message began, some reads ago. */
const MARKS = 8;

/** When which bytes of one side passed. */
export class Marks {
  // Small plain arrays: typed ones of this size take a kilobyte a connection and most of its set-up time.
  readonly #positions: number[] = new Array<number>(MARKS).fill(Number.NaN);
  readonly #times: number[] = new Array<number>(MARKS).fill(0);
  #at = 0;

  add(position: number, time: number): void {
    this.#at = (this.#at + 1) % MARKS;
    this.#positions[this.#at] = position;
    this.#times[this.#at] = time;
  }

  /** Time of the chunk that holds a position; the oldest known for older ones. */
  timeOf(position: number): number {
    let time = this.#times[this.#at]!;
    for (let i = 0; i < MARKS; i++) {
      const at = (this.#at - i + MARKS) % MARKS;
      const start = this.#positions[at]!;
      if (Number.isNaN(start)) return time;
      time = this.#times[at]!;
      if (start <= position) return time;
    }
    return time;
  }
}
