import type { TraceSummaryJson } from '@weft/model';
import { toMillis } from '../format/time.ts';

/** Margins of the plot, px. */
export const PLOT = { left: 56, right: 16, top: 10, bottom: 20 } as const;

/** Scales of the plot: time to the right, duration upwards, logarithmic. */
export interface ScatterScale {
  /** Unix ms at the left and right edge. */
  readonly from: number;
  readonly to: number;
  /** log10 of ns at the bottom and at the top. */
  readonly low: number;
  readonly high: number;
  /** Size of the whole canvas, px. */
  readonly width: number;
  readonly height: number;
}

/** A trace's place, px. */
export interface Dot {
  readonly trace: TraceSummaryJson;
  readonly x: number;
  readonly y: number;
}

/** A scale that all these traces fit into, with whole powers of ten at top and bottom. */
export function scatterScale(
  traces: readonly TraceSummaryJson[],
  width: number,
  height: number,
): ScatterScale {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  let least = Number.POSITIVE_INFINITY;
  let most = 1;
  for (const trace of traces) {
    const time = toMillis(trace.startTimeUnixNano);
    const duration = Math.max(1, Number(trace.durationNano));
    from = Math.min(from, time);
    to = Math.max(to, time);
    least = Math.min(least, duration);
    most = Math.max(most, duration);
  }
  if (traces.length === 0) return { from: 0, to: 1, low: 3, high: 9, width, height };
  // One trace alone stands in the middle of a second.
  const margin = Math.max(0, (1000 - (to - from)) / 2);
  const low = Math.floor(Math.log10(least));
  const high = Math.max(low + 1, Math.ceil(Math.log10(most * 1.05)));
  return { from: from - margin, to: to + margin, low, high, width, height };
}

export function xOf({ from, to, width }: ScatterScale, millis: number): number {
  return PLOT.left + ((millis - from) / (to - from)) * (width - PLOT.left - PLOT.right);
}

export function yOf({ low, high, height }: ScatterScale, nanos: number): number {
  const share = (Math.log10(Math.max(1, nanos)) - low) / (high - low);
  return height - PLOT.bottom - share * (height - PLOT.top - PLOT.bottom);
}

/** The moment (Unix ms) at a place of the canvas, within the scale. */
export function timeAt({ from, to, width }: ScatterScale, x: number): number {
  const share = (x - PLOT.left) / (width - PLOT.left - PLOT.right);
  return from + Math.max(0, Math.min(1, share)) * (to - from);
}

export function dots(traces: readonly TraceSummaryJson[], scale: ScatterScale): Dot[] {
  return traces.map((trace) => ({
    trace,
    x: xOf(scale, toMillis(trace.startTimeUnixNano)),
    y: yOf(scale, Number(trace.durationNano)),
  }));
}

/** The dot that is nearest to a place, if it is within reach (px); null otherwise. */
export function nearest(all: readonly Dot[], x: number, y: number, reach: number): Dot | null {
  let best: Dot | null = null;
  let least = reach * reach;
  for (const dot of all) {
    const distance = (dot.x - x) ** 2 + (dot.y - y) ** 2;
    if (distance <= least) {
      least = distance;
      best = dot;
    }
  }
  return best;
}

/** Round moments between the edges: about `most` of them, at steps that clocks have. */
export function clockTicks(from: number, to: number, most: number): readonly number[] {
  const seconds = [
    0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400,
  ];
  const step = (seconds.find((candidate) => (to - from) / 1000 / candidate <= most) ?? 86_400) * 1000;
  const found: number[] = [];
  for (let n = Math.ceil(from / step); n * step <= to; n++) found.push(n * step);
  return found;
}
