import type { SpanId, SpanJson, TraceId } from '@weft/model';
import type { Sighting } from './match.ts';
import type { Truth } from './truth.ts';
import type { Verdict } from './verdict.ts';

/** Why a trace is not exactly right; a trace counts under each that applies. */
export type Defect =
  | 'unseen span'
  | 'wrong link'
  | 'missing link'
  | 'repeated span'
  | 'foreign span'
  | 'nameless span'
  | 'split trace id';

/** Top of each span's chain of parents; a chain that leaves the set ends at its last known span. */
function tops(sighting: Sighting): Map<SpanId, SpanId> {
  const known = new Map<SpanId, SpanId>();
  for (const start of sighting.spans.values()) {
    const path: SpanId[] = [];
    const onPath = new Set<SpanId>();
    let at: SpanJson = start;
    let top = known.get(at.spanId);
    while (top === undefined) {
      path.push(at.spanId);
      onPath.add(at.spanId);
      const above = at.parentSpanId === null ? undefined : sighting.spans.get(at.parentSpanId);
      if (above === undefined || onPath.has(above.spanId)) top = at.spanId;
      else {
        at = above;
        top = known.get(at.spanId);
      }
    }
    for (const id of path) known.set(id, top);
  }
  return known;
}

function grouped<K>(spans: Iterable<SpanJson>, key: (span: SpanJson) => K): Map<K, SpanJson[]> {
  const groups = new Map<K, SpanJson[]>();
  for (const span of spans) {
    const group = groups.get(key(span));
    if (group === undefined) groups.set(key(span), [span]);
    else group.push(span);
  }
  return groups;
}

/**
 * Compares whole traces. A trace is exactly right when each of its calls was seen once at both ends, all links
 * are right, its spans share a trace id that no other span has, and nothing else hangs in it.
 * @param allowNameless spans without any call's id may hang in a trace (logins, pings)
 * @returns the defects of each counted root call; none: exactly right
 */
export function judgeTraces(
  truth: Truth,
  sighting: Sighting,
  verdicts: readonly Verdict[],
  allowNameless: boolean,
): Map<string, Set<Defect>> {
  const bad = new Map<string, Verdict[]>();
  for (const one of verdicts) {
    if (one.outcome !== 'right') bad.set(one.call, [...(bad.get(one.call) ?? []), one]);
  }
  const top = tops(sighting);
  const byTop = grouped(sighting.spans.values(), (span) => top.get(span.spanId) ?? span.spanId);
  const byTraceId = grouped<TraceId>(sighting.spans.values(), (span) => span.traceId);

  const result = new Map<string, Set<Defect>>();
  for (const [root, calls] of truth.trees) {
    const defects = new Set<Defect>();
    result.set(root, defects);
    const traceIds = new Set<TraceId>();
    for (const call of calls) {
      const seen = sighting.calls.get(call);
      if (seen === undefined || seen.client.length === 0 || seen.server.length === 0)
        defects.add('unseen span');
      if (seen !== undefined && (seen.client.length > 1 || seen.server.length > 1))
        defects.add('repeated span');
      for (const one of bad.get(call) ?? []) {
        if (one.span !== null) defects.add(one.outcome === 'wrong' ? 'wrong link' : 'missing link');
      }
      for (const span of seen === undefined ? [] : [...seen.client, ...seen.server, ...seen.others]) {
        traceIds.add(span.traceId);
      }
    }
    if (traceIds.size > 1) defects.add('split trace id');
    const rootSpan = sighting.calls.get(root)?.client[0];
    const members = rootSpan === undefined ? [] : (byTop.get(rootSpan.spanId) ?? []);
    for (const group of [members, ...[...traceIds].map((id) => byTraceId.get(id) ?? [])]) {
      for (const span of group) {
        const call = sighting.callOf.get(span.spanId);
        if (call === undefined) {
          if (!allowNameless) defects.add('nameless span');
        } else if (truth.calls.get(call)?.root !== root) defects.add('foreign span');
      }
    }
  }
  return result;
}
