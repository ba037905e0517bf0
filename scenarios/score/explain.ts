import type { SpanJson } from '@weft/model';
import type { ScoredSpans } from './score.ts';
import type { Truth } from './truth.ts';

function describe(span: SpanJson | undefined): string {
  if (span === undefined) return 'unseen';
  const { attributes } = span;
  const where = `${span.service} pid ${attributes['process.pid'] ?? '?'} tid ${attributes['thread.id'] ?? '?'}`;
  return `${span.spanId} ${span.observationPoint} ${where} ${attributes['url.path'] ?? span.name} at ${span.startTimeUnixNano} for ${span.durationNano} ns`;
}

/** Readable paragraphs about the first links that are not right, one each, wrong ones first. */
export function explain(truth: Truth, scored: ScoredSpans, limit: number): string[] {
  const { verdicts, sighting } = scored;
  const bad = [
    ...verdicts.filter((one) => one.outcome === 'wrong'),
    ...verdicts.filter((one) => one.outcome === 'missing'),
  ];
  return bad.slice(0, limit).map((one) => {
    const call = truth.calls.get(one.call);
    const wanted =
      one.side === 'server'
        ? sighting.calls.get(one.call)?.client[0]
        : call?.parent == null
          ? undefined
          : sighting.calls.get(call.parent)?.server[0];
    const lines = [
      `${one.outcome}: ${one.side} link of call ${one.call} (root ${call?.root}): ${one.reason}`,
      `  span    ${describe(one.span ?? undefined)}`,
      `  wanted  ${call?.parent === null && one.side === 'client' ? 'no parent' : describe(wanted)}`,
    ];
    const got = one.span?.parentSpanId;
    if (got != null) {
      lines.push(`  got     ${describe(sighting.spans.get(got))} by ${one.evidence} (${one.confidence})`);
    }
    for (const link of one.span?.links ?? []) {
      const why = link.evidence.map((item) => `${item.kind} ${item.key} ${item.confidence}`).join('; ');
      lines.push(`  ${link.chosen ? 'chosen' : 'other '}  ${link.spanId} ${link.confidence}: ${why}`);
    }
    return lines.join('\n');
  });
}
