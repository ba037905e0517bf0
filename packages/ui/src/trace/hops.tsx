import { formatDuration, formatShare } from '../format/duration.ts';
import { serviceColor } from '../look/service-color.ts';
import type { Hop } from './critical-path.ts';
import { innerSpan, isUntraced, type Row } from './rows.ts';

/** So many hops are named; the rest is one piece of the bar. */
const NAMED = 4;
/** A piece of the bar that is smaller cannot be seen. */
const LEAST_SHARE = 0.004;

/** What a hop's time was spent on. */
function hopWork(hop: Hop): string {
  if (hop.part === 'between') return 'network and queue';
  return isUntraced(hop.row) ? 'waiting for its answer' : 'in the service';
}

/** Where the time went: the critical path as one bar, and its slowest hops by name. */
export function Hops({
  hops,
  selected,
  onSelect,
}: {
  readonly hops: readonly Hop[];
  /** Index of the selected row. */
  readonly selected: number | null;
  readonly onSelect: (spanId: string) => void;
}) {
  const seen = hops.filter((hop) => hop.share >= LEAST_SHARE);
  return (
    <section className="hops" aria-label="Where the time went">
      <div className="hops-bar" aria-hidden="true">
        {seen.map((hop, rank) => (
          <button
            key={`${hop.row.index} ${hop.part}`}
            type="button"
            tabIndex={-1}
            className={`hops-piece ${hop.part} ${hop.row.index === selected ? 'selected' : ''}`}
            style={{ '--share': hop.share, '--service': serviceColor(ownerOf(hop.row)) }}
            onClick={() => onSelect(hop.row.id)}
            title={`${rank + 1}. ${ownerOf(hop.row)} ${hop.row.spans[0].name}: ${formatDuration(hop.nanos)} ${hopWork(hop)}`}
          />
        ))}
      </div>
      <ol className="hops-list">
        {seen.slice(0, NAMED).map((hop) => (
          <li key={`${hop.row.index} ${hop.part}`}>
            <button
              type="button"
              className="hop"
              aria-pressed={hop.row.index === selected}
              onClick={() => onSelect(hop.row.id)}
            >
              <span className="hop-share number">{formatShare(hop.share)}</span>
              <span className="hop-name">
                <span className="clip">
                  <span className="dot" style={{ '--dot': serviceColor(ownerOf(hop.row)) }} />{' '}
                  <strong>{ownerOf(hop.row)}</strong> <span className="mono">{innerSpan(hop.row).name}</span>
                </span>
                <span className="hop-work clip">
                  <span className="number">{formatDuration(hop.nanos)}</span> {hopWork(hop)}
                </span>
              </span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

function ownerOf(row: Row): string {
  return innerSpan(row).service;
}
