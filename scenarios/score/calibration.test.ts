import type { SpanJson } from '@weft/model';
import { expect, test } from 'vitest';
import { calibrationError, reliability, sumBins } from './calibration.ts';
import type { Verdict } from './verdict.ts';

function verdict(confidence: number, right: boolean, side: Verdict['side'] = 'client'): Verdict {
  return {
    call: 'c',
    side,
    outcome: right ? 'right' : 'wrong',
    span: { parentSpanId: 'p' } as unknown as SpanJson,
    ledTo: null,
    reason: '',
    evidence: 'unit',
    confidence,
  };
}

const times = (count: number, make: (i: number) => Verdict) =>
  Array.from({ length: count }, (_, i) => make(i));

test('confidence that comes true has no error, overconfidence has its distance', () => {
  const honest = reliability(times(100, (i) => verdict(0.9, i < 90)));
  expect(honest.find(({ from }) => from === 0.9)).toMatchObject({ links: 100, right: 90 });
  expect(calibrationError(honest)).toBeCloseTo(0, 6);
  const proud = reliability(times(100, (i) => verdict(1, i < 75)));
  expect(calibrationError(proud)).toBeCloseTo(0.25, 6);
  // Weighted by links: 100 of distance 0 and 100 of 0.25.
  expect(calibrationError(sumBins([honest, proud]))).toBeCloseTo(0.125, 6);
});

test('links over the network, and spans without a parent, do not count; a doubtful link does', () => {
  const unlinked = { ...verdict(0, false), span: { parentSpanId: null } as unknown as SpanJson };
  const bins = reliability([verdict(1, true, 'server'), unlinked, verdict(0.3, false), verdict(0.985, true)]);
  expect(bins.map(({ links }) => links)).toEqual([1, 0, 0, 0, 0, 0, 1, 0]);
  expect(calibrationError([])).toBe(0);
});
