import type { Verdict } from './verdict.ts';

/** Links of similar confidence. */
export interface Bin {
  /** Least confidence in it, 0..1; the next bin's is its end. */
  readonly from: number;
  readonly links: number;
  readonly right: number;
  /** Sum of the confidences. */
  readonly confidence: number;
}

/** Lower ends of the bins. Below 0.5 nothing is called a parent; most of what is to be told lies near 1. */
const ENDS = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99] as const;

/**
 * How often links inside processes are right, by the confidence with which they were told. Links over the network are left out: they
 * are many, and certain. A link that leads to nothing that is known is not right.
 */
export function reliability(verdicts: readonly Verdict[]): Bin[] {
  const bins = ENDS.map((from) => ({ from, links: 0, right: 0, confidence: 0 }));
  for (const { side, span, confidence, outcome } of verdicts) {
    if (side !== 'client' || span === null || span.parentSpanId === null) continue;
    const bin = bins.findLast(({ from }) => confidence >= from) ?? bins[0]!;
    bin.links++;
    bin.confidence += confidence;
    if (outcome === 'right') bin.right++;
  }
  return bins;
}

/** Bins of several runs as of one. */
export function sumBins(runs: readonly (readonly Bin[])[]): Bin[] {
  return ENDS.map((from, i) => {
    const same = runs.map((bins) => bins[i]!);
    const sum = (of: (bin: Bin) => number) => same.reduce((all, bin) => all + of(bin), 0);
    return {
      from,
      links: sum((bin) => bin.links),
      right: sum((bin) => bin.right),
      confidence: sum((bin) => bin.confidence),
    };
  });
}

/**
 * Expected calibration error (Naeini et al., 2015): mean distance between confidence and share of right links, weighted by links.
 * @returns 0..1; 0 when there are no links
 */
export function calibrationError(bins: readonly Bin[]): number {
  const all = bins.reduce((sum, bin) => sum + bin.links, 0);
  if (all === 0) return 0;
  return bins.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.right), 0) / all;
}
