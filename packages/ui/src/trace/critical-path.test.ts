import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomSpans } from '../testing/random-trace.ts';
import { exchange, makeSpan, makeTrace, SHOP } from '../testing/traces.ts';
import { criticalPath, selfTime, slowestHops } from './critical-path.ts';
import { innerSpan, traceRows } from './rows.ts';

function hops(trace: ReturnType<typeof makeTrace>) {
  const { rows } = traceRows(trace);
  return slowestHops(rows, criticalPath(rows)).map(
    ({ row, part, nanos }) => `${innerSpan(row).service} ${part} ${nanos}`,
  );
}

describe('criticalPath', () => {
  it('gives each moment to what the trace waited for, servers and networks apart', () => {
    expect(hops(SHOP)).toEqual([
      'pay between 300',
      'shop inside 200',
      'pay inside 200',
      'stock inside 160',
      'shop between 100',
      'stock between 40',
    ]);
  });

  it('leaves out what ran beside something slower', () => {
    const trace = makeTrace([
      makeSpan({ id: 1, parent: null, service: 'front', from: 0, to: 100 }),
      makeSpan({ id: 2, parent: 1, service: 'quick', from: 10, to: 60 }),
      makeSpan({ id: 3, parent: 1, service: 'slow', from: 12, to: 90 }),
    ]);
    expect(hops(trace)).toEqual(['slow inside 78', 'front inside 22']);
  });

  it('counts a call that outlives its parent up to the end of the parent', () => {
    const trace = makeTrace([
      makeSpan({ id: 1, parent: null, service: 'front', from: 0, to: 100 }),
      makeSpan({ id: 2, parent: 1, service: 'late', from: 80, to: 500 }),
    ]);
    expect(hops(trace)).toEqual(['front inside 80', 'late inside 20']);
  });

  it('divides the time of each root, without gap or overlap', () => {
    fc.assert(
      fc.property(randomSpans, (spans) => {
        const { rows } = traceRows(makeTrace(spans));
        const path = criticalPath(rows);
        const roots = rows.filter((row) => row.parent < 0);
        expect(path.total).toBe(roots.reduce((sum, row) => sum + row.duration, 0));
        for (const root of roots) {
          const pieces = rows
            .slice(root.index, root.end)
            .flatMap((row) => path.segments.get(row.index) ?? [])
            .sort((a, b) => a.from - b.from);
          let at = root.start;
          for (const piece of pieces) {
            expect(piece.from).toBe(at);
            at = piece.to;
          }
          expect(at).toBe(root.start + root.duration);
        }
      }),
    );
  });

  it('walks a chain of ten thousand calls', () => {
    const chain = Array.from({ length: 10_000 }, (_, i) =>
      makeSpan({ id: i + 1, parent: i === 0 ? null : i, service: 's', from: i, to: 30_000 - i }),
    );
    const { rows } = traceRows(makeTrace(chain));
    expect(criticalPath(rows).total).toBe(30_000);
  });
});

describe('selfTime', () => {
  it('is what remains of the server’s time without its calls', () => {
    const { rows } = traceRows(SHOP);
    expect(rows.map((row) => selfTime(row, rows))).toEqual([200, 160, 200]);
    const overlapping = traceRows(
      makeTrace([
        ...exchange(1, null, 'load', 'shop', [0, 100], [0, 100]),
        ...exchange(3, 2, 'shop', 'a', [10, 50], [10, 50]),
        ...exchange(5, 2, 'shop', 'b', [30, 70], [30, 70]),
        ...exchange(7, 2, 'shop', 'c', [90, 200], [90, 200]),
      ]),
    ).rows;
    expect(selfTime(overlapping[0]!, overlapping)).toBe(30);
  });
});
