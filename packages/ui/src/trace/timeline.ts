import type { Zoom } from '../url/trace-state.ts';

/** The least that can be seen at once: a microsecond. */
const LEAST = 1000;

/** Moments (ns) at round distances within a part of the trace, and how far apart they are. */
export function ticks(view: Zoom, most: number): { readonly at: readonly number[]; readonly step: number } {
  const raw = (view.to - view.from) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((candidate) => candidate >= raw) ?? 10 * power;
  const at: number[] = [];
  for (let n = Math.ceil(view.from / step); n * step <= view.to; n++) at.push(n * step);
  return { at, step };
}

/** Where a moment lies in the view: 0 at its left edge, 1 at its right. */
export function place(view: Zoom, at: number): number {
  return (at - view.from) / (view.to - view.from);
}

/** The part of an interval that is in view, in percent of its width; null when there is none. */
export function span(view: Zoom, from: number, to: number): { left: number; width: number } | null {
  const left = Math.max(0, place(view, from));
  const right = Math.min(1, place(view, to));
  if (left > 1 || right < 0 || right < left) return null;
  return { left: left * 100, width: (right - left) * 100 };
}

/** A view within 0…duration; null when it shows everything. Its order does not matter. */
export function clampView(a: number, b: number, duration: number): Zoom | null {
  const from = Math.max(0, Math.min(a, b, duration - LEAST));
  const to = Math.min(duration, Math.max(a, b, from + LEAST));
  return from <= 0 && to >= duration ? null : { from: Math.round(from), to: Math.round(to) };
}

/** Shows more (`factor` > 1) or less of the time around a moment. */
export function zoomAround(view: Zoom, center: number, factor: number, duration: number): Zoom | null {
  const from = center - (center - view.from) * factor;
  const to = center + (view.to - center) * factor;
  return clampView(from, to, duration);
}

/** Moves the view by ns, up to the trace's ends. */
export function pan(view: Zoom, by: number, duration: number): Zoom | null {
  const width = view.to - view.from;
  const from = Math.max(0, Math.min(duration - width, view.from + by));
  return clampView(from, from + width, duration);
}
