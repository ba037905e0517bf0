import type { HashKey } from '@weft/model';
import type { CarriedIds, RequestId } from '../protocol.ts';
import { parseB3Single, parseB3SpanId, parseB3TraceId } from './b3.ts';
import { requestIdOf } from './request-ids.ts';
import { parseUber } from './uber.ts';
import {
  datadogUpperHalf,
  parseAmazon,
  parseAnyText,
  parseDatadogParentId,
  parseDatadogTraceId,
  parseEagleEye,
  parseNamelessTraceId,
  parseSkywalking,
  parseSofa,
} from './vendors.ts';
import { parseTraceparent } from './w3c.ts';

/** Ids with the rank of the header that gave them: a better header replaces, an equal one completes. */
export interface RankedIds {
  readonly traceId: string | null;
  readonly spanId: string | null;
  readonly original: string | undefined;
  readonly rank: number;
  /** Datadog's upper half of the trace id. */
  readonly upper: string | null;
  readonly requestIds: readonly RequestId[];
}

const NOTHING: RankedIds = {
  traceId: null,
  spanId: null,
  original: undefined,
  rank: 0,
  upper: null,
  requestIds: [],
};
/** Request ids of one message; more say nothing more. */
const MOST_REQUEST_IDS = 4;

/** Names (lower case) of the headers and properties that this module reads. */
export const CARRIER_NAMES = [
  'traceparent',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'uber-trace-id',
  'sw8',
  'sw6',
  'x-datadog-trace-id',
  'x-datadog-parent-id',
  'x-datadog-tags',
  'x-amzn-trace-id',
  'sofa-traceid',
  'sofatraceid',
  'rpc_trace_context.sofatraceid',
  'traceid',
  'eagleeye-traceid',
  'x-request-id',
  'x-correlation-id',
  'x-bfe-log-id',
  'stgw-request-id',
  'x-blb-request-id',
] as const;
export type CarrierName = (typeof CARRIER_NAMES)[number];

/** Which carrier wins where a request has several: the standard first; 0: it names a request, no trace. */
const RANKS: Readonly<Record<CarrierName, number>> = {
  traceparent: 10,
  b3: 9,
  'x-b3-traceid': 8,
  'x-b3-spanid': 8,
  'uber-trace-id': 7,
  sw8: 6,
  sw6: 5,
  'x-datadog-trace-id': 4,
  'x-datadog-parent-id': 4,
  'x-datadog-tags': 4,
  'x-amzn-trace-id': 3,
  'sofa-traceid': 3,
  sofatraceid: 3,
  'rpc_trace_context.sofatraceid': 3,
  traceid: 2,
  'eagleeye-traceid': 1,
  'x-request-id': 0,
  'x-correlation-id': 0,
  'x-bfe-log-id': 0,
  'stgw-request-id': 0,
  'x-blb-request-id': 0,
};

/**
 * Ids of a trace in one header or property of any protocol.
 * @param name lower case; names that carry nothing give null
 * @param value as on the wire, without surrounding white space
 */
export function carriedIn(name: string, value: string): CarriedIds | null {
  switch (name) {
    case 'traceparent':
      return parseTraceparent(value);
    case 'b3':
      return parseB3Single(value);
    case 'x-b3-traceid':
      return parseB3TraceId(value);
    case 'x-b3-spanid':
      return parseB3SpanId(value);
    case 'uber-trace-id':
      return parseUber(value);
    case 'sw8':
    case 'sw6':
      return parseSkywalking(value);
    case 'x-datadog-trace-id':
      return parseDatadogTraceId(value);
    case 'x-datadog-parent-id':
      return parseDatadogParentId(value);
    case 'x-amzn-trace-id':
      return parseAmazon(value);
    case 'sofa-traceid':
    case 'sofatraceid':
    case 'rpc_trace_context.sofatraceid':
      return parseSofa(value);
    case 'traceid':
      return parseNamelessTraceId(value);
    case 'eagleeye-traceid':
      return parseEagleEye(value);
    default:
      return null;
  }
}

/**
 * Adds what one header carries to what the message's earlier headers gave.
 * @param best of the earlier headers, null at first
 * @param key with which request ids are hashed; all hosts need the same
 */
export function addCarried(
  best: RankedIds | null,
  name: CarrierName,
  value: string,
  key?: HashKey,
): RankedIds | null {
  const rank = RANKS[name];
  if (rank === 0) return addRequestId(best, name, value, key);
  if (best !== null && best.rank > rank) return addOriginal(best, name, value);
  if (name === 'x-datadog-tags') {
    const upper = datadogUpperHalf(value);
    return upper === null ? best : { ...(best ?? NOTHING), upper };
  }
  const ids = carriedIn(name, value);
  if (ids === null) return best;
  const before = best ?? NOTHING;
  const { upper, requestIds } = before;
  if (before.rank < rank) {
    const original = ids.original ?? before.original;
    return { traceId: ids.traceId, spanId: ids.spanId, original, rank, upper, requestIds };
  }
  return {
    traceId: before.traceId ?? ids.traceId,
    spanId: before.spanId ?? ids.spanId,
    original: before.original ?? ids.original,
    rank,
    upper,
    requestIds,
  };
}

/** A trace id that is its vendor's own text is shown as such, though another one joins. */
function addOriginal(best: RankedIds, name: CarrierName, value: string): RankedIds {
  if (best.original !== undefined) return best;
  const original = carriedIn(name, value)?.original;
  return original === undefined ? best : { ...best, original };
}

/** Wins over all that has a name of its own: somebody has said that this is the one. */
const ASKED_RANK = 9;

/** As `addCarried`, for a header of any name that holds a trace id: as some tracer writes it, else any text. */
export function addTraceId(best: RankedIds | null, value: string): RankedIds | null {
  const before = best ?? NOTHING;
  if (before.rank >= ASKED_RANK) return best;
  const ids = parseTraceparent(value) ?? parseUber(value) ?? parseB3Single(value) ?? parseAnyText(value);
  if (ids === null) return best;
  return { ...before, traceId: ids.traceId, spanId: ids.spanId, original: ids.original, rank: ASKED_RANK };
}

/** As `addCarried`, for a header of any name that holds a request id. @param name lower case */
export function addRequestId(
  best: RankedIds | null,
  name: string,
  value: string,
  key?: HashKey,
): RankedIds | null {
  const before = best ?? NOTHING;
  if (before.requestIds.length >= MOST_REQUEST_IDS) return best;
  const id = requestIdOf(name, value, key);
  if (id === null || before.requestIds.some((known) => known.hash === id.hash)) return best;
  return { ...before, requestIds: [...before.requestIds, id] };
}

/** What a message carries, once all its headers are read: null without a trace id and without a request id. */
export function settleCarried(best: RankedIds | null): CarriedIds | null {
  if (best === null) return null;
  const { rank, upper, spanId, requestIds } = best;
  let { traceId } = best;
  if (traceId !== null && upper !== null && rank === RANKS['x-datadog-trace-id']) {
    traceId = upper + traceId.slice(16);
  }
  const { original } = best;
  if (requestIds.length === 0) {
    if (traceId === null) return null;
    return original === undefined ? { traceId, spanId } : { traceId, spanId, original };
  }
  if (traceId === null) return { traceId, spanId: null, requestIds };
  return original === undefined ? { traceId, spanId, requestIds } : { traceId, spanId, original, requestIds };
}
