import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clampView, pan, place, span, ticks, zoomAround } from './timeline.ts';

const DURATION = 1e9;
const view = fc
  .tuple(fc.integer({ min: 0, max: DURATION }), fc.integer({ min: 0, max: DURATION }))
  .map(([a, b]) => clampView(a, b, DURATION) ?? { from: 0, to: DURATION });

describe('timeline', () => {
  it('has ticks at round distances', () => {
    expect(ticks({ from: 0, to: 10_900_000 }, 6)).toEqual({
      at: [0, 2e6, 4e6, 6e6, 8e6, 10e6],
      step: 2e6,
    });
    expect(ticks({ from: 990, to: 2010 }, 4).at).toEqual([1000, 1500, 2000]);
  });

  it('has neither too many ticks nor ones outside', () => {
    fc.assert(
      fc.property(view, fc.integer({ min: 1, max: 12 }), (shown, most) => {
        const { at } = ticks(shown, most);
        expect(at.length).toBeLessThanOrEqual(most + 1);
        for (const moment of at) expect(moment >= shown.from && moment <= shown.to).toBe(true);
      }),
    );
  });

  it('cuts what is only partly in view, and leaves out the rest', () => {
    const shown = { from: 100, to: 200 };
    expect(span(shown, 50, 150)).toEqual({ left: 0, width: 50 });
    expect(span(shown, 150, 150)).toEqual({ left: 50, width: 0 });
    expect(span(shown, 0, 99)).toBeNull();
    expect(span(shown, 201, 300)).toBeNull();
    expect(place(shown, 125)).toBe(0.25);
  });

  it('never leaves the trace, however it is zoomed and moved', () => {
    fc.assert(
      fc.property(
        view,
        fc.integer({ min: 0, max: DURATION }),
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.integer({ min: -2e9, max: 2e9 }),
        (shown, center, factor, by) => {
          for (const next of [zoomAround(shown, center, factor, DURATION), pan(shown, by, DURATION)]) {
            if (next === null) continue;
            expect(next.from).toBeGreaterThanOrEqual(0);
            expect(next.to).toBeLessThanOrEqual(DURATION);
            expect(next.to - next.from).toBeGreaterThanOrEqual(999);
          }
        },
      ),
    );
    expect(clampView(700, 0, 500)).toBeNull();
  });
});
