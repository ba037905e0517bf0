import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SCENARIOS } from './catalog.ts';
import { runScenario } from './run-scenario.ts';

/** Real programs, untraced: the truth they note must hang together before anything is scored by it. */
const tested = SCENARIOS.filter((scenario) => scenario.extra !== true);

describe.each(tested.map((scenario) => [scenario.name, scenario] as const))('%s', (name, scenario) => {
  let obstacle: string | null = null;
  const stop = new AbortController();
  beforeAll(async () => {
    obstacle = await scenario.prepare();
  }, 300_000);
  afterAll(() => stop.abort());

  test('its truth logs are consistent and its calls form trees', async ({ skip }) => {
    if (obstacle !== null) skip(obstacle);
    const run = await runScenario(name, {
      shape: { loop: 'closed', concurrency: 8 },
      amount: { requests: 200, seconds: 0 },
      apiUrl: null,
      cgroup: null,
      signal: stop.signal,
    });
    expect(run.truth.problems).toEqual([]);
    expect(run.load.errors).toBe(0);
    expect(run.truth.trees.size).toBe(run.load.requests);
    const sizes = [...run.truth.trees.values()].map((tree) => tree.length);
    expect(Math.max(...sizes)).toBeGreaterThan(4);
    // Some requests skip their calls: not every trace has the same shape.
    expect(Math.min(...sizes)).toBeLessThan(3);
  }, 60_000);
});
