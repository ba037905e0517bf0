import { useCallback, useMemo } from 'react';
import { amend, currentPlace, go, usePlace } from './location.ts';
import { readSearch, type SearchState, writeSearch } from './search-state.ts';
import { readTraceState, type TraceState, writeTraceState } from './trace-state.ts';

/** The last search of this tab, for the way back. */
let lastSearch = '';

/** The URL's search part of the last search. */
export function homeSearch(): string {
  return lastSearch;
}

export function tracePath(traceId: string): string {
  return `/traces/${traceId}`;
}

/** The search page's state; `change` keeps the rest as it is. */
export function useSearchState(): readonly [SearchState, (change: Partial<SearchState>) => void] {
  const { search } = usePlace();
  const state = useMemo(() => readSearch(search), [search]);
  lastSearch = search;
  const change = useCallback((part: Partial<SearchState>) => {
    const next = { ...readSearch(currentPlace().search), ...part };
    // Moving the cursor is nothing to go back from; another search is.
    if (Object.keys(part).every((key) => key === 'at')) amend(writeSearch(next));
    else go('/', writeSearch(next));
  }, []);
  return [state, change];
}

/** The trace page's state. */
export function useTraceState(): readonly [TraceState, (change: Partial<TraceState>) => void] {
  const { search } = usePlace();
  const state = useMemo(() => readTraceState(search), [search]);
  const change = useCallback((part: Partial<TraceState>) => {
    amend(writeTraceState({ ...readTraceState(currentPlace().search), ...part }));
  }, []);
  return [state, change];
}
