import { epoch, type SpanId, type TraceListJson } from '@weft/model';
import { nowNanos, type ServerContext } from '../context.ts';
import { decodeCursor, encodeCursor, limit, onlyKnown } from '../http/parameters.ts';
import { FILTER_PARAMETERS, readFilter } from './filter.ts';
import { listTraces, type TraceCursor } from './trace-page.ts';

const CURSOR = [/^\d{1,19}$/, /^[0-9a-f]{32}$/, /^\d{1,19}$/, /^[0-9a-f]{16}$/];

/** `GET /api/v1/traces`: traces of which any span matches, latest first. */
export async function traces(context: ServerContext, query: URLSearchParams): Promise<TraceListJson> {
  onlyKnown(query, FILTER_PARAMETERS);
  const page = await listTraces(
    context.store,
    readFilter(query),
    readCursor(query),
    limit(query),
    epoch(nowNanos()),
  );
  return { traces: page.traces, nextCursor: page.next === null ? null : writeCursor(page.next) };
}

function readCursor(query: URLSearchParams): TraceCursor | null {
  const parts = decodeCursor(query, CURSOR);
  if (parts === null) return null;
  return {
    lastStart: BigInt(parts[0]!),
    lastTraceId: parts[1]!,
    scanAfter: { start: BigInt(parts[2]!), spanId: parts[3]! as SpanId },
  };
}

function writeCursor(cursor: TraceCursor): string {
  const { lastStart, lastTraceId, scanAfter } = cursor;
  return encodeCursor([lastStart.toString(), lastTraceId, scanAfter.start.toString(), scanAfter.spanId]);
}
