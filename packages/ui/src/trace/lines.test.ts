import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomSpans } from '../testing/random-trace.ts';
import { makeTrace, SHOP, spanId } from '../testing/traces.ts';
import { lineOf, revealed, visibleLines } from './lines.ts';
import { innerSpan, traceRows } from './rows.ts';

const OPEN = { depth: null, toggled: new Set<string>(), unfolded: new Set<string>() };
const folding = fc.record({
  depth: fc.option(fc.integer({ min: 0, max: 4 })),
  toggled: fc.uniqueArray(fc.integer({ min: 1, max: 30 })).map((ids) => new Set<string>(ids.map(spanId))),
  unfolded: fc.uniqueArray(fc.integer({ min: 1, max: 30 })).map((ids) => new Set<string>(ids.map(spanId))),
});

describe('visibleLines', () => {
  const { rows } = traceRows(SHOP);
  const names = (lines: ReturnType<typeof visibleLines>) =>
    lines.map(
      ({ row, member, depth }) =>
        `${depth} ${(member === null ? innerSpan(row) : row.spans[member]!).service}`,
    );

  it('shows a line a row, and hides what is below a collapsed one', () => {
    expect(names(visibleLines(rows, OPEN))).toEqual(['0 shop', '1 stock', '1 pay']);
    expect(names(visibleLines(rows, { ...OPEN, toggled: new Set([spanId(1)]) }))).toEqual(['0 shop']);
    expect(names(visibleLines(rows, { ...OPEN, depth: 0 }))).toEqual(['0 shop']);
    expect(names(visibleLines(rows, { ...OPEN, depth: 0, toggled: new Set([spanId(1)]) }))).toHaveLength(3);
  });

  it('shows the points of an unfolded exchange below each other, and its calls below the last', () => {
    expect(names(visibleLines(rows, { ...OPEN, unfolded: new Set([spanId(1), spanId(3)]) }))).toEqual([
      '0 load',
      '1 shop',
      '2 shop',
      '3 stock',
      '2 pay',
    ]);
  });

  it('finds the line of each span, or the one that hides it', () => {
    fc.assert(
      fc.property(randomSpans, folding, (spans, state) => {
        const model = traceRows(makeTrace(spans));
        const lines = visibleLines(model.rows, state);
        for (const [id, index] of model.rowOf) {
          const { row, member } = lines[lineOf(lines, index, id)]!;
          expect(row.index <= index && index < row.end).toBe(true);
          if (row.index === index && member !== null) expect(row.spans[member]!.spanId).toBe(id);
        }
      }),
    );
  });

  it('opens everything above a row, and nothing else', () => {
    fc.assert(
      fc.property(randomSpans, folding, fc.nat(), (spans, state, pick) => {
        const model = traceRows(makeTrace(spans));
        const index = pick % model.rows.length;
        const before = new Set(visibleLines(model.rows, state).map((line) => line.row.index));
        const after = visibleLines(model.rows, { ...state, toggled: revealed(model.rows, index, state) });
        expect(after.some((line) => line.row.index === index)).toBe(true);
        const shown = new Set(after.map((line) => line.row.index));
        expect([...before].every((row) => shown.has(row))).toBe(true);
      }),
    );
  });
});
