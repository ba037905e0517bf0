import {
  type Attributes,
  type Epoch,
  type Evidence,
  type ExchangeKey,
  type Link,
  nanos,
  type SpanId,
  type SpanJson,
  type SpanRecord,
  type TraceCompleteness,
  type TraceId,
  type TraceJson,
  toUnixNanos,
} from '@weft/model';
import type { IdLink, WovenSpan, WovenTrace } from './weave.ts';

/**
 * A span as the API shows it: with its place in the trace.
 * @param caller its parent, if that is known
 */
export function spanJson(
  traceId: TraceId,
  woven: WovenSpan,
  record: SpanRecord,
  caller: SpanRecord | undefined,
  epoch: Epoch,
): SpanJson {
  return {
    traceId,
    spanId: record.spanId,
    parentSpanId: woven.parentSpanId,
    name: record.name,
    kind: record.kind,
    observationPoint: record.observationPoint,
    service: record.service,
    startTimeUnixNano: toUnixNanos(epoch, record.start).toString(),
    durationNano: Math.round(record.duration).toString(),
    status: record.status,
    attributes: isBehindUntraced(woven) ? behindUntraced(record.attributes, caller) : record.attributes,
    links: decidedLinks(record, woven),
  };
}

/** Its parent is the call on the other side of something that is not traced. */
export function isBehindUntraced({ parentSpanId, idLinks }: WovenSpan): boolean {
  return idLinks[0]?.spanId === parentSpanId;
}

/** What lies between a request and the call that it came from is not traced; where the call went is all that is known of it. */
function behindUntraced(attributes: Attributes, caller: SpanRecord | undefined): Attributes {
  const address = caller?.attributes['network.peer.address'];
  const port = caller?.attributes['network.peer.port'];
  if (typeof address !== 'string') return { ...attributes, 'weft.untraced': true };
  const host = address.includes(':') ? `[${address}]` : address;
  return {
    ...attributes,
    'weft.untraced': true,
    'weft.untraced.address': port === undefined ? host : `${host}:${port}`,
  };
}

/** The host's links with the decision of assembly: the link to the parent is the chosen one, and no other. */
function decidedLinks(record: SpanRecord, woven: WovenSpan): Link[] {
  const parent = woven.parentSpanId;
  const at = record.links.findIndex((link) => link.spanId === parent);
  const links: Link[] = record.links.map((link, index) => ({ ...link, chosen: index === at }));
  for (const link of woven.idLinks) links.push(idLink(link, link.spanId === parent));
  if (parent === null || !woven.byExchange) return links;
  const evidence = sameMessage(record.exchangeKey);
  if (at < 0) return [...links, exchangeLink(parent, [evidence])];
  if (links[at]!.evidence.some((known) => known.kind === 'tcp-seq')) return links;
  return links.map((link, index) =>
    index === at ? exchangeLink(parent, [evidence, ...link.evidence]) : link,
  );
}

function idLink({ spanId, shared, id, confidence }: IdLink, chosen: boolean): Link {
  const evidence: Evidence =
    shared === 'trace'
      ? { kind: 'trace-context', key: `trace ${id}`, confidence }
      : shared === 'context'
        ? { kind: 'trace-context', key: `trace and span #${id}`, confidence }
        : { kind: 'carried-id', key: `request id #${id}`, confidence };
  return { spanId, evidence: [evidence], confidence, chosen };
}

function sameMessage(exchange: ExchangeKey): Evidence {
  return { kind: 'tcp-seq', key: `exchange ${exchange}`, confidence: 1 };
}

function exchangeLink(spanId: SpanId, evidence: readonly Evidence[]): Link {
  return { spanId, evidence, confidence: 1, chosen: true };
}

/** What is known of a trace beside its spans. */
export interface TraceFacts {
  readonly truncated: boolean;
  readonly settled: boolean;
  readonly lost: Readonly<Record<string, number>>;
}

/**
 * A whole trace as the API shows it.
 * @param records the spans by id; ones that are missing are left out (they were deleted meanwhile)
 */
export function traceJson(
  trace: WovenTrace,
  records: ReadonlyMap<SpanId, SpanRecord>,
  epoch: Epoch,
  facts: TraceFacts,
): TraceJson {
  const spans: SpanJson[] = [];
  let incomplete = 0;
  for (const woven of trace.spans) {
    const record = records.get(woven.node.spanId);
    if (record === undefined) continue;
    if (record.attributes['weft.incomplete'] === true) incomplete++;
    const caller = woven.parentSpanId === null ? undefined : records.get(woven.parentSpanId);
    spans.push(spanJson(trace.traceId, woven, record, caller, epoch));
  }
  const completeness: TraceCompleteness = {
    linked: Math.round((trace.linked / trace.spans.length) * 10_000) / 10_000,
    incomplete,
    lost: facts.lost,
  };
  return {
    traceId: trace.traceId,
    spans,
    truncated: facts.truncated,
    settled: facts.settled,
    completeness,
  };
}

/** Unix time of a trace's end. */
export function traceEnd(trace: WovenTrace, epoch: Epoch): bigint {
  return toUnixNanos(epoch, nanos(trace.end));
}
