/** As many outcomes weigh as much as what is expected. */
const WEIGHT = 6;
/** Past it old ones weigh half: programs change. */
const MOST_OUTCOMES = 256;
const MOST_KEYS = 4_096;

/** How often each of several signs was right, as it turned out. */
export class Outcomes {
  readonly #counts = new Map<string, { right: number; all: number }>();

  /** @param expected the rate while nothing is known, 0..1 */
  rate(key: string, expected: number): number {
    const counts = this.#counts.get(key);
    return counts === undefined ? expected : (counts.right + WEIGHT * expected) / (counts.all + WEIGHT);
  }

  learn(key: string, isRight: boolean): void {
    let counts = this.#counts.get(key);
    if (counts === undefined) {
      if (this.#counts.size >= MOST_KEYS) this.#counts.clear();
      counts = { right: 0, all: 0 };
      this.#counts.set(key, counts);
    }
    counts.all++;
    if (isRight) counts.right++;
    if (counts.all > MOST_OUTCOMES) {
      counts.all /= 2;
      counts.right /= 2;
    }
  }
}
