import { useVirtualizer } from '@tanstack/react-virtual';
import type { TraceSummaryJson } from '@weft/model';
import { useEffect, useRef } from 'react';
import { formatDuration } from '../format/duration.ts';
import { formatCount } from '../format/quantity.ts';
import { formatClockMillis, toMillis } from '../format/time.ts';
import { Link } from '../link.tsx';
import { serviceColor } from '../look/service-color.ts';
import { tracePath } from '../url/use-states.ts';

/** Height of a row, px; `.trace-row` in search.css has the same. */
const ROW_HEIGHT = 31;
/** So many rows before the end, older traces are asked for. */
const AHEAD = 10;
/** Services that are named by their colour in a row. */
const SHOWN_SERVICES = 9;

/** The traces that were found, latest first; only those in view are in the document. */
export function TraceList({
  traces,
  at,
  settledUntil,
  stale,
  onEnd,
}: {
  readonly traces: readonly TraceSummaryJson[];
  readonly at: string | null;
  readonly settledUntil: string | null;
  /** These are the traces of the search before; the new ones are on their way. */
  readonly stale: boolean;
  readonly onEnd: () => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: traces.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const cursor = traces.findIndex((trace) => trace.traceId === at);
  useEffect(() => {
    if (cursor >= 0) virtualizer.scrollToIndex(cursor, { align: 'auto' });
  }, [cursor, virtualizer]);
  const items = virtualizer.getVirtualItems();
  const last = items[items.length - 1]?.index ?? 0;
  const atEnd = last >= traces.length - AHEAD && (scroller.current?.scrollTop ?? 0) > 0;
  useEffect(() => {
    if (atEnd) onEnd();
  }, [atEnd, onEnd]);
  const longest = traces.reduce((most, trace) => Math.max(most, Number(trace.durationNano)), 1);

  return (
    <>
      <div className="trace-row trace-list-head" aria-hidden="true">
        <span>Time</span>
        <span>Request</span>
        <span>Services</span>
        <span className="number">Spans</span>
        <span className="number">Duration</span>
        <span />
      </div>
      <div ref={scroller} className={`trace-list ${stale ? 'stale' : ''}`}>
        <ol style={{ height: virtualizer.getTotalSize() }} aria-label="Traces">
          {items.map(({ index, start }) => {
            const trace = traces[index]!;
            return (
              <li key={trace.traceId} style={{ transform: `translateY(${start}px)` }}>
                <TraceRow
                  trace={trace}
                  longest={longest}
                  current={index === cursor}
                  settled={settledUntil === null || endOf(trace) < BigInt(settledUntil)}
                />
              </li>
            );
          })}
        </ol>
      </div>
    </>
  );
}

function endOf({ startTimeUnixNano, durationNano }: TraceSummaryJson): bigint {
  return BigInt(startTimeUnixNano) + BigInt(durationNano);
}

function TraceRow({
  trace,
  longest,
  current,
  settled,
}: {
  readonly trace: TraceSummaryJson;
  /** Duration of the longest trace in the list, ns. */
  readonly longest: number;
  readonly current: boolean;
  readonly settled: boolean;
}) {
  const duration = Number(trace.durationNano);
  const failed = trace.status === 'error';
  return (
    <Link
      className={`trace-row ${failed ? 'failed' : ''}`}
      path={tracePath(trace.traceId)}
      aria-current={current}
    >
      <span className="number muted">{formatClockMillis(toMillis(trace.startTimeUnixNano))}</span>
      <span className="clip">
        <span className="trace-row-service">{trace.rootService}</span>
        <span className="mono">{trace.rootName}</span>
        {!settled && (
          <span className="trace-row-note" title="Parts of it may still come.">
            still arriving
          </span>
        )}
        {trace.truncated && <span className="trace-row-note">truncated</span>}
      </span>
      <Services names={trace.services} />
      <span className="number muted">{formatCount(trace.spanCount)}</span>
      <span className="number">{formatDuration(duration)}</span>
      <span className="trace-row-bar">
        <i style={{ width: `${Math.max(0.4, (duration / longest) * 100)}%` }} />
        {failed && <span className="chip bad">error</span>}
      </span>
    </Link>
  );
}

function Services({ names }: { readonly names: readonly string[] }) {
  return (
    <span className="trace-row-services" title={names.join(', ')}>
      {names.slice(0, SHOWN_SERVICES).map((name) => (
        <i key={name} style={{ background: serviceColor(name) }} />
      ))}
      <span className="muted number">{names.length}</span>
    </span>
  );
}
