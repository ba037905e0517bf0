import type { TraceSummaryJson } from '@weft/model';
import { useCommands } from '../keys/use-commands.ts';
import { go } from '../url/location.ts';
import type { SearchState } from '../url/search-state.ts';
import { tracePath } from '../url/use-states.ts';

const PAGE = 20;

/** What keys do on the search page. */
export function useSearchCommands({
  state,
  change,
  traces,
  more,
  reload,
}: {
  readonly state: SearchState;
  readonly change: (part: Partial<SearchState>) => void;
  readonly traces: readonly TraceSummaryJson[];
  readonly more: () => void;
  readonly reload: () => void;
}): void {
  useCommands((command) => {
    const at = traces.findIndex((trace) => trace.traceId === state.at);
    const to = (index: number): void => {
      const trace = traces[Math.max(0, Math.min(traces.length - 1, index))];
      if (trace !== undefined) change({ at: trace.traceId });
      if (index >= traces.length) more();
    };
    switch (command) {
      case 'down':
        to(at + 1);
        break;
      case 'up':
        to(at < 0 ? 0 : at - 1);
        break;
      case 'page-down':
        to(at + PAGE);
        break;
      case 'page-up':
        to(at - PAGE);
        break;
      case 'first':
        to(0);
        break;
      case 'last':
        to(traces.length - 1);
        break;
      case 'open':
        if (at < 0) return false;
        go(tracePath(traces[at]!.traceId));
        break;
      case 'find':
        document.querySelector<HTMLInputElement>('#terms')?.select();
        break;
      case 'live':
        change({ live: !state.live });
        break;
      case 'reload':
        reload();
        break;
      case 'more':
        more();
        break;
      case 'back':
        if (state.at === null) return false;
        change({ at: null });
        break;
      default:
        return false;
    }
    return true;
  });
}
