import type { SpanStatus } from '@weft/model';
import { readMatching, writeParameters } from './parameters.ts';

/** The time of a search: up to now, or between two moments (Unix ns, decimal). */
export type TimeRange =
  | { readonly kind: 'last'; readonly minutes: number }
  | { readonly kind: 'between'; readonly from: string; readonly to: string };

/** Everything that the search page shows, as its URL holds it. */
export interface SearchState {
  readonly service: string | null;
  readonly endpoint: string | null;
  readonly status: SpanStatus | null;
  /** Like `10ms`; the server's syntax. */
  readonly minDuration: string | null;
  /** Terms `attribute=value`, apart by spaces. */
  readonly q: string;
  readonly range: TimeRange;
  readonly live: boolean;
  /** The trace that the cursor is on. */
  readonly at: string | null;
}

/** Minutes → how they are written in the URL and shown. */
export const LAST_RANGES: ReadonlyMap<number, string> = new Map([
  [5, '5m'],
  [15, '15m'],
  [60, '1h'],
  [6 * 60, '6h'],
  [24 * 60, '24h'],
  [7 * 24 * 60, '7d'],
]);

export const NO_SEARCH: SearchState = {
  service: null,
  endpoint: null,
  status: null,
  minDuration: null,
  q: '',
  range: { kind: 'last', minutes: 60 },
  live: false,
  at: null,
};

/** What the server takes as a duration (`server/src/http/parameters.ts`). */
export const DURATION = /^\d{1,12}(\.\d{1,9})?(ns|us|µs|ms|s|m|h)$/;
const MOMENT = /^\d{1,19}$/;
const STATUS = /^(ok|error|unset)$/;

/** Reads `?service=…&last=15m`; what is malformed counts as absent. */
export function readSearch(search: string): SearchState {
  const query = new URLSearchParams(search);
  const text = (name: string): string | null => query.get(name) || null;
  return {
    service: text('service'),
    endpoint: text('endpoint'),
    status: readMatching(query, 'status', STATUS) as SpanStatus | null,
    minDuration: readMatching(query, 'minDuration', DURATION),
    q: query.get('q') ?? '',
    range: readRange(query),
    live: query.get('live') === '1',
    at: readMatching(query, 'at', /^[0-9a-f]{32}$/),
  };
}

function readRange(query: URLSearchParams): TimeRange {
  const from = readMatching(query, 'from', MOMENT);
  const to = readMatching(query, 'to', MOMENT);
  if (from !== null && to !== null && BigInt(from) < BigInt(to)) return { kind: 'between', from, to };
  for (const [minutes, text] of LAST_RANGES) if (query.get('last') === text) return { kind: 'last', minutes };
  return NO_SEARCH.range;
}

/** The URL's search part for a state; defaults are left out. */
export function writeSearch(state: SearchState): string {
  const { range } = state;
  const isDefault = range.kind === 'last' && range.minutes === 60;
  return writeParameters([
    ['service', state.service],
    ['endpoint', state.endpoint],
    ['status', state.status],
    ['minDuration', state.minDuration],
    ['q', state.q],
    ['last', range.kind === 'last' && !isDefault ? (LAST_RANGES.get(range.minutes) ?? null) : null],
    ['from', range.kind === 'between' ? range.from : null],
    ['to', range.kind === 'between' ? range.to : null],
    ['live', state.live ? '1' : null],
    ['at', state.at],
  ]);
}

/** The range as the API takes it. @param nowMs Unix ms */
export function queryWindow(range: TimeRange, nowMs: number): { from: string; to: string | null } {
  if (range.kind === 'between') return { from: range.from, to: range.to };
  return { from: String(BigInt(nowMs - range.minutes * 60_000) * 1_000_000n), to: null };
}

/** Whether anything but the time narrows the search. */
export function hasFilter(state: SearchState): boolean {
  const { service, endpoint, status, minDuration, q } = state;
  return service !== null || endpoint !== null || status !== null || minDuration !== null || q.trim() !== '';
}
