import type { KeyboardEvent } from 'react';
import { run } from '../keys/use-commands.ts';
import type { TraceState } from '../url/trace-state.ts';
import type { Row } from './rows.ts';

/** Search within the trace, and how deep it is shown. */
export function Toolbar({
  state,
  change,
  matches,
  rows,
}: {
  readonly state: TraceState;
  readonly change: (part: Partial<TraceState>) => void;
  readonly matches: readonly number[] | null;
  readonly rows: readonly Row[];
}) {
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key !== 'Enter') return;
    event.currentTarget.blur();
    run('next-match');
  };
  const isFolded = state.depth !== null || state.toggled.size > 0;
  return (
    <div className="toolbar">
      <input
        id="find"
        type="search"
        className="field toolbar-find"
        placeholder="Find in this trace: service, path, attribute=value"
        aria-label="Find in this trace"
        value={state.find}
        onChange={(event) => change({ find: event.target.value })}
        onKeyDown={onKeyDown}
      />
      {matches === null ? (
        <kbd>/</kbd>
      ) : (
        <output className="muted number">
          {matches.length} of {rows.length} rows <kbd>n</kbd>
        </output>
      )}
      <span className="toolbar-space" />
      {state.zoom !== null && (
        <button type="button" className="button plain" onClick={() => change({ zoom: null })}>
          Whole time <kbd>0</kbd>
        </button>
      )}
      {isFolded && (
        <button
          type="button"
          className="button plain"
          onClick={() => change({ depth: null, toggled: new Set() })}
        >
          Expand all
        </button>
      )}
      <span className="legend" aria-hidden="true">
        <i className="legend-client" /> client
        <i className="legend-server" /> server
        <i className="legend-critical" /> critical path
      </span>
    </div>
  );
}
