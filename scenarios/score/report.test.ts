import { describe, expect, test } from 'vitest';
import { markdownReport, meetsBar } from './report.ts';
import { cellOf as cell } from './synthetic.ts';

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
    expect(page).toContain('| x-y | closed 8 |');
    expect(page).toContain('1995 of 2000 (99.75 %)');
    expect(page).toContain('unseen span 5');
    for (const fact of Object.values(facts)) expect(page).toContain(fact);
  });
});
