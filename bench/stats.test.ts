import { expect, test } from 'vitest';
import { fixed, median, medianDifference, medianRatio, percent, quantile, span } from './stats.ts';

test('median and quantiles, whatever the order', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
  expect(quantile([10, 20, 30, 40, 50], 0)).toBe(10);
  expect(quantile([10, 20, 30, 40, 50], 0.95)).toBeCloseTo(48);
  expect(quantile([10, 20, 30, 40, 50], 1)).toBe(50);
  const values = [3, 1, 2];
  median(values);
  expect(values).toEqual([3, 1, 2]);
});

test('ratios and differences are those of each round, not of the medians', () => {
  // The machine halves its speed after the first round: the cost stays a tenth.
  expect(medianRatio([110, 220, 220], [100, 200, 200])).toBeCloseTo(1.1);
  expect(medianDifference([110, 220, 230], [100, 200, 200])).toBe(20);
  expect(medianRatio([110, 220], [100, 200])).not.toBeCloseTo(median([110, 220]) / 100);
});

test('numbers for people', () => {
  expect(fixed(1234567)).toBe('1 234 567');
  expect(fixed(1234.567, 2)).toBe('1 234.57');
  expect(fixed(-1234.5, 1)).toBe('-1 234.5');
  expect(fixed(-0.2)).toBe('0');
  expect(fixed(999)).toBe('999');
  expect(fixed(Number.NaN)).toBe('–');
  expect(percent(0.9512)).toBe('95.1 %');
  expect(percent(1, 0)).toBe('100 %');
  expect(percent(Number.NaN)).toBe('–');
  expect(span([3, 1, 2])).toBe('1–3');
  expect(span([])).toBe('–');
});
