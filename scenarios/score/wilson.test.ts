import { describe, expect, test } from 'vitest';
import { wilson } from './wilson.ts';

describe('wilson', () => {
  test('agrees with published values', () => {
    // Newcombe 1998, table I: 81/263, 15/148, 0/20.
    expect(wilson(81, 263).low).toBeCloseTo(0.2553, 4);
    expect(wilson(81, 263).high).toBeCloseTo(0.3662, 4);
    expect(wilson(15, 148).low).toBeCloseTo(0.0624, 4);
    expect(wilson(15, 148).high).toBeCloseTo(0.1605, 4);
    expect(wilson(0, 20).low).toBe(0);
    expect(wilson(0, 20).high).toBeCloseTo(0.1611, 4);
  });

  test('all of 2 000 is enough for the strictest bar, 30 wrong are not', () => {
    expect(wilson(2000, 2000).low).toBeGreaterThan(0.99);
    expect(wilson(1970, 2000).low).toBeLessThan(0.99);
  });

  test('nothing tried says nothing', () => {
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
  });
});
