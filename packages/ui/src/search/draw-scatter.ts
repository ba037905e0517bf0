import { formatDuration } from '../format/duration.ts';
import { formatClock } from '../format/time.ts';
import type { Drawing } from '../look/canvas.ts';
import { clockTicks, type Dot, PLOT, type ScatterScale, xOf, yOf } from './scatter-layout.ts';

const FULL = Math.PI * 2;

/** Axes and dots; traces with errors lie on top. */
export function drawScatter(
  drawing: Drawing,
  scale: ScatterScale,
  all: readonly Dot[],
  at: string | null,
): void {
  const { context, width, height, color } = drawing;
  context.clearRect(0, 0, width, height);
  context.font = `11px ${getComputedStyle(context.canvas).fontFamily}`;
  context.lineWidth = 1;
  for (let power = scale.low; power <= scale.high; power++) {
    const y = Math.round(yOf(scale, 10 ** power)) + 0.5;
    context.strokeStyle = color('--grid');
    context.beginPath();
    context.moveTo(PLOT.left, y);
    context.lineTo(width - PLOT.right, y);
    context.stroke();
    context.fillStyle = color('--ink-faint');
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    context.fillText(roundDuration(10 ** power), PLOT.left - 8, y);
  }
  context.textAlign = 'center';
  context.textBaseline = 'alphabetic';
  for (const moment of clockTicks(scale.from, scale.to, width / 110)) {
    context.fillText(formatClock(moment), xOf(scale, moment), height - 5);
  }
  const draw = (dot: Dot, radius: number) => {
    context.beginPath();
    context.arc(dot.x, dot.y, radius, 0, FULL);
    context.fill();
  };
  const failed = all.filter((dot) => dot.trace.status === 'error');
  context.fillStyle = color('--accent');
  context.globalAlpha = all.length > 2000 ? 0.35 : 0.6;
  for (const dot of all) if (dot.trace.status !== 'error') draw(dot, 2.5);
  context.globalAlpha = 1;
  context.fillStyle = color('--error');
  for (const dot of failed) draw(dot, 3);
  const marked = all.find((dot) => dot.trace.traceId === at);
  if (marked === undefined) return;
  context.strokeStyle = color('--ink');
  context.lineWidth = 2;
  context.beginPath();
  context.arc(marked.x, marked.y, 6, 0, FULL);
  context.stroke();
}

/** A power of ten: `1 ms`, `10 ms`. */
function roundDuration(nanos: number): string {
  return formatDuration(nanos).replace(/\.0+(?=\D)/, '');
}
