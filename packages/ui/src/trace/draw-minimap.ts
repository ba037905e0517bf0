import type { Drawing } from '../look/canvas.ts';
import { serviceToken } from '../look/service-color.ts';
import type { CriticalPath } from './critical-path.ts';
import { innerSpan, type TraceRows } from './rows.ts';

/** Room for the axis' numbers, px. */
const AXIS = 16;
const MARGIN = 3;

/** Each row as a thin line in its service's colour, the critical path over it. */
export function drawMinimap(drawing: Drawing, { rows, duration }: TraceRows, path: CriticalPath): void {
  const { context, width, height, color } = drawing;
  context.clearRect(0, 0, width, height);
  const room = height - AXIS - 2 * MARGIN;
  const pitch = room / rows.length;
  const thick = Math.max(1, Math.min(4, pitch - 1));
  const x = (at: number) => (at / duration) * width;
  for (const row of rows) {
    const y = AXIS + MARGIN + row.index * pitch;
    const span = innerSpan(row);
    context.fillStyle = color(span.status === 'error' ? '--error' : serviceToken(span.service));
    context.globalAlpha = 0.3;
    context.fillRect(x(row.start), y, Math.max(1, x(row.duration)), thick);
    context.globalAlpha = 0.75;
    context.fillRect(x(row.innerStart), y, Math.max(1, x(row.innerDuration)), thick);
  }
  context.globalAlpha = 1;
  context.fillStyle = color('--ember');
  for (const [index, segments] of path.segments) {
    const y = AXIS + MARGIN + index * pitch + Math.max(0, thick - 1.5);
    for (const { from, to } of segments) context.fillRect(x(from), y, Math.max(0.5, x(to - from)), 1.5);
  }
}
