import type { EvidenceKind, Link, ObservationPoint, SpanId, SpanJson, TraceId, TraceJson } from '@weft/model';

/** Traces for tests, as the API gives them. */

const EPOCH = 1_760_000_000_000_000_000n;

export interface Sketch {
  readonly id: number;
  /** Id of the parent; null: none. It must come before. */
  readonly parent: number | null;
  readonly service: string;
  readonly from: number;
  readonly to: number;
  readonly point?: ObservationPoint;
  /** Of the link to the parent; default `unit`. */
  readonly evidence?: EvidenceKind;
  readonly more?: Partial<SpanJson>;
}

export function spanId(number: number): SpanId {
  return number.toString(16).padStart(16, '0') as SpanId;
}

export function makeSpan({ id, parent, service, from, to, point, evidence, more }: Sketch): SpanJson {
  const links: Link[] =
    parent === null
      ? []
      : [
          {
            spanId: spanId(parent),
            confidence: 1,
            chosen: true,
            evidence: [{ kind: evidence ?? 'unit', key: 'thread 1', confidence: 1 }],
          },
        ];
  return {
    traceId: 'a'.repeat(32) as TraceId,
    spanId: spanId(id),
    parentSpanId: parent === null ? null : spanId(parent),
    name: `GET /${service}`,
    kind: (point ?? 'server-process').startsWith('client') ? 'client' : 'server',
    observationPoint: point ?? 'server-process',
    service,
    startTimeUnixNano: String(EPOCH + BigInt(from)),
    durationNano: String(to - from),
    status: 'ok',
    attributes: {},
    links,
    ...more,
  };
}

export function makeTrace(spans: readonly SpanJson[]): TraceJson {
  return {
    traceId: 'a'.repeat(32) as TraceId,
    spans,
    truncated: false,
    settled: true,
    completeness: { linked: 1, incomplete: 0, lost: {} },
  };
}

/** Both ends of a request: ids `id` (client) and `id + 1` (server). */
export function exchange(
  id: number,
  parent: number | null,
  client: string,
  server: string,
  outer: readonly [from: number, to: number],
  inner: readonly [from: number, to: number],
): SpanJson[] {
  return [
    makeSpan({ id, parent, service: client, from: outer[0], to: outer[1], point: 'client-process' }),
    makeSpan({
      id: id + 1,
      parent: id,
      service: server,
      from: inner[0],
      to: inner[1],
      point: 'server-process',
      evidence: 'tcp-seq',
    }),
  ];
}

/** load → shop → (stock, then pay), 1000 ns. */
export const SHOP = makeTrace([
  ...exchange(1, null, 'load', 'shop', [0, 1000], [50, 950]),
  ...exchange(3, 2, 'shop', 'stock', [100, 300], [120, 280]),
  ...exchange(5, 2, 'shop', 'pay', [400, 900], [420, 620]),
]);
