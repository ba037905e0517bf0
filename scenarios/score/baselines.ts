import type { SpanId, SpanJson, TraceId } from '@weft/model';

/**
 * Simple rules to hold Weft's links against; the links over the network are Weft's own, so that what differs is
 * inside processes.
 * - `same-thread`: a call belongs to the request that its thread read last, if that is still open
 * - `last-open`: a call belongs to the request of its process that came last and is still open
 */
export type Baseline = 'same-thread' | 'last-open';

interface Served {
  readonly span: SpanJson;
  readonly start: bigint;
  readonly end: bigint;
}

/** What must be equal of a call and its request. Without a thread's id the rule says nothing of a span. */
function unitOf(span: SpanJson, rule: Baseline): string | null {
  const process = span.attributes['process.pid'];
  if (process === undefined) return null;
  if (rule === 'last-open') return String(process);
  const thread = span.attributes['thread.id'];
  return thread === undefined ? null : `${process} ${thread}`;
}

/** Served requests of each unit, in the order of their coming. */
function servedByUnit(spans: readonly SpanJson[], rule: Baseline): Map<string, Served[]> {
  const units = new Map<string, Served[]>();
  for (const span of spans) {
    const unit = span.observationPoint === 'server-process' ? unitOf(span, rule) : null;
    if (unit === null) continue;
    const start = BigInt(span.startTimeUnixNano);
    const served = { span, start, end: start + BigInt(span.durationNano) };
    const list = units.get(unit);
    if (list === undefined) units.set(unit, [served]);
    else list.push(served);
  }
  for (const list of units.values())
    list.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  return units;
}

/** Index of the last one that had come by then; -1: none. */
function lastBefore(list: readonly Served[], time: bigint): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.start <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function guess(list: readonly Served[], time: bigint, rule: Baseline): SpanId | null {
  let at = lastBefore(list, time);
  // A thread works for what it read last, or for nothing.
  const furthest = rule === 'same-thread' ? at : 0;
  for (; at >= Math.max(furthest, 0); at--) if (list[at]!.end >= time) return list[at]!.span.spanId;
  return null;
}

/** One trace for each root, so that no trace id tells what the rule does not know. */
function withTraceIds(spans: readonly SpanJson[]): SpanJson[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const roots = new Map<SpanId, SpanId>();
  const rootOf = (span: SpanJson): SpanId => {
    const path: SpanId[] = [];
    let current = span;
    let root = roots.get(current.spanId);
    while (root === undefined) {
      path.push(current.spanId);
      const above = current.parentSpanId === null ? undefined : byId.get(current.parentSpanId);
      if (above === undefined || path.includes(above.spanId)) root = current.spanId;
      else {
        current = above;
        root = roots.get(current.spanId);
      }
    }
    for (const id of path) roots.set(id, root);
    return root;
  };
  return spans.map((span) => ({ ...span, traceId: rootOf(span) as string as TraceId }));
}

/** The same spans, with the links inside processes that a simple rule gives. */
export function linkedBy(rule: Baseline, spans: readonly SpanJson[]): SpanJson[] {
  const units = servedByUnit(spans, rule);
  const linked = spans.map((span) => {
    if (span.observationPoint !== 'client-process') return span;
    const unit = unitOf(span, rule);
    const list = unit === null ? undefined : units.get(unit);
    const parentSpanId = list === undefined ? null : guess(list, BigInt(span.startTimeUnixNano), rule);
    return { ...span, parentSpanId, links: [] };
  });
  return withTraceIds(linked);
}
