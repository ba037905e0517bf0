import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CpuBudget, PAYLOAD_STEPS, PERIOD_MS } from './budget.ts';

/** A second after a second: all that is traced costs so many per cent of a core. */
function run(budget: CpuBudget, seconds: number, perCentWhole: (second: number) => number): number[] {
  const shares: number[] = [];
  let cpu = 0;
  budget.measure(0, 0);
  for (let second = 1; second <= seconds; second++) {
    cpu += 10 * perCentWhole(second) * budget.share;
    budget.measure(1_000 * second, cpu);
    shares.push(budget.share);
  }
  return shares;
}

describe('share', () => {
  test('without a limit, or within it, everything is traced', () => {
    expect(run(new CpuBudget(null), 5, () => 90)).toEqual([1, 1, 1, 1, 1]);
    expect(run(new CpuBudget(30), 5, () => 20)).toEqual([1, 1, 1, 1, 1]);
  });

  test('past it, the share settles where the cost is the budget', () => {
    const shares = run(new CpuBudget(30), 30, () => 90);
    expect(shares.at(-1)).toBeGreaterThan(0.2);
    expect(shares.at(-1)).toBeLessThan(0.45);
  });

  test('it never falls to nothing, and comes back by steps', () => {
    const shares = run(new CpuBudget(10), 120, (second) => (second <= 40 ? 100_000 : 1));
    expect(Math.min(...shares)).toBeGreaterThan(0);
    expect(shares[39]).toBeLessThan(0.1);
    expect(shares.at(-1)).toBe(1);
    // No step back up is a jump.
    for (let i = 41; i < shares.length; i++) expect(shares[i]! / shares[i - 1]!).toBeLessThan(2);
  });

  test('stays between 0 and 1 whatever is measured', () => {
    const sample = fc.tuple(
      fc.double({ min: -1e4, max: 1e5, noNaN: true }),
      fc.double({ min: 0, max: 1e5, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(sample), (samples) => {
        const budget = new CpuBudget(30);
        let [time, cpu] = [0, 0];
        for (const [elapsed, used] of samples) {
          time += elapsed;
          cpu += used;
          budget.measure(time, cpu);
          expect(budget.share).toBeGreaterThan(0);
          expect(budget.share).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test('starting and bursts are paid from what was saved up: two seconds’ budget', () => {
    // 30 % of a core saves 0.6 s of CPU; at 60 % it lasts for two seconds.
    const shares = run(new CpuBudget(30), 5, () => 60);
    expect(shares.slice(0, 1)).toEqual([1]);
    expect(shares.at(-1)).toBeLessThan(1);
    // A quiet time fills it up again.
    const rested = run(new CpuBudget(30), 61, (second) => (second === 61 ? 60 : 1));
    expect(rested.at(-1)).toBe(1);
  });
});

describe('payload', () => {
  /** Share, payload and CPU ms so far, second by second: all that is traced costs so many per cent, of which payload has a part. */
  function told(seconds: number, perCent: (second: number) => number, ofPayload: number) {
    const budget = new CpuBudget(30);
    const seen: { share: number; payloadBytes: number; used: number }[] = [];
    let cpu = 0;
    budget.measure(0, 0);
    for (let second = 1; second <= seconds; second++) {
      const payload = ofPayload * (budget.payloadBytes / PAYLOAD_STEPS[0]!);
      cpu += 10 * perCent(second) * budget.share * (1 - ofPayload + payload);
      budget.measure(1_000 * second, cpu);
      seen.push({ share: budget.share, payloadBytes: budget.payloadBytes, used: cpu });
    }
    return seen;
  }

  test('is shed before any trace, step by step', () => {
    const seen = told(20, () => 60, 0.2);
    for (const { share, payloadBytes } of seen) if (share < 1) expect(payloadBytes).toBe(512);
    const steps = seen.map(({ payloadBytes }) => payloadBytes);
    expect([...new Set(steps)]).toEqual([...PAYLOAD_STEPS]);
    expect(steps).toEqual([...steps].sort((a, b) => b - a));
  });

  test('alone, when that is enough', () => {
    const seen = told(60, () => 36, 0.4);
    expect(seen.every(({ share }) => share === 1)).toBe(true);
    expect(Math.min(...seen.map(({ payloadBytes }) => payloadBytes))).toBeLessThan(4_096);
    // Full payload comes back now and then: what was saved up is spent, no more.
    expect(seen.at(-1)!.used).toBeLessThan(0.3 * 60_000 + 600);
  });

  test('comes back last, when there is much to spare', () => {
    const seen = told(120, (second) => (second <= 30 ? 200 : 5), 0.2);
    expect(seen[29]!.share).toBeLessThan(0.3);
    for (const { share, payloadBytes } of seen.slice(30)) if (payloadBytes > 512) expect(share).toBe(1);
    expect(seen.at(-1)).toMatchObject({ share: 1, payloadBytes: 4_096 });
  });
});

describe('traced', () => {
  test('whole slices at the beginning of each period, on every host alike', () => {
    const budget = new CpuBudget(30);
    run(budget, 30, () => 90);
    const period = (start: number) => Array.from({ length: PERIOD_MS }, (_, ms) => budget.traced(start + ms));
    const first = period(1_700_000_000_000);
    expect(period(1_700_000_005_000)).toEqual(first);
    expect(first[0]).toBe(true);
    expect(first.at(-1)).toBe(false);
    // One change from traced to not, no flicker.
    expect(first.filter((traced, ms) => ms > 0 && traced !== first[ms - 1])).toHaveLength(1);
    const part = first.filter(Boolean).length / PERIOD_MS;
    expect(part).toBeCloseTo(budget.share, 2);
  });

  test('always, with the whole share', () => {
    const budget = new CpuBudget(null);
    for (let ms = 0; ms < PERIOD_MS; ms += 50) expect(budget.traced(ms)).toBe(true);
  });
});
