import { beforeEach, describe, expect, test } from 'vitest';
import { Alignment, MOST_READS } from './alignment.ts';

/** Rows are writes, columns reads. */
function pairsOf(alignment: Alignment): number[][] {
  return Array.from({ length: alignment.writes }, (_, i) =>
    Array.from({ length: alignment.reads }, (_, j) => Number(alignment.pair[i * MOST_READS + j]!.toFixed(3))),
  );
}

describe('alignment of what was read with what was written', () => {
  let alignment: Alignment;

  /** Every read may lead to every write as well as to none. */
  function lay(reads: number, writes: number): void {
    alignment.reads = reads;
    alignment.writes = writes;
    alignment.round = 0;
    alignment.skip.fill(0.5);
    alignment.lead.fill(0.5);
    alignment.again.fill(0);
    alignment.stop.fill(1);
    alignment.stray.fill(0);
  }

  beforeEach(() => {
    alignment = new Alignment();
  });

  test('as many writes as reads: each its own, in order', () => {
    lay(3, 3);
    expect(alignment.solve()).toBe(true);
    expect(pairsOf(alignment)).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
  });

  test('one read led to nothing: any of them, and what is certain of one write tells of its neighbours', () => {
    lay(3, 2);
    alignment.solve();
    expect(pairsOf(alignment)).toEqual([
      [0.667, 0.333, 0],
      [0, 0.333, 0.667],
    ]);
    // The first write is known to be the second read's.
    alignment.lead[0] = 0;
    alignment.lead[2] = 0;
    alignment.solve();
    expect(pairsOf(alignment)).toEqual([
      [0, 1, 0],
      [0, 0, 1],
    ]);
  });

  test('a read may lead to two writes, one after the other', () => {
    lay(2, 3);
    alignment.skip.fill(0);
    alignment.again.fill(0.5);
    alignment.stop.fill(0.5);
    alignment.solve();
    expect(pairsOf(alignment)).toEqual([
      [1, 0],
      [0.5, 0.5],
      [0, 1],
    ]);
    expect(alignment.first[MOST_READS]).toBe(0);
  });

  test('writes that cross need another round of the loop', () => {
    lay(2, 2);
    alignment.lead[0] = 0;
    alignment.lead[MOST_READS + 1] = 0;
    expect(alignment.solve()).toBe(false);
    alignment.round = 0.1;
    expect(alignment.solve()).toBe(true);
    expect(pairsOf(alignment)).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(alignment.rounds).toBeCloseTo(1);
  });

  test('a write that nothing led to is told, not forced upon a read', () => {
    lay(1, 2);
    alignment.stray.fill(0.01);
    alignment.lead[MOST_READS] = 0;
    alignment.solve();
    expect(pairsOf(alignment)[0]![0]).toBeGreaterThan(0.95);
    expect(pairsOf(alignment)[1]).toEqual([0]);
  });

  test('long passes: probabilities stay probabilities', () => {
    lay(90, 60);
    alignment.solve();
    for (const row of pairsOf(alignment)) expect(row.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 1);
  });
});
