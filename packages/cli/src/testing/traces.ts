import type { Attributes, Link, SpanId, SpanJson, TraceId, TraceJson } from '@weft/model';

/** Traces for tests of what the terminal shows. */

const EPOCH = 1_700_000_000_000_000_000n;

export interface SpanSketch {
  readonly id: number;
  readonly parent: number | null;
  readonly service: string;
  readonly name: string;
  readonly kind: 'server' | 'client';
  /** Milliseconds after the trace's start. */
  readonly from: number;
  readonly to: number;
  readonly evidence?: string;
  readonly confidence?: number;
  readonly chosen?: boolean;
  readonly attributes?: Attributes;
  readonly status?: 'ok' | 'error' | 'unset';
}

/** A span id with that number. */
export function spanId(number: number): SpanId {
  return number.toString(16).padStart(16, '0') as SpanId;
}

export function makeSpan(sketch: SpanSketch): SpanJson {
  const links: Link[] = [];
  if (sketch.evidence !== undefined) {
    const confidence = sketch.confidence ?? 1;
    const evidence = [{ kind: sketch.evidence as 'unit', key: 'k', confidence }];
    links.push({ spanId: spanId(sketch.parent ?? 99), evidence, confidence, chosen: sketch.chosen ?? true });
  }
  return {
    traceId: 'a'.repeat(32) as TraceId,
    spanId: spanId(sketch.id),
    parentSpanId: sketch.parent === null ? null : spanId(sketch.parent),
    name: sketch.name,
    kind: sketch.kind,
    observationPoint: sketch.kind === 'server' ? 'server-process' : 'client-process',
    service: sketch.service,
    startTimeUnixNano: String(EPOCH + BigInt(sketch.from * 1e6)),
    durationNano: String((sketch.to - sketch.from) * 1e6),
    status: sketch.status ?? 'ok',
    attributes: sketch.attributes ?? { 'http.response.status_code': 200 },
    links,
  };
}

export function makeTrace(spans: readonly SpanJson[], more: Partial<TraceJson> = {}): TraceJson {
  return {
    traceId: 'a'.repeat(32) as TraceId,
    spans,
    truncated: false,
    settled: true,
    completeness: { linked: 1, incomplete: 0, lost: {} },
    ...more,
  };
}

/** nginx → shop → (stock, redis), 20 ms. */
export const SHOP = makeTrace([
  makeSpan({
    id: 1,
    parent: null,
    service: 'nginx',
    name: 'GET /shop/{id}',
    kind: 'server',
    from: 0,
    to: 20,
  }),
  makeSpan({
    id: 2,
    parent: 1,
    service: 'nginx',
    name: 'GET /shop/{id}',
    kind: 'client',
    from: 1,
    to: 19,
    evidence: 'socket-origin',
    confidence: 0.95,
  }),
  makeSpan({
    id: 3,
    parent: 2,
    service: 'shop',
    name: 'GET /shop/{id}',
    kind: 'server',
    from: 2,
    to: 18,
    evidence: 'tcp-seq',
  }),
  makeSpan({
    id: 4,
    parent: 3,
    service: 'shop',
    name: 'GET /stock',
    kind: 'client',
    from: 3,
    to: 9,
    evidence: 'unit',
  }),
  makeSpan({
    id: 5,
    parent: 4,
    service: 'stock',
    name: 'GET /stock',
    kind: 'server',
    from: 4,
    to: 8,
    evidence: 'tcp-seq',
    status: 'error',
    attributes: { 'http.response.status_code': 500 },
  }),
  makeSpan({
    id: 6,
    parent: 3,
    service: 'shop',
    name: 'GET',
    kind: 'client',
    from: 10,
    to: 16,
    evidence: 'socket-return',
    status: 'unset',
    attributes: { 'weft.incomplete': true },
  }),
]);
