import type { ReactNode } from 'react';
import { ApiError } from '../api/client.ts';
import { useAgents } from '../api/queries.ts';
import { Empty } from '../empty.tsx';
import { hasFilter, NO_SEARCH, type SearchState } from '../url/search-state.ts';

interface NothingProps {
  readonly state: SearchState;
  readonly change: (part: Partial<SearchState>) => void;
}

/** Why the list is empty, and what to do about it. */
export function NothingFound({
  state,
  change,
  error,
  loading,
}: NothingProps & { readonly error: Error | null; readonly loading: boolean }) {
  const agents = useAgents().data;
  if (error !== null) return <Failed error={error} state={state} change={change} />;
  if (loading) return <Empty title="Searching …" />;
  const filtered = hasFilter(state);
  const live = agents?.filter((agent) => agent.live) ?? [];
  const actions = (
    <>
      {filtered && (
        <Action onAct={() => change({ ...NO_SEARCH, range: state.range, live: state.live })}>
          Lift all filters
        </Action>
      )}
      {!isLong(state) && (
        <Action onAct={() => change({ range: { kind: 'last', minutes: 24 * 60 } })}>
          Look at the last 24 h
        </Action>
      )}
      {!state.live && state.range.kind === 'last' && (
        <Action onAct={() => change({ live: true })}>
          Wait for new ones <kbd>L</kbd>
        </Action>
      )}
    </>
  );
  if (filtered) {
    return (
      <Empty title="No trace matches" actions={actions}>
        <p>All conditions must hold for one and the same span. Lift one of them, or look at more time.</p>
      </Empty>
    );
  }
  if (agents !== undefined && live.length === 0) {
    return (
      <Empty title="No agent is connected" actions={actions}>
        <p>
          An agent on each host watches its processes and sends what it sees to this server. Start one there:
        </p>
        <pre>weft agent --server {window.location.origin}</pre>
        <p>
          <code>weft doctor</code> says what that host’s kernel allows.
        </p>
      </Empty>
    );
  }
  const hosts = live.map((agent) => `${agent.hostname} (tier ${agent.tier ?? 'not told yet'})`).join(', ');
  return (
    <Empty title="Nothing was seen in this time" actions={actions}>
      {hosts !== '' && (
        <p>
          Watching: {hosts}. Send a request to any service there, and it appears here within a second or two.
        </p>
      )}
    </Empty>
  );
}

function isLong({ range }: SearchState): boolean {
  return range.kind === 'last' && range.minutes >= 24 * 60;
}

function Failed({ error, change }: NothingProps & { readonly error: Error }) {
  const status = error instanceof ApiError ? error.status : null;
  if (status === 0) {
    return (
      <Empty title="The server does not answer">
        <p>
          It may have ended, or be starting again. This page asks again by itself; if it stays so, look
          whether <code>weft up</code> or <code>weft server</code> runs.
        </p>
      </Empty>
    );
  }
  const lift = status === 400 ? <Action onAct={() => change(NO_SEARCH)}>Lift all filters</Action> : undefined;
  return (
    <Empty title="The search failed" actions={lift}>
      <p>{error.message}</p>
    </Empty>
  );
}

function Action({ onAct, children }: { readonly onAct: () => void; readonly children: ReactNode }) {
  return (
    <button type="button" className="button" onClick={onAct}>
      {children}
    </button>
  );
}
