/** Bins of a histogram: 4 an octave, from below a microsecond to about an hour. */
export const BINS = 124;
/** Bins are as wide as this many microseconds at zero; from there on their width grows with the delay. */
const FINEST_US = 4;
const PER_OCTAVE = 4;

/** Place of a delay on the scale of the bins, fractional. */
export function placeOf(delayUs: number): number {
  const x = PER_OCTAVE * Math.log2(1 + Math.max(0, delayUs) / FINEST_US);
  return Math.min(x, BINS - 2);
}

/** Logarithm of d(place)/d(delay): turns a density over bins into one over microseconds. */
function scaleAt(delayUs: number): number {
  return Math.log(PER_OCTAVE / Math.LN2) - Math.log(FINEST_US + Math.max(0, delayUs));
}

/**
 * Distribution of a delay in microseconds without any assumed shape: counts in logarithmic bins, smoothed,
 * and drawn towards a broader distribution while there are few of them. Service times have several modes
 * (an answer from a cache, a sleep of a thread) and long tails, which no parametric family fits.
 */
export class DelayHistogram {
  readonly #counts = new Float64Array(BINS);
  #total = 0;
  readonly #logDensity = new Float64Array(BINS);
  #stale = true;
  readonly #prior: DelayHistogram | null;
  readonly #priorWeight: number;

  /** @param prior what is believed before anything was seen (null: any delay, equally on a logarithmic scale) */
  constructor(prior: DelayHistogram | null, priorWeight: number) {
    this.#prior = prior;
    this.#priorWeight = priorWeight;
  }

  get total(): number {
    return this.#total;
  }

  add(delayUs: number, weight: number): void {
    const x = placeOf(delayUs);
    const bin = Math.floor(x);
    const part = x - bin;
    this.#counts[bin]! += weight * (1 - part);
    this.#counts[bin + 1]! += weight * part;
    this.#total += weight;
  }

  /** Multiplies what was seen (0 forgets it); counts in `logDensity` after `refresh`. */
  scale(factor: number): void {
    for (let i = 0; i < BINS; i++) this.#counts[i]! *= factor;
    this.#total *= factor;
  }

  /** What was added since the last time counts in `logDensity` from now on. */
  refresh(): void {
    this.#stale = true;
  }

  /** Logarithm of the probability density of this delay, per microsecond. */
  logDensity(delayUs: number): number {
    if (this.#stale) this.#rebuild();
    const place = placeOf(delayUs);
    const bin = Math.floor(place);
    const part = place - bin;
    return this.#logDensity[bin]! * (1 - part) + this.#logDensity[bin + 1]! * part + scaleAt(delayUs);
  }

  /** Probability of the delays of one bin. */
  probability(bin: number): number {
    if (this.#stale) this.#rebuild();
    return Math.exp(this.#logDensity[bin]!);
  }

  #rebuild(): void {
    this.#stale = false;
    const radius = this.#radius();
    const denominator = this.#total + this.#priorWeight;
    for (let bin = 0; bin < BINS; bin++) {
      let sum = 0;
      let kernel = 0;
      for (let offset = -radius; offset <= radius; offset++) {
        const weight = 1 + radius - Math.abs(offset);
        kernel += weight;
        const at = bin + offset;
        // What falls off an end is reflected into it.
        sum += weight * this.#counts[at < 0 ? -at : at >= BINS ? 2 * BINS - 2 - at : at]!;
      }
      const prior = this.#prior === null ? 1 / BINS : this.#prior.probability(bin);
      this.#logDensity[bin] = Math.log((sum / kernel + this.#priorWeight * prior) / denominator);
    }
  }

  /** Smoothing over fewer neighbours the more there is to go by. */
  #radius(): number {
    return this.#total > 3000 ? 1 : this.#total > 300 ? 2 : this.#total > 50 ? 3 : 5;
  }
}
