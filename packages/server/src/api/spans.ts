import { epoch, type SpanId, type SpanJson, toUnixNanos } from '@weft/model';
import { readSpans, searchSpans } from '@weft/store';
import { Collection } from '../assembly/collect.ts';
import { isBehindUntraced, spanJson } from '../assembly/trace-json.ts';
import { type WovenSpan, type WovenTrace, weave } from '../assembly/weave.ts';
import { nowNanos, type ServerContext } from '../context.ts';
import { decodeCursor, encodeCursor, limit, onlyKnown } from '../http/parameters.ts';
import { FILTER_PARAMETERS, readFilter } from './filter.ts';

const MAX_COLLECTED = 200_000;
const CURSOR = [/^\d{1,19}$/, /^[0-9a-f]{16}$/];

/** `GET /api/v1/spans`: spans that match, latest first, each with the trace it belongs to and its parent there. */
export async function spans(context: ServerContext, query: URLSearchParams): Promise<unknown> {
  onlyKnown(query, FILTER_PARAMETERS);
  const origin = epoch(nowNanos());
  const cursor = decodeCursor(query, CURSOR);
  const after = cursor === null ? null : { start: BigInt(cursor[0]!), spanId: cursor[1]! as SpanId };
  const size = limit(query);
  const hits = await searchSpans(context.store, readFilter(query), after, size, origin);
  const last = hits[hits.length - 1];
  if (last === undefined) return { spans: [], nextCursor: null };
  const collection = new Collection(context.store, origin, MAX_COLLECTED);
  const [records] = await Promise.all([readSpans(context.store, hits, origin), collection.add(hits)]);
  const places = new Map<SpanId, readonly [WovenTrace, WovenSpan]>();
  for (const trace of weave([...collection.nodes.values()], collection.common)) {
    for (const span of trace.spans) places.set(span.node.spanId, [trace, span]);
  }
  const callers = await readSpans(
    context.store,
    hits.flatMap(({ spanId }) => {
      const place = places.get(spanId);
      const caller =
        place !== undefined && isBehindUntraced(place[1]) ? place[1].idLinks[0]!.spanId : undefined;
      const node = caller === undefined ? undefined : collection.nodes.get(caller);
      return node === undefined ? [] : [node];
    }),
    origin,
  );
  const found: SpanJson[] = [];
  for (const spanId of new Set(hits.map((hit) => hit.spanId))) {
    const place = places.get(spanId);
    const span = records.get(spanId);
    if (place !== undefined && span !== undefined) {
      const caller = callers.get(place[1].parentSpanId ?? spanId)?.record;
      found.push(spanJson(place[0].traceId, place[1], span.record, caller, origin));
    }
  }
  const next = [toUnixNanos(origin, last.start).toString(), last.spanId];
  return { spans: found, nextCursor: hits.length < size ? null : encodeCursor(next) };
}
