import type { EvidenceKind, SpanJson } from '@weft/model';
import { type Bin, reliability } from './calibration.ts';
import { matchSpans, type Sighting } from './match.ts';
import { type Defect, judgeTraces } from './traces.ts';
import type { Truth } from './truth.ts';
import { judgeLinks, type Outcome, type Verdict } from './verdict.ts';
import { type Interval, wilson } from './wilson.ts';

export type OutcomeCounts = Readonly<Record<Outcome, number>>;

/** Links whose confidence is at least this are called certain. */
export const CERTAIN = 0.99;

/** How well spans agree with the truth. */
export interface Score {
  /** Counted calls of the truth. */
  readonly calls: number;
  readonly spans: number;
  readonly repeatedRows: number;
  /** Sums over both sides of all counted calls. */
  readonly links: OutcomeCounts;
  /** The same for links over the network and links inside processes apart. */
  readonly bySide: Readonly<Record<Verdict['side'], OutcomeCounts>>;
  /** Links called certain, and how many of them are wrong. */
  readonly certain: { readonly total: number; readonly wrong: number };
  readonly traces: { readonly total: number; readonly exact: number; readonly interval: Interval };
  /** Reason → traces that are not exactly right for it. */
  readonly defects: Readonly<Partial<Record<Defect, number>>>;
  /** Kind of the deciding evidence → outcomes, of links that are there. */
  readonly evidence: Readonly<Partial<Record<EvidenceKind | 'none', OutcomeCounts>>>;
  /** Links inside processes by confidence. */
  readonly reliability: readonly Bin[];
  /** What is wrong with the truth logs; the score is worth nothing unless it is empty. */
  readonly truthProblems: readonly string[];
}

/** A score with what it was made of, for explanations. */
export interface ScoredSpans {
  readonly score: Score;
  readonly verdicts: readonly Verdict[];
  readonly sighting: Sighting;
}

function tally(verdicts: readonly Verdict[]): OutcomeCounts {
  const counts = { right: 0, wrong: 0, missing: 0 };
  for (const one of verdicts) counts[one.outcome]++;
  return counts;
}

/**
 * Compares spans with the truth (DESIGN §9). The denominators are the truth's alone.
 * @param allowNameless see `judgeTraces`
 */
export function scoreSpans(truth: Truth, spans: Iterable<SpanJson>, allowNameless = false): ScoredSpans {
  const sighting = matchSpans(spans, (id) => truth.calls.has(id));
  const verdicts = judgeLinks(truth, sighting);
  const traces = judgeTraces(truth, sighting, verdicts, allowNameless);

  const defects: Partial<Record<Defect, number>> = {};
  let exact = 0;
  for (const found of traces.values()) {
    if (found.size === 0) exact++;
    for (const defect of found) defects[defect] = (defects[defect] ?? 0) + 1;
  }

  const linked = verdicts.filter((one) => one.span !== null && one.span.parentSpanId !== null);
  const evidence: Partial<Record<EvidenceKind | 'none', OutcomeCounts>> = {};
  for (const kind of new Set(linked.map((one) => one.evidence))) {
    evidence[kind] = tally(linked.filter((one) => one.evidence === kind));
  }
  const certain = linked.filter((one) => one.confidence >= CERTAIN);
  let calls = 0;
  for (const tree of truth.trees.values()) calls += tree.length;

  const score: Score = {
    calls,
    spans: sighting.spans.size,
    repeatedRows: sighting.repeatedRows,
    links: tally(verdicts),
    bySide: {
      server: tally(verdicts.filter((one) => one.side === 'server')),
      client: tally(verdicts.filter((one) => one.side === 'client')),
    },
    certain: { total: certain.length, wrong: certain.filter((one) => one.outcome === 'wrong').length },
    traces: { total: traces.size, exact, interval: wilson(exact, traces.size) },
    defects,
    evidence,
    reliability: reliability(verdicts),
    truthProblems: truth.problems,
  };
  return { score, verdicts, sighting };
}
