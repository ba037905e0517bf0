import type { EvidenceKind, Link, ObservationPoint, SpanId, SpanJson, TraceId } from '@weft/model';
import { barFor, type Cell } from './report.ts';
import { scoreSpans } from './score.ts';
import { readTruth, type Truth } from './truth.ts';

/** Spans that a perfect tracer would give; tests damage them. */
export type MutableSpan = { -readonly [K in keyof SpanJson]: SpanJson[K] };

/** Span id of one end of a call in synthetic spans. */
export function endId(call: string, point: 'client-process' | 'server-process'): SpanId {
  return `${point === 'client-process' ? 'c' : 's'}-${call}` as SpanId;
}

/** A link with one piece of evidence. */
export function link(to: SpanId, kind: EvidenceKind, confidence: number): Link {
  return { spanId: to, evidence: [{ kind, key: 'k', confidence }], confidence, chosen: true };
}

/** A span at one end of a call. */
export function span(
  call: string,
  point: ObservationPoint,
  id: SpanId,
  parent: SpanId | null,
  traceId: string,
  links: readonly Link[],
): MutableSpan {
  return {
    traceId: traceId as TraceId,
    spanId: id,
    parentSpanId: parent,
    name: 'GET /work/{id}',
    kind: point === 'client-process' ? 'client' : 'server',
    observationPoint: point,
    service: 'any',
    startTimeUnixNano: '1000',
    durationNano: '10',
    status: 'ok',
    attributes: { 'url.path': `/work/${call}`, 'process.pid': 1 },
    links,
  };
}

/** Both spans of every call, rightly linked. */
export function perfectSpans(truth: Truth): Map<SpanId, MutableSpan> {
  const spans = new Map<SpanId, MutableSpan>();
  for (const { call, parent, root } of truth.calls.values()) {
    const clientId = endId(call, 'client-process');
    const serverId = endId(call, 'server-process');
    const above = parent === null ? null : endId(parent, 'server-process');
    const links = above === null ? [] : [link(above, 'unit', 0.995)];
    spans.set(clientId, span(call, 'client-process', clientId, above, root, links));
    spans.set(
      serverId,
      span(call, 'server-process', serverId, clientId, root, [link(clientId, 'tcp-seq', 1)]),
    );
  }
  return spans;
}

/** A row of the tables: so many requests without further calls, of which so many were not seen. */
export function cellOf(requests: number, unseen: number, concurrency = 8): Cell {
  const text = Array.from({ length: requests }, (_, i) => `{"call":"callid${i}","parent":null}`).join('\n');
  const truth = readTruth([{ name: 'load.jsonl', text }]);
  const { score } = scoreSpans(truth, [...perfectSpans(truth).values()].slice(2 * unseen));
  const shape = { loop: 'closed', concurrency } as const;
  return {
    scenario: 'x-y',
    shape,
    requestsPerSecond: 1,
    errors: 0,
    score,
    lost: {},
    bar: barFor(shape),
    withoutCarriedId: null,
    baselines: { 'same-thread': score, 'last-open': score },
  };
}
