import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { formatTick } from '../format/duration.ts';
import { toggled } from '../url/parameters.ts';
import type { TraceState, Zoom } from '../url/trace-state.ts';
import type { CriticalPath, Hop } from './critical-path.ts';
import { type Line, lineOf } from './lines.ts';
import type { TraceRows } from './rows.ts';
import { place, ticks } from './timeline.ts';
import { WaterfallLine } from './waterfall-line.tsx';

/** Height of a line, px; `.line` in trace.css has the same. */
const LINE_HEIGHT = 27;
/** A hop with a smaller part of the path is not named at its bar. */
const NAMED_SHARE = 0.08;

/** The rows of the trace over time; only those in view are in the document. */
export function Waterfall({
  model,
  lines,
  path,
  hops,
  view,
  matches,
  state,
  change,
}: {
  readonly model: TraceRows;
  readonly lines: readonly Line[];
  readonly path: CriticalPath;
  readonly hops: readonly Hop[];
  readonly view: Zoom;
  readonly matches: readonly number[] | null;
  readonly state: TraceState;
  readonly change: (part: Partial<TraceState>) => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_HEIGHT,
    overscan: 15,
  });
  const row = state.span === null ? undefined : model.rowOf.get(state.span);
  const at = row === undefined ? -1 : lineOf(lines, row, state.span ?? '');
  useEffect(() => {
    if (at >= 0) virtualizer.scrollToIndex(at, { align: 'auto' });
  }, [at, virtualizer]);
  const shares = useMemo(() => {
    const byRow = new Map<number, number>();
    for (const hop of hops) byRow.set(hop.row.index, (byRow.get(hop.row.index) ?? 0) + hop.share);
    return byRow;
  }, [hops]);
  const found = useMemo(() => (matches === null ? null : new Set(matches)), [matches]);
  const onSelect = useCallback((span: string) => change({ span }), [change]);
  const onToggle = useCallback(
    (id: string) => change({ toggled: toggled(state.toggled, id) }),
    [change, state.toggled],
  );
  const axis = ticks(view, 6);

  return (
    <>
      <div className="line waterfall-head">
        <span className="waterfall-title">Service and request</span>
        <span className="line-why">Why it belongs here</span>
        <span className="line-duration">Duration</span>
        <div className="timeline">
          {axis.at.map((moment) => (
            <span key={moment} className="tick" style={{ left: `${place(view, moment) * 100}%` }}>
              {formatTick(moment, axis.step)}
            </span>
          ))}
        </div>
      </div>
      <div
        ref={scroller}
        className="waterfall"
        role="tree"
        tabIndex={0}
        aria-label="Spans of the trace"
        aria-activedescendant={at >= 0 ? lineId(at) : undefined}
      >
        <div className="waterfall-rows" role="none" style={{ height: virtualizer.getTotalSize() }}>
          <div className="line waterfall-grid" aria-hidden="true">
            <span />
            <span className="line-why" />
            <span />
            <div className="timeline">
              {axis.at.map((moment) => (
                <i key={moment} style={{ left: `${place(view, moment) * 100}%` }} />
              ))}
            </div>
          </div>
          {virtualizer.getVirtualItems().map(({ index, start }) => {
            const line = lines[index]!;
            const share = shares.get(line.row.index) ?? 0;
            return (
              <WaterfallLine
                key={`${line.row.id} ${line.member}`}
                id={lineId(index)}
                line={line}
                parentRow={line.row.parent < 0 ? null : model.rows[line.row.parent]!}
                top={start}
                view={view}
                critical={
                  line.member === null || line.member === 0 ? path.segments.get(line.row.index) : undefined
                }
                share={share >= NAMED_SHARE && !line.member ? share : null}
                selected={index === at}
                dimmed={found !== null && !found.has(line.row.index)}
                onSelect={onSelect}
                onToggle={onToggle}
              />
            );
          })}
        </div>
      </div>
    </>
  );
}

function lineId(index: number): string {
  return `line-${index}`;
}
