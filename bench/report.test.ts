import { expect, test } from 'vitest';
import { type BenchResult, markdownReport, markdownTable, textReport, textTable } from './report.ts';

const table = {
  caption: 'Requests/s',
  head: ['', 'plain', 'traced'],
  rows: [
    ['nginx', '85 000', '80 000'],
    ['a | b', '1', '2'],
  ],
};
const result: BenchResult = {
  name: 'sample',
  title: 'A sample',
  method: ['First.', 'Second.'],
  tables: [table],
  bars: [
    { what: 'throughput', limit: '≥ 90 %', value: '94 %', met: true },
    { what: 'latency', limit: '≤ 2 s', value: '3 s', met: false },
  ],
};

test('columns of the text table are aligned: text to the left, figures to the right', () => {
  expect(textTable(table).split('\n')).toEqual([
    'Requests/s:',
    '          plain  traced',
    '  nginx  85 000  80 000',
    '  a | b       1       2',
  ]);
});

test('the Markdown table keeps its columns whatever the cells hold', () => {
  const lines = markdownTable(table.head, table.rows).split('\n');
  expect(lines).toEqual([
    '|  | plain | traced |',
    '| --- | ---: | ---: |',
    '| nginx | 85 000 | 80 000 |',
    '| a \\| b | 1 | 2 |',
  ]);
});

test('a missed bar cannot be overlooked', () => {
  expect(textReport(result)).toContain('met     throughput: 94 % (bar: ≥ 90 %)');
  expect(textReport(result)).toContain('MISSED  latency: 3 s (bar: ≤ 2 s)');
});

test('the page names machine and command, all bars first, then each benchmark', () => {
  const facts = {
    date: '2020-01-02',
    kernel: '6.18',
    machine: '2 × CPU',
    node: '20.1',
    command: 'npm run bench',
  };
  const page = markdownReport([result], facts);
  expect(page).toContain('`npm run bench` on 2020-01-02');
  expect(page).toContain('Linux 6.18, 2 × CPU, Node 20.1');
  expect(page).toContain('| latency | ≤ 2 s | 3 s | **missed** |');
  expect(page.indexOf('| throughput |')).toBeLessThan(page.indexOf('## A sample'));
  expect(page).toContain('`npm run bench -- sample`. First. Second.');
});
