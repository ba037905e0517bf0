import type { TraceSummaryJson } from '@weft/model';
import { type PointerEvent, useCallback, useRef, useState } from 'react';
import { formatDuration } from '../format/duration.ts';
import { formatClockMillis, toMillis } from '../format/time.ts';
import { type Drawing, useCanvas } from '../look/canvas.ts';
import { go } from '../url/location.ts';
import type { SearchState } from '../url/search-state.ts';
import { tracePath } from '../url/use-states.ts';
import { drawScatter } from './draw-scatter.ts';
import { type Dot, dots, nearest, type ScatterScale, scatterScale, timeAt } from './scatter-layout.ts';

/** How near the pointer must be to a dot, px. */
const REACH = 12;
/** Less movement than this is a click, px. */
const CLICK = 4;

interface Plot {
  readonly scale: ScatterScale;
  readonly dots: readonly Dot[];
}

/** When the traces were and how long they took. A click opens one, dragging narrows the time. */
export function Scatter({
  traces,
  change,
  at,
  isPart,
}: {
  readonly traces: readonly TraceSummaryJson[];
  readonly change: (part: Partial<SearchState>) => void;
  readonly at: string | null;
  /** There are older ones, which are not read yet. */
  readonly isPart: boolean;
}) {
  const plot = useRef<Plot | null>(null);
  const draw = useCallback(
    (drawing: Drawing) => {
      const scale = scatterScale(traces, drawing.width, drawing.height);
      plot.current = { scale, dots: dots(traces, scale) };
      drawScatter(drawing, scale, plot.current.dots, at);
    },
    [traces, at],
  );
  const canvas = useCanvas(draw);
  const [hover, setHover] = useState<Dot | null>(null);
  const [brush, setBrush] = useState<{ readonly from: number; readonly to: number } | null>(null);
  const pressed = useRef<number | null>(null);

  const position = (event: PointerEvent<HTMLElement>) => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return;
    pressed.current = position(event).x;
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const { x, y } = position(event);
    if (pressed.current !== null && Math.abs(x - pressed.current) >= CLICK) {
      setBrush({ from: Math.min(x, pressed.current), to: Math.max(x, pressed.current) });
      setHover(null);
    } else setHover(nearest(plot.current?.dots ?? [], x, y, REACH));
  };
  const onPointerUp = (event: PointerEvent<HTMLElement>) => {
    const scale = plot.current?.scale;
    const wasPressed = pressed.current !== null;
    pressed.current = null;
    setBrush(null);
    if (scale === undefined || !wasPressed) return;
    if (brush !== null) change({ range: rangeOf(scale, brush), live: false });
    else {
      const { x, y } = position(event);
      const dot = nearest(plot.current?.dots ?? [], x, y, REACH);
      if (dot !== null) go(tracePath(dot.trace.traceId));
    }
  };
  return (
    <div
      className={`scatter ${hover === null ? '' : 'picks'}`}
      role="img"
      aria-label={`Duration over time of ${traces.length} traces${isPart ? ', the latest' : ''}; drag to narrow the time`}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerLeave={() => setHover(null)}
    >
      <canvas ref={canvas} />
      {brush !== null && (
        <div className="scatter-brush" style={{ left: brush.from, width: brush.to - brush.from }} />
      )}
      {hover !== null && <Tip dot={hover} />}
    </div>
  );
}

/** Unix ns of what is between two places. */
function rangeOf(scale: ScatterScale, brush: { from: number; to: number }): SearchState['range'] {
  const nanos = (x: number) => BigInt(Math.round(timeAt(scale, x))) * 1_000_000n;
  const from = nanos(brush.from);
  const to = nanos(brush.to);
  return { kind: 'between', from: String(from), to: String(to > from ? to : from + 1_000_000n) };
}

function Tip({ dot: { trace, x, y } }: { readonly dot: Dot }) {
  return (
    <div className="scatter-tip" style={{ left: x, top: y }}>
      <strong className="number">{formatDuration(Number(trace.durationNano))}</strong>{' '}
      <span className="mono">{trace.rootName}</span>
      <div className="muted">
        {trace.rootService} ·{' '}
        <span className="number">{formatClockMillis(toMillis(trace.startTimeUnixNano))}</span>
      </div>
    </div>
  );
}
