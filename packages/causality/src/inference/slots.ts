/** Small numbers for what is under way, given out again afterwards. */
export class Slots {
  readonly #slot: Int32Array;
  readonly #free: number[] = [];
  #used = 0;

  constructor(size: number) {
    this.#slot = new Int32Array(size).fill(-1);
  }

  take(index: number): number {
    const slot = this.#free.pop() ?? this.#used++;
    this.#slot[index] = slot;
    return slot;
  }

  /** @returns -1: not under way */
  of(index: number): number {
    return this.#slot[index]!;
  }

  free(index: number): void {
    this.#free.push(this.#slot[index]!);
    this.#slot[index] = -1;
  }
}
