import { expect, test } from 'vitest';
import { WorkLimit } from './work.ts';

const SECOND = 1e9;

test('work is bounded by the time that passes, saved up for a second at most', () => {
  const work = new WorkLimit(1_000);
  work.advance(5 * SECOND);
  work.spend(999);
  expect(work.isSpent).toBe(false);
  work.spend(1);
  expect([work.isSpent, work.isRested, work.done]).toEqual([true, false, 1_000]);
  work.advance(5.4 * SECOND);
  expect([work.isSpent, work.isRested]).toEqual([false, false]);
  work.advance(5.5 * SECOND);
  expect(work.isRested).toBe(true);
  work.advance(100 * SECOND);
  work.spend(1_000);
  expect(work.isSpent).toBe(true);
});

test('time that goes backwards earns nothing, twice the same neither', () => {
  const work = new WorkLimit(1_000);
  work.advance(2 * SECOND);
  work.spend(1_000);
  work.advance(1 * SECOND);
  work.advance(2 * SECOND);
  expect(work.isSpent).toBe(true);
});
