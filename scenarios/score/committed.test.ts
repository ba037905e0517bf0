import { expect, test } from 'vitest';
import { belowCommitted, readCommitted } from './committed.ts';
import { markdownReport } from './report.ts';
import { cellOf as cell } from './synthetic.ts';

const FACTS = { date: '2026-01-02', kernel: '6.1', machine: '2 × CPU', command: 'weft score' };

test('what a page says is read back, and a cell that made it reaches it', () => {
  const cells = [cell(2000, 0), cell(2000, 30, 64)];
  const committed = readCommitted(markdownReport(cells, FACTS));
  expect([...committed.keys()]).toEqual(['x-y, closed 8', 'x-y, closed 64']);
  expect(committed.get('x-y, closed 64')).toBeCloseTo(cells[1]!.score.traces.interval.low, 4);
  expect(belowCommitted(cells, committed)).toEqual([]);
});

test('a share below the interval, and a row that is not there, are told', () => {
  const committed = readCommitted(markdownReport([cell(2000, 0)], FACTS));
  // 99.81 % is the interval's lower end.
  expect(belowCommitted([cell(2000, 5)], committed)).toEqual([]);
  expect(belowCommitted([cell(2000, 15)], committed)).toEqual([
    "x-y, closed 8: 1985 of 2000 traces exactly right (99.25 %), below the table's 99.81 %.",
  ]);
  expect(belowCommitted([cell(0, 0)], committed)).toHaveLength(1);
  expect(belowCommitted([cell(10, 0, 64)], committed)[0]).toContain(
    'x-y, closed 64: the table has no such row',
  );
});
