import { afterEach, beforeEach, expect, test } from 'vitest';
import { isRunning, waitFor } from '../testing/processes.ts';
import { agentOf, allSpans, settled } from './testing/spans.ts';
import { Stage } from './testing/stage.ts';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const PER_SECOND = 500;
const SECONDS = 8;
const BUDGET = 25;
const MOST_RESIDENT = 400 * 2 ** 20;

test(`${PER_SECOND} process starts a second: names are right, the budget holds, memory is bounded`, async () => {
  const program = stage.compile('starts.c');
  const weft = await stage.up('--cpu-budget', String(BUDGET));
  const agent = weft.pidOf('weft.js agent ');
  // Starting is paid from savings.
  const before = await waitFor(weft.running.stderr, 20_000, async () => {
    const report = await agentOf(weft.url);
    return report.cpuSeconds > 0 ? report : null;
  });
  const begun = Date.now();
  const load = stage.traced(program, String(PER_SECOND), String(SECONDS));
  expect(await load.ended, load.stderr()).toBe(0);
  const [, started, calls] = /^started (\d+) calls (\d+)$/m.exec(load.stdout())!.map(Number);
  await settled(weft.url);
  const after = await agentOf(weft.url);
  const elapsed = (Date.now() - begun) / 1000;
  const used = after.cpuSeconds - before.cpuSeconds;
  process.stderr.write(
    `    ${started} starts, agent ${((100 * used) / elapsed).toFixed(1)} % of a core, ${after.residentBytes >> 20} MiB, share ${after.tracedShare}\n`,
  );
  expect(started).toBeGreaterThan(0.8 * PER_SECOND * SECONDS);
  expect(isRunning(agent)).toBe(true);
  // What was saved up may be spent besides.
  expect(used).toBeLessThan((BUDGET / 100) * (elapsed + 2));
  expect(after.residentBytes).toBeLessThan(MOST_RESIDENT);

  const spans = await allSpans(weft.url);
  const clients = spans.filter((span) => span.kind === 'client');
  const lost = Object.values(after.lost).reduce((sum, count) => sum + count, 0);
  expect(clients.length + lost).toBeGreaterThanOrEqual(calls!);
  expect(clients.length).toBeGreaterThan(0);
  for (const span of clients) {
    expect(span.service, JSON.stringify(span)).toBe(String(span.attributes['url.path']).split('/')[3]);
  }
});
