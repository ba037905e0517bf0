import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { AgentJson, HealthJson, ServiceJson, TraceJson, TraceListJson } from '@weft/model';
import { assignColors } from '../look/service-color.ts';
import { NO_SEARCH, queryWindow, type SearchState, type TimeRange } from '../url/search-state.ts';
import { ApiError, getJson } from './client.ts';

const HEALTH_MS = 5000;
const SERVICES_MS = 15_000;
const LIVE_MS = 2000;
/** How soon a trace of which parts may still come is read again. */
const UNSETTLED_MS = 1500;
/** Traces of a page of the list. */
export const PAGE_SIZE = 200;

/** A server that did not answer is asked again; one that refused is not. */
function againAfter(error: Error | null): number | false {
  return error instanceof ApiError && error.status === 0 ? HEALTH_MS : false;
}

/** The server's state; also tells whether it answers at all. */
export function useHealth() {
  return useQuery<HealthJson, ApiError>({
    queryKey: ['health'],
    queryFn: ({ signal }) => getJson<HealthJson>('health', {}, signal),
    refetchInterval: HEALTH_MS,
  });
}

export function useAgents() {
  return useQuery<readonly AgentJson[], ApiError>({
    queryKey: ['agents'],
    queryFn: async ({ signal }) =>
      (await getJson<{ agents: readonly AgentJson[] }>('agents', {}, signal)).agents,
    refetchInterval: HEALTH_MS,
  });
}

/** Services with their endpoints in a window of time. */
export function useServices(range: TimeRange) {
  return useQuery<readonly ServiceJson[], ApiError>({
    queryKey: ['services', range],
    queryFn: async ({ signal }) => {
      const window = queryWindow(range, Date.now());
      const { services } = await getJson<{ services: readonly ServiceJson[] }>('services', window, signal);
      assignColors(services.map(({ service }) => service));
      return services;
    },
    refetchInterval: SERVICES_MS,
    placeholderData: keepPreviousData,
  });
}

/**
 * Whether services have their colours: they are given out with all names known, not in the order in which they are met.
 * What cannot be asked for is not waited for.
 */
export function useColors(): boolean {
  return !useServices(NO_SEARCH.range).isPending;
}

/** Where a page of the list begins, within the window that the first page fixed. */
interface PageStart {
  readonly from: string;
  readonly to: string | null;
  readonly cursor: string;
}

interface TracePage extends TraceListJson {
  readonly from: string;
  readonly to: string | null;
}

/** Traces that match, page by page; while the list is live, its first page alone is read again and again. */
export function useTraces(state: SearchState) {
  const { range, service, endpoint, status, minDuration, q, live } = state;
  const filter = { service, endpoint, status, minDuration, q };
  return useInfiniteQuery({
    queryKey: ['traces', range, filter],
    queryFn: async ({ pageParam, signal }): Promise<TracePage> => {
      const window = pageParam ?? { ...queryWindow(range, Date.now()), cursor: null };
      const query = { ...filter, ...window, limit: String(PAGE_SIZE) };
      const page = await getJson<TraceListJson>('traces', query, signal);
      return { ...page, from: window.from, to: window.to };
    },
    initialPageParam: null as PageStart | null,
    getNextPageParam: (page): PageStart | null =>
      live || page.nextCursor === null ? null : { from: page.from, to: page.to, cursor: page.nextCursor },
    refetchInterval: ({ state: { error } }) => (live ? LIVE_MS : againAfter(error)),
    placeholderData: keepPreviousData,
  });
}

/** One trace, read again until nothing more can come. */
export function useTrace(traceId: string) {
  return useQuery<TraceJson, ApiError>({
    queryKey: ['trace', traceId],
    queryFn: ({ signal }) => getJson<TraceJson>(`traces/${encodeURIComponent(traceId)}`, {}, signal),
    refetchInterval: ({ state: { data, error } }) =>
      data !== undefined && !data.settled ? UNSETTLED_MS : againAfter(error),
    structuralSharing: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
}
