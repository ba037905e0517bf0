/** What was not seen, or not understood, by cause. Bounded: causes beyond the cap fall under `other`. */
export class Losses {
  readonly #counts = new Map<string, number>();

  count(cause: string, by = 1): void {
    const known = this.#counts.get(cause);
    if (known === undefined && this.#counts.size >= 128) {
      this.#counts.set('other', (this.#counts.get('other') ?? 0) + by);
      return;
    }
    this.#counts.set(cause, (known ?? 0) + by);
  }

  /** Counts by cause, sorted by name. */
  all(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
