import './trace.css';
import type { TraceJson } from '@weft/model';
import { useEffect, useMemo } from 'react';
import type { ApiError } from '../api/client.ts';
import { useColors, useTrace } from '../api/queries.ts';
import { Empty } from '../empty.tsx';
import { useCommands } from '../keys/use-commands.ts';
import { Link } from '../link.tsx';
import { TopBar } from '../top-bar.tsx';
import { go } from '../url/location.ts';
import { homeSearch, useTraceState } from '../url/use-states.ts';
import { criticalPath, slowestHops } from './critical-path.ts';
import { Detail } from './detail/detail.tsx';
import { findRows } from './find.ts';
import { Hops } from './hops.tsx';
import { visibleLines } from './lines.ts';
import { Minimap } from './minimap.tsx';
import { traceRows } from './rows.ts';
import { Toolbar } from './toolbar.tsx';
import { TraceNotes, TraceTitle } from './trace-title.tsx';
import { useTraceCommands } from './use-trace-commands.ts';
import { Waterfall } from './waterfall.tsx';

/** One trace: where its time went, its waterfall, and all that is known of the selected span. */
export function TracePage({ traceId, onHelp }: { readonly traceId: string; readonly onHelp: () => void }) {
  const { data, error } = useTrace(traceId);
  const colors = useColors();
  const trace = colors ? data : undefined;
  return (
    <div className="page">
      <TopBar home={homeSearch()} onHelp={onHelp}>
        {trace !== undefined && <TraceTitle trace={trace} />}
      </TopBar>
      {trace === undefined ? <NoTrace traceId={traceId} error={error} /> : <TraceView trace={trace} />}
    </div>
  );
}

function NoTrace({ traceId, error }: { readonly traceId: string; readonly error: ApiError | null }) {
  useCommands((command) => {
    if (command !== 'back') return false;
    go('/', homeSearch());
    return true;
  });
  if (error === null) return <Empty title="Reading the trace …" />;
  const back = (
    <Link className="button" path="/" search={homeSearch()}>
      Back to the search
    </Link>
  );
  return (
    <Empty
      title={error.status === 404 ? 'This trace is not here' : 'The trace cannot be shown'}
      actions={back}
    >
      <p>{error.message}</p>
      <p className="mono">{traceId}</p>
    </Empty>
  );
}

function TraceView({ trace }: { readonly trace: TraceJson }) {
  const [state, change] = useTraceState();
  const model = useMemo(() => traceRows(trace), [trace]);
  const { rows, rowOf, duration } = model;
  const path = useMemo(() => criticalPath(rows), [rows]);
  const hops = useMemo(() => slowestHops(rows, path), [rows, path]);
  const { depth, toggled, unfolded, find } = state;
  const lines = useMemo(
    () => visibleLines(rows, { depth, toggled, unfolded }),
    [rows, depth, toggled, unfolded],
  );
  const matches = useMemo(() => findRows(rows, find), [rows, find]);
  const selected = state.span === null ? undefined : rowOf.get(state.span);
  const view = useMemo(() => state.zoom ?? { from: 0, to: duration }, [state.zoom, duration]);

  useEffect(() => {
    const root = trace.spans[0];
    document.title = root === undefined ? 'Weft' : `${root.name} · Weft`;
    return () => {
      document.title = 'Weft';
    };
  }, [trace]);

  useTraceCommands({ state, change, model, lines, hops, matches, view });

  const selectedRow = selected === undefined ? null : rows[selected]!;
  return (
    <>
      <TraceNotes trace={trace} rows={rows} />
      <Hops hops={hops} selected={selected ?? null} onSelect={(span) => change({ span })} />
      <div className="trace-body">
        <main className="trace-main">
          <Minimap model={model} path={path} view={view} onView={(zoom) => change({ zoom })} />
          <Toolbar state={state} change={change} matches={matches} rows={rows} />
          <Waterfall
            model={model}
            lines={lines}
            path={path}
            hops={hops}
            view={view}
            matches={matches}
            state={state}
            change={change}
          />
        </main>
        {selectedRow !== null && state.span !== null && (
          <Detail model={model} row={selectedRow} spanId={state.span} path={path} change={change} />
        )}
      </div>
    </>
  );
}
