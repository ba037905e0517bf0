import { expect, test } from 'vitest';
import { makeSpan, type SpanSketch } from '../testing/traces.ts';
import { branches, treeRows } from './tree.ts';

function span(id: number, parent: number | null): ReturnType<typeof makeSpan> {
  const sketch: SpanSketch = { id, parent, service: 's', name: `n${id}`, kind: 'server', from: 0, to: 1 };
  return makeSpan(sketch);
}

test('depth first, siblings as given', () => {
  const rows = treeRows([span(1, null), span(2, 1), span(3, 1), span(4, 2)]);
  expect(rows.map((row) => `${branches(row, 20)}${row.span.name}`)).toEqual(['n1', '├ n2', '│ └ n4', '└ n3']);
});

test('every span appears once, orphans and loops too', () => {
  const spans = [span(1, null), span(2, 99), span(3, 4), span(4, 3), span(5, 5)];
  const rows = treeRows(spans);
  expect(rows.map((row) => row.span.name).sort()).toEqual(['n1', 'n2', 'n3', 'n4', 'n5']);
});

test('a long chain does not exhaust the stack', () => {
  const spans = Array.from({ length: 20_000 }, (_, i) => span(i + 1, i === 0 ? null : i));
  expect(treeRows(spans)).toHaveLength(20_000);
});

test('branches are cut on the left', () => {
  const rows = treeRows([span(1, null), span(2, 1), span(3, 2), span(4, 3), span(5, 4)]);
  expect([8, 7, 6, 5, 4, 2].map((width) => branches(rows[4]!, width))).toEqual([
    '      └ ',
    '…    └ ',
    '…   └ ',
    '…  └ ',
    '… └ ',
    '… ',
  ]);
});
