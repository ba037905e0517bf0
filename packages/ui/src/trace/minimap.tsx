import { type PointerEvent, useCallback, useRef, useState } from 'react';
import { formatTick } from '../format/duration.ts';
import { useCanvas } from '../look/canvas.ts';
import type { Zoom } from '../url/trace-state.ts';
import type { CriticalPath } from './critical-path.ts';
import { drawMinimap } from './draw-minimap.ts';
import type { TraceRows } from './rows.ts';
import { clampView, pan, place, ticks } from './timeline.ts';

/** Less movement than this is a click, px. */
const CLICK = 3;

interface Drag {
  /** ns at which it began. */
  readonly at: number;
  readonly x: number;
  /** The view that is moved; null: a new one is drawn. */
  readonly moves: Zoom | null;
}

/** The whole trace at a glance. Dragging over it zooms, dragging what is in view moves it, a double click shows all. */
export function Minimap({
  model,
  path,
  view,
  onView,
}: {
  readonly model: TraceRows;
  readonly path: CriticalPath;
  readonly view: Zoom;
  readonly onView: (zoom: Zoom | null) => void;
}) {
  const { duration } = model;
  const canvas = useCanvas(useCallback((drawing) => drawMinimap(drawing, model, path), [model, path]));
  const drag = useRef<Drag | null>(null);
  const [drawn, setDrawn] = useState<Zoom | null>(null);
  const whole = { from: 0, to: duration };
  const shown = drawn ?? view;
  const isZoomed = shown.from > 0 || shown.to < duration;

  const timeAt = (event: PointerEvent<HTMLElement>): number => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - left) / width)) * duration;
  };
  const start = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return;
    const at = timeAt(event);
    const inView = isZoomed && at > view.from && at < view.to;
    drag.current = { at, x: event.clientX, moves: inView ? view : null };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent<HTMLElement>) => {
    const held = drag.current;
    if (held === null || Math.abs(event.clientX - held.x) < CLICK) return;
    const at = timeAt(event);
    if (held.moves !== null) onView(pan(held.moves, at - held.at, duration));
    else setDrawn(clampView(held.at, at, duration));
  };
  const end = () => {
    drag.current = null;
    if (drawn !== null) onView(drawn);
    setDrawn(null);
  };

  const { at, step } = ticks(whole, 8);
  return (
    <div
      className="minimap"
      role="img"
      aria-label="The whole trace; drag to zoom, double click to show all"
      onPointerDown={start}
      onPointerMove={move}
      onPointerUp={end}
      onPointerCancel={end}
      onDoubleClick={() => onView(null)}
    >
      <canvas ref={canvas} />
      {isZoomed && (
        <>
          <div className="minimap-shade" style={{ left: 0, width: `${place(whole, shown.from) * 100}%` }} />
          <div className="minimap-shade" style={{ left: `${place(whole, shown.to) * 100}%`, right: 0 }} />
          <div
            className="minimap-view"
            style={{
              left: `${place(whole, shown.from) * 100}%`,
              width: `${(place(whole, shown.to) - place(whole, shown.from)) * 100}%`,
            }}
          />
        </>
      )}
      {at.map((moment) => (
        <span key={moment} className="minimap-tick" style={{ left: `${place(whole, moment) * 100}%` }}>
          {formatTick(moment, step)}
        </span>
      ))}
    </div>
  );
}
