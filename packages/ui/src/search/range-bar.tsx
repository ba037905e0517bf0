import { fromLocalInput, toLocalInput, toMillis } from '../format/time.ts';
import { NO_SEARCH, type SearchState, type TimeRange } from '../url/search-state.ts';

/** The two ends of a fixed time. An end beyond the other one changes nothing. */
export function RangeBar({
  range,
  change,
}: {
  readonly range: TimeRange & { readonly kind: 'between' };
  readonly change: (part: Partial<SearchState>) => void;
}) {
  const move = (ends: { readonly from?: string; readonly to?: string }) => {
    const next = { ...range, ...ends };
    if (BigInt(next.from) < BigInt(next.to)) change({ range: next });
  };
  return (
    <div className="range-bar">
      <Moment name="from" nanos={range.from} onMoment={(from) => move({ from })} />
      <Moment name="to" nanos={range.to} onMoment={(to) => move({ to })} />
      <button type="button" className="button plain" onClick={() => change({ range: NO_SEARCH.range })}>
        Back to the last hour
      </button>
    </div>
  );
}

/** A moment in the reader's time; in and out are Unix ns, decimal. */
function Moment({
  name,
  nanos,
  onMoment,
}: {
  readonly name: string;
  readonly nanos: string;
  readonly onMoment: (nanos: string) => void;
}) {
  const read = (text: string) => {
    const millis = fromLocalInput(text);
    if (millis !== null) onMoment(String(BigInt(millis) * 1_000_000n));
  };
  return (
    <label>
      {name}{' '}
      <input
        type="datetime-local"
        step="0.001"
        className="field"
        value={toLocalInput(toMillis(nanos))}
        onChange={(event) => read(event.target.value)}
      />
    </label>
  );
}
