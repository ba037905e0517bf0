import { describe, expect, test } from 'vitest';
import { solve } from './beam.ts';
import { bootstrap } from './bootstrap.ts';
import { DelayHistogram } from './histogram.ts';
import { learn } from './learn.ts';
import { GroupModel, NEXT_CALL, NEXT_RESPONSE } from './model.ts';
import { pseudoRandom } from './random.ts';
import { refine } from './refine.ts';
import { ThreadModel } from './threads.ts';
import { orderWeight, TurnTaking } from './turn.ts';
import type { Window } from './window.ts';

describe('histogram of delays', () => {
  test('is a density: it sums to one', () => {
    const histogram = new DelayHistogram(null, 1);
    for (let i = 0; i < 500; i++) histogram.add(150 + (i % 100), 1);
    histogram.refresh();
    let sum = 0;
    for (let delay = 0; delay < 10_000; delay++) sum += Math.exp(histogram.logDensity(delay + 0.5));
    expect(sum).toBeGreaterThan(0.95);
    expect(sum).toBeLessThan(1.05);
  });

  test('knows two modes, and stays open to what it has not seen', () => {
    const histogram = new DelayHistogram(null, 1);
    for (let i = 0; i < 300; i++) histogram.add(i % 2 === 0 ? 20 : 5_000, 1);
    histogram.refresh();
    expect(histogram.logDensity(20)).toBeGreaterThan(histogram.logDensity(400) + 3);
    expect(histogram.logDensity(5_000)).toBeGreaterThan(histogram.logDensity(40_000) + 3);
    expect(Number.isFinite(histogram.logDensity(1e12))).toBe(true);
  });
});

test('turns: strictly kept ones speak loudly, independent ones hardly', () => {
  const queue = new TurnTaking();
  const chance = new TurnTaking();
  for (let i = 0; i < 500; i++) {
    queue.learn(true, 0.5, 1);
    chance.learn(i % 2 === 0, 0.5, 1);
  }
  expect(queue.logOdds).toBeGreaterThan(2);
  expect(Math.abs(chance.logOdds)).toBeLessThan(0.1);
  expect([orderWeight(0), orderWeight(1e6)]).toEqual([0, 1]);
});

test('threads: in a pool the same one tells, on an event loop it does not', () => {
  const pool = new ThreadModel();
  const loop = new ThreadModel();
  for (let i = 0; i < 200; i++) {
    pool.learn('later', i % 8, i % 8, 1);
    loop.learn('later', 1, 1, 1);
  }
  expect(pool.logLikelihood('later', 3, 3) - pool.logLikelihood('later', 4, 3)).toBeGreaterThan(4);
  expect(loop.logLikelihood('later', 1, 1)).toBeCloseTo(0, 1);
  expect(loop.logLikelihood('later', null, 1)).toBe(0);
});

/** `count` requests, `apart` microseconds from each other, each with two calls. */
function window(group: GroupModel, count: number, apart: number): Window {
  const type = group.type('t');
  const requests = Array.from({ length: count }, (_, i) => ({
    type,
    start: i * apart,
    end: i * apart + 1_000,
    thread: null,
    endThread: null,
  }));
  const calls = requests.flatMap(({ start }) => [
    { kind: group.kind('a'), start: start + 100, end: start + 500, thread: null, fixed: null, prior: null },
    { kind: group.kind('b'), start: start + 600, end: start + 900, thread: null, fixed: null, prior: null },
  ]);
  return { requests, calls };
}

const PARENTS = (count: number) => Int32Array.from({ length: 2 * count }, (_, i) => i >> 1);

describe('search', () => {
  test('finds what was learnt; probabilities of a call sum to one, draws agree', () => {
    const group = new GroupModel();
    learn(group, window(group, 200, 5_000), PARENTS(200), 1);
    group.refresh();
    const { best, marginals, sample } = solve(group, window(group, 8, 330), { width: 32, hopeless: 14 });
    expect([...best]).toEqual([...PARENTS(8)]);
    for (const marginal of marginals) {
      const sum = [...marginal.values()].reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(1, 6);
    }
    expect([...sample(pseudoRandom(1))]).toEqual([...best]);
  });

  test('refinement repairs an assignment that is all wrong', () => {
    const group = new GroupModel();
    learn(group, window(group, 200, 5_000), PARENTS(200), 1);
    group.refresh();
    const load = window(group, 12, 150);
    const wrong = PARENTS(12).map((parent, call) => (call >= 2 && call < 22 ? parent ^ 1 : parent));
    const { parents } = refine(group, load, wrong, pseudoRandom(2));
    expect([...parents]).toEqual([...PARENTS(12)]);
  });
});

test('the first impression finds order and delays without any assignment', () => {
  const group = new GroupModel();
  const random = pseudoRandom(9);
  let at = 0;
  const single = window(group, 1, 0);
  const shifted = Array.from({ length: 400 }, () => {
    at += Math.round(-300 * Math.log(1 - random()));
    return at;
  });
  const load: Window = {
    requests: shifted.map((by) => ({ ...single.requests[0]!, start: by, end: by + 1_000 })),
    calls: shifted.flatMap((by) =>
      single.calls.map((call) => ({ ...call, start: call.start + by, end: call.end + by })),
    ),
  };
  bootstrap([load]);
  group.refresh();
  const { initial } = group.type('t');
  const a = NEXT_CALL + group.kind('a');
  expect(initial.logProbability(a)).toBeGreaterThan(initial.logProbability(NEXT_RESPONSE));
  expect(initial.delay(a).logDensity(100)).toBeGreaterThan(initial.delay(a).logDensity(400) + 2);
});
