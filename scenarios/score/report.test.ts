import { describe, expect, test } from 'vitest';
import { type Cell, markdownReport, meetsBar } from './report.ts';
import { scoreSpans } from './score.ts';
import { perfectSpans } from './synthetic.ts';
import { readTruth } from './truth.ts';

function cell(requests: number, unseen: number, concurrency: number): Cell {
  const text = Array.from({ length: requests }, (_, i) => `{"call":"callid${i}","parent":null}`).join('\n');
  const truth = readTruth([{ name: 'load.jsonl', text }]);
  const spans = [...perfectSpans(truth).values()].slice(2 * unseen);
  const { score } = scoreSpans(truth, spans);
  return { scenario: 'x', shape: { loop: 'closed', concurrency }, requestsPerSecond: 1, errors: 0, score };
}

describe('report', () => {
  test('the lower end of the interval is what meets a bar', () => {
    expect(meetsBar(cell(2000, 5, 8))).toBe(true);
    // 99.2 % right, but the interval reaches below 99 %.
    expect(meetsBar(cell(2000, 16, 8))).toBe(false);
    expect(meetsBar(cell(2000, 16, 64))).toBe(true);
    expect(meetsBar(cell(100, 0, 8))).toBe(false);
  });

  test('the page shows each cell with the facts to repeat it', () => {
    const facts = { date: '2026-01-02', kernel: '6.1', machine: '2 × CPU', command: 'weft score' };
    const page = markdownReport([cell(2000, 5, 8)], facts);
    expect(page).toContain('| x | closed 8 |');
    expect(page).toContain('1995 of 2000 (99.75 %)');
    expect(page).toContain('unseen span 5');
    for (const fact of Object.values(facts)) expect(page).toContain(fact);
  });
});
