import type { TraceId, TraceSummaryJson } from '@weft/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clockTicks, dots, nearest, PLOT, scatterScale, timeAt, xOf } from './scatter-layout.ts';

const trace = (millis: number, nanos: number): TraceSummaryJson => ({
  traceId: 'b'.repeat(32) as TraceId,
  rootService: 'shop',
  rootName: 'GET /',
  startTimeUnixNano: `${millis}000000`,
  durationNano: String(nanos),
  spanCount: 1,
  services: ['shop'],
  status: 'ok',
  truncated: false,
});
const traces = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 2e9 }), fc.integer({ min: 0, max: 1e12 }))
    .map(([at, took]) => trace(at, took)),
  { minLength: 1, maxLength: 30 },
);

describe('the scatter plot', () => {
  it('has every trace inside, and finds it where it is drawn', () => {
    fc.assert(
      fc.property(traces, (all) => {
        const scale = scatterScale(all, 800, 180);
        for (const dot of dots(all, scale)) {
          expect(dot.x).toBeGreaterThanOrEqual(PLOT.left - 0.001);
          expect(dot.x).toBeLessThanOrEqual(800 - PLOT.right + 0.001);
          expect(dot.y).toBeGreaterThanOrEqual(PLOT.top - 0.001);
          expect(dot.y).toBeLessThanOrEqual(180 - PLOT.bottom + 0.001);
          const found = nearest(dots(all, scale), dot.x, dot.y, 1);
          expect([found?.x, found?.y]).toEqual([dot.x, dot.y]);
        }
      }),
    );
    expect(nearest(dots([trace(1, 1)], scatterScale([trace(1, 1)], 800, 180)), 0, 0, 12)).toBeNull();
  });

  it('reads the time at a place, and no other than it shows', () => {
    const scale = scatterScale([trace(1000, 1e6), trace(9000, 1e8)], 800, 180);
    expect(timeAt(scale, xOf(scale, 4321))).toBeCloseTo(4321, 6);
    expect(timeAt(scale, -50)).toBe(1000);
    expect(timeAt(scale, 5000)).toBe(9000);
  });

  it('has ticks as clocks have', () => {
    expect(clockTicks(1000, 61_000, 6)).toEqual([10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
    expect(clockTicks(0, 400, 5)).toEqual([0, 100, 200, 300, 400]);
  });
});
