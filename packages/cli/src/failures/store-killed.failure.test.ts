import { afterEach, beforeEach, expect, test } from 'vitest';
import { isRunning, waitFor } from '../testing/processes.ts';
import {
  agentOf,
  allSpans,
  health,
  missing,
  NUMBERED_LOAD,
  numbersOf,
  servedOf,
  settled,
} from './testing/spans.ts';
import { Stage } from './testing/stage.ts';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const KILLS = 3;

test('a store killed in mid ingest comes back; all that was seen is there, once', async () => {
  const weft = await stage.up('--cpu-budget', 'off');
  const load = stage.traced(process.execPath, '-e', NUMBERED_LOAD, '300', '0');
  let stored = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    // In mid ingest: since the start, or the last kill, some have been stored.
    await waitFor(
      weft.running.stderr,
      30_000,
      async () => (await agentOf(weft.url)).spansStored >= stored + 200,
    );
    const victim = weft.pidOf('weft-store');
    process.kill(victim, 'SIGKILL');
    const down = await waitFor(
      () => 'health says nothing of it',
      10_000,
      async () => {
        const now = await health(weft.url);
        return now.status === 'degraded' ? now : null;
      },
    );
    expect(down.problem).toMatch(/^The store (is down|cannot be reached): .*\.$/);
    await waitFor(weft.running.stderr, 30_000, async () => (await health(weft.url)).status === 'ok');
    expect(weft.pidOf('weft-store')).not.toBe(victim);
    stored = (await agentOf(weft.url)).spansStored;
  }
  process.kill(load.pid, 'SIGTERM');
  expect(await load.ended, load.stderr()).toBe(0);
  const served = servedOf(load.stdout());
  await settled(weft.url);

  const spans = await allSpans(weft.url);
  expect(missing(numbersOf(spans, 'server'), served)).toEqual([]);
  expect(missing(numbersOf(spans, 'client'), served)).toEqual([]);
  // Nothing twice: neither a request under two ids nor an id twice.
  expect(spans.length).toBe(2 * served);
  expect(new Set(spans.map((span) => span.spanId)).size).toBe(2 * served);
  expect((await agentOf(weft.url)).lost).not.toHaveProperty('export_dropped_spans');
  expect(isRunning(weft.pidOf('weft.js server '))).toBe(true);
});
