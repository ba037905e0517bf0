import type { Inference } from '@weft/causality';
import type { Truth } from './span-line.ts';

/** Bins of confidence for the calibration error. */
const BINS = 10;

/** How good inferred links are. */
export interface InferenceScore {
  readonly links: number;
  readonly linksRight: number;
  /** Traces that have links. */
  readonly traces: number;
  /** Those of them in which every link is right. */
  readonly tracesRight: number;
  /**
   * Expected calibration error: mean distance, over ten bins of confidence, between the confidence
   * told and the share that was right, weighted by links (Naeini et al., 2015).
   */
  readonly calibrationError: number;
}

/** Compares conclusions with the truth, which the inference has not seen. */
export class InferenceScorer {
  readonly #truth = new Map<string, Truth>();
  readonly #traces = new Map<string, boolean>();
  readonly #bins = Array.from({ length: BINS }, () => ({ confidence: 0, right: 0 }));
  #links = 0;
  #right = 0;

  /** Notes the truth about a client span before its conclusion comes. */
  expect(spanId: string, truth: Truth): void {
    this.#truth.set(spanId, truth);
  }

  conclude({ call, parent, confidence }: Inference<string, string>): void {
    const truth = this.#truth.get(call);
    if (truth === undefined) return;
    this.#truth.delete(call);
    const right = parent === truth.parent;
    this.#links++;
    if (right) this.#right++;
    const bin = this.#bins[Math.min(BINS - 1, Math.floor(confidence * BINS))]!;
    bin.confidence += confidence;
    if (right) bin.right++;
    if (truth.trace !== null) this.#traces.set(truth.trace, right && this.#traces.get(truth.trace) !== false);
  }

  score(): InferenceScore {
    const distance = this.#bins.reduce((sum, { confidence, right }) => sum + Math.abs(confidence - right), 0);
    // A call about which nothing was concluded is wrong.
    for (const { trace } of this.#truth.values()) if (trace !== null) this.#traces.set(trace, false);
    return {
      links: this.#links + this.#truth.size,
      linksRight: this.#right,
      traces: this.#traces.size,
      tracesRight: [...this.#traces.values()].filter((right) => right).length,
      calibrationError: this.#links === 0 ? 0 : distance / this.#links,
    };
  }
}
