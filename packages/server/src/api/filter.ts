import type { SpanFilter } from '@weft/store';
import { nowNanos } from '../context.ts';
import { duration, status, terms, text, timeWindow } from '../http/parameters.ts';

/** Parameters of `readFilter` and of paging. */
export const FILTER_PARAMETERS = [
  'from',
  'to',
  'service',
  'endpoint',
  'status',
  'minDuration',
  'q',
  'limit',
  'cursor',
] as const;

/** The conditions of a listing. */
export function readFilter(query: URLSearchParams): SpanFilter {
  return {
    ...timeWindow(query, nowNanos()),
    service: text(query, 'service'),
    endpoint: text(query, 'endpoint'),
    status: status(query),
    minDuration: duration(query, 'minDuration'),
    attributes: terms(query),
  };
}
