import './search.css';
import type { TraceSummaryJson } from '@weft/model';
import { useMemo } from 'react';
import { PAGE_SIZE, useColors, useHealth, useTraces } from '../api/queries.ts';
import { plural } from '../format/quantity.ts';
import { TopBar } from '../top-bar.tsx';
import { useSearchState } from '../url/use-states.ts';
import { FilterBar } from './filter-bar.tsx';
import { NothingFound } from './nothing-found.tsx';
import { RangeBar } from './range-bar.tsx';
import { Scatter } from './scatter.tsx';
import { ServiceRail } from './service-rail.tsx';
import { TraceList } from './trace-list.tsx';
import { useSearchCommands } from './use-search-commands.ts';

/** Finding a trace: filters, services, when and how long the found ones were, and their list. */
export function SearchPage({ onHelp }: { readonly onHelp: () => void }) {
  const [state, change] = useSearchState();
  const { data, error, isFetching, isPlaceholderData, fetchNextPage, hasNextPage, refetch } =
    useTraces(state);
  const colors = useColors();
  const settledUntil = useHealth().data?.settledUntilUnixNano ?? null;
  const isPart = data !== undefined && data.pages[data.pages.length - 1]?.nextCursor !== null;
  const traces = useMemo(() => onceEach(data?.pages.flatMap((page) => page.traces) ?? []), [data]);
  const more = () => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  };
  useSearchCommands({ state, change, traces, more, reload: () => void refetch() });

  return (
    <div className="page">
      <TopBar home="" onHelp={onHelp}>
        <FilterBar state={state} change={change} />
      </TopBar>
      <div className="search-body">
        <ServiceRail state={state} change={change} />
        <main className="search-main">
          {state.range.kind === 'between' && <RangeBar range={state.range} change={change} />}
          {traces.length > 0 && colors ? (
            <>
              <Scatter traces={traces} change={change} at={state.at} isPart={isPart} />
              <p className="search-count muted" aria-live="polite">
                <span className="number">
                  {plural(traces.length, 'trace')}
                  {isPart ? ', the latest' : ''}
                </span>
                {hasNextPage && (
                  <button type="button" className="button plain" onClick={more} disabled={isFetching}>
                    Load {PAGE_SIZE} older <kbd>m</kbd>
                  </button>
                )}
                {isFetching && !state.live && <span className="pulse">reading …</span>}
              </p>
              <TraceList
                traces={traces}
                at={state.at}
                settledUntil={settledUntil}
                stale={isPlaceholderData}
                onEnd={more}
              />
            </>
          ) : (
            <NothingFound
              state={state}
              change={change}
              error={data === undefined ? error : null}
              loading={data === undefined || !colors}
            />
          )}
        </main>
      </div>
    </div>
  );
}

/** While traces come in, a page may repeat what the one before it had. */
function onceEach(traces: readonly TraceSummaryJson[]): readonly TraceSummaryJson[] {
  return [...new Map(traces.map((trace) => [trace.traceId, trace])).values()];
}
