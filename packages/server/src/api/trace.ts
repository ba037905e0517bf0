import type { ExchangeKey, SpanId, TraceId } from '@weft/model';
import {
  type Epoch,
  epoch,
  nanos,
  parseSpanId,
  parseTraceId,
  type TraceJson,
  toUnixNanos,
} from '@weft/model';
import { findLinked, lostBetween, readSpans, type SpanNode, type Store } from '@weft/store';
import { Collection } from '../assembly/collect.ts';
import { traceEnd, traceJson } from '../assembly/trace-json.ts';
import { weave } from '../assembly/weave.ts';
import { nowNanos, type ServerContext } from '../context.ts';
import { HttpError } from '../http/http-error.ts';
import { onlyKnown } from '../http/parameters.ts';

/** A trace is read up to so many spans. */
const MAX_SPANS = 20_000;

/**
 * `GET /api/v1/traces/{id}`: the whole trace that an id belongs to: its trace id, the exchange key of any of its
 * spans, a trace id that any of them carried, or (16 digits) the id of a span.
 */
export async function trace(context: ServerContext, query: URLSearchParams, id: string): Promise<TraceJson> {
  onlyKnown(query, []);
  const traceId = parseTraceId(id);
  const spanId = parseSpanId(id);
  if (traceId === null && spanId === null) {
    throw new HttpError(400, 'A trace id has 32 hexadecimal digits, a span id 16: check the id.');
  }
  const origin = epoch(nowNanos());
  const seeds = await findSeeds(context.store, traceId, spanId, origin);
  if (seeds.length === 0) {
    throw new HttpError(
      404,
      `No trace ${id.toLowerCase()}: it was never seen, or is older than what is kept.`,
    );
  }
  const collection = new Collection(context.store, origin, MAX_SPANS);
  await collection.add(seeds);
  const wanted = new Set(seeds.map((seed) => seed.spanId));
  const found = weave([...collection.nodes.values()], collection.common).filter((one) =>
    one.spans.some((span) => wanted.has(span.node.spanId)),
  );
  const whole = found.find((one) => one.traceId === traceId) ?? found[0]!;
  const end = traceEnd(whole, origin);
  const [spans, lost] = await Promise.all([
    readSpans(
      context.store,
      whole.spans.map((span) => span.node),
      origin,
    ),
    lostBetween(context.store, toUnixNanos(origin, nanos(whole.start)), end),
  ]);
  const records = new Map([...spans].map(([key, span]) => [key, span.record]));
  return traceJson(whole, records, origin, {
    truncated: whole.spans.some((span) => collection.unexplored.has(span.node.spanId)),
    settled: context.agents.settledUntil(Date.now()) > end,
    lost,
  });
}

async function findSeeds(
  store: Store,
  traceId: TraceId | null,
  spanId: SpanId | null,
  origin: Epoch,
): Promise<SpanNode[]> {
  const keys = {
    spans: spanId === null ? [] : [spanId],
    parents: [],
    exchanges: traceId === null ? [] : [traceId as string as ExchangeKey],
    carried: traceId === null ? [] : [traceId],
  };
  const nodes = await findLinked(store, keys, origin, MAX_SPANS);
  return nodes.filter(
    (node) =>
      node.spanId === spanId || (node.exchangeKey as string) === traceId || node.carriedTraceId === traceId,
  );
}
