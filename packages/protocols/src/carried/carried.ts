import type { CarriedIds } from '../protocol.ts';
import { parseB3Single, parseB3SpanId, parseB3TraceId } from './b3.ts';
import { parseUber } from './uber.ts';
import { parseTraceparent } from './w3c.ts';

/** Ids with the rank of the header that gave them: a better header replaces, an equal one completes. */
export interface RankedIds extends CarriedIds {
  readonly rank: number;
}

/** Names (lower case) of the headers and properties that this module reads. */
export const CARRIER_NAMES = ['traceparent', 'b3', 'x-b3-traceid', 'x-b3-spanid', 'uber-trace-id'] as const;
export type CarrierName = (typeof CARRIER_NAMES)[number];

/** Which carrier wins where a request has several: the standard first. */
const RANKS: Readonly<Record<CarrierName, number>> = {
  traceparent: 4,
  b3: 3,
  'x-b3-traceid': 2,
  'x-b3-spanid': 2,
  'uber-trace-id': 1,
};

/**
 * Ids in one header or property of any protocol.
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
    default:
      return null;
  }
}

/**
 * Adds what one header carries to what the message's earlier headers gave.
 * @param best of the earlier headers, null at first
 */
export function addCarried(best: RankedIds | null, name: CarrierName, value: string): RankedIds | null {
  const rank = RANKS[name];
  if (best !== null && best.rank > rank) return best;
  const ids = carriedIn(name, value);
  if (ids === null) return best;
  if (best === null || best.rank < rank) return { traceId: ids.traceId, spanId: ids.spanId, rank };
  return { traceId: best.traceId ?? ids.traceId, spanId: best.spanId ?? ids.spanId, rank };
}

/** What a message carries, once all its headers are read: null without a trace id. */
export function settleCarried(best: RankedIds | null): CarriedIds | null {
  return best === null || best.traceId === null ? null : { traceId: best.traceId, spanId: best.spanId };
}
