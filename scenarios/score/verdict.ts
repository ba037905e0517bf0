import type { EvidenceKind, SpanJson } from '@weft/model';
import type { Sighting } from './match.ts';
import type { Truth, TruthCall } from './truth.ts';

export type Outcome = 'right' | 'wrong' | 'missing';

/**
 * What became of one link that the truth asks for, or that is there though it must not be.
 * - `server`: the call's server-process span to its client-process span (the network)
 * - `client`: the call's client-process span to the server-process span of the call being served (the process)
 */
export interface Verdict {
  readonly call: string;
  readonly side: 'server' | 'client';
  readonly outcome: Outcome;
  /** The span whose parent was judged; null when it was not seen. */
  readonly span: SpanJson | null;
  /** The call to which a wrong link leads; null elsewhere. */
  readonly ledTo: string | null;
  /** Why it is not right; empty when it is. */
  readonly reason: string;
  /** Kind of the evidence that decided. */
  readonly evidence: EvidenceKind | 'none';
  /** Confidence of the chosen link, 0..1. */
  readonly confidence: number;
}

interface Decided {
  readonly evidence: EvidenceKind | 'none';
  readonly confidence: number;
}

/** Kind and confidence of the link that a span's parent stands on. */
export function chosenEvidence(span: SpanJson): Decided {
  if (span.parentSpanId === null) return { evidence: 'none', confidence: 0 };
  const link = span.links.find((candidate) => candidate.chosen);
  if (link === undefined) {
    // Network links come by key from assembly and may be shown by the parent alone.
    return span.observationPoint === 'server-process'
      ? { evidence: 'tcp-seq', confidence: 1 }
      : { evidence: 'none', confidence: 0 };
  }
  const strongest = link.evidence.reduce<{ kind: EvidenceKind | 'none'; confidence: number }>(
    (best, next) => (next.confidence > best.confidence ? next : best),
    { kind: 'none', confidence: -1 },
  );
  return { evidence: strongest.kind, confidence: link.confidence };
}

const LONGEST_CHAIN = 64;

/** First ancestor that is an end of a call (not an interface between, not an inner span). */
function nearestEnd(span: SpanJson, sighting: Sighting): SpanJson | null {
  let at = span;
  for (let step = 0; step < LONGEST_CHAIN && at.parentSpanId !== null; step++) {
    const above = sighting.spans.get(at.parentSpanId);
    if (above === undefined) return null;
    const end = above.observationPoint === 'client-process' || above.observationPoint === 'server-process';
    if (end && sighting.callOf.has(above.spanId)) return above;
    at = above;
  }
  return null;
}

function verdict(
  call: TruthCall,
  side: 'server' | 'client',
  outcome: Outcome,
  span: SpanJson | null,
  reason: string,
  ledTo: string | null = null,
): Verdict {
  const decided: Decided = span === null ? { evidence: 'none', confidence: 0 } : chosenEvidence(span);
  return { call: call.call, side, outcome, span, ledTo, reason, ...decided };
}

function judge(
  call: TruthCall,
  side: 'server' | 'client',
  span: SpanJson | undefined,
  wanted: { readonly call: string; readonly point: 'client-process' | 'server-process' } | null,
  sighting: Sighting,
): Verdict | null {
  if (span === undefined) {
    return wanted === null ? null : verdict(call, side, 'missing', null, `${side} span not seen`);
  }
  if (span.parentSpanId === null) {
    return wanted === null ? null : verdict(call, side, 'missing', span, 'no parent');
  }
  const end = nearestEnd(span, sighting);
  const ledTo = end === null ? null : (sighting.callOf.get(end.spanId) ?? null);
  if (wanted === null) return verdict(call, side, 'wrong', span, 'a root has a parent', ledTo);
  if (end === null) return verdict(call, side, 'missing', span, 'the parent is not among the spans');
  if (ledTo !== wanted.call) return verdict(call, side, 'wrong', span, 'leads to another call', ledTo);
  if (end.observationPoint === wanted.point) return verdict(call, side, 'right', span, '');
  return verdict(
    call,
    side,
    'wrong',
    span,
    `leads to the ${end.observationPoint} span of the right call`,
    ledTo,
  );
}

/** Judges every counted call's links. The truth alone says how many there must be; what was not seen is missing. */
export function judgeLinks(truth: Truth, sighting: Sighting): Verdict[] {
  const verdicts: Verdict[] = [];
  for (const call of truth.calls.values()) {
    if (!call.counted) continue;
    const seen = sighting.calls.get(call.call);
    const server = judge(
      call,
      'server',
      seen?.server[0],
      { call: call.call, point: 'client-process' },
      sighting,
    );
    const served = call.parent === null ? null : { call: call.parent, point: 'server-process' as const };
    const client = judge(call, 'client', seen?.client[0], served, sighting);
    for (const one of [server, client]) if (one !== null) verdicts.push(one);
  }
  return verdicts;
}
