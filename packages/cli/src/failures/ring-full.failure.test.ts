import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitFor } from '../testing/processes.ts';
import {
  agentOf,
  allSpans,
  lostInMetrics,
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

/** At 700 requests/s of 3 KB, each of which four events carry or announce, rings of 4 MiB a CPU are full in half of that. */
const STOPPED_MS = 6_000;

test('rings that overflow are counted and shown, and what comes later on the same connections is right', async () => {
  const server = await stage.server('127.0.0.1:0');
  const agent = await stage.agent(server.url, ['--cpu-budget', 'off']);
  const load = stage.traced(process.execPath, '-e', NUMBERED_LOAD, '700', '0', '3000');
  await waitFor(load.stderr, 30_000, async () => (await allSpans(server.url)).length > 100);
  // An agent that does not get to run: nobody reads the rings.
  process.kill(agent.pid, 'SIGSTOP');
  await sleep(STOPPED_MS);
  process.kill(agent.pid, 'SIGCONT');
  const lost = await waitFor(
    agent.stderr,
    20_000,
    async () => (await agentOf(server.url)).lost['kernel_ring_full'] || null,
  );
  expect(lost).toBeGreaterThan(0);
  const resumed = BigInt(Date.now()) * 1_000_000n;
  await sleep(2_000);
  process.kill(load.pid, 'SIGTERM');
  expect(await load.ended, load.stderr()).toBe(0);
  const served = servedOf(load.stdout());
  await settled(server.url);
  const final = (await agentOf(server.url)).lost['kernel_ring_full']!;
  expect(await lostInMetrics(server.url, 'kernel_ring_full')).toBe(final);

  const spans = await allSpans(server.url);
  const first = Math.min(
    ...numbersOf(
      spans.filter((span) => BigInt(span.startTimeUnixNano) > resumed),
      'server',
    ),
  );
  expect(first).toBeLessThan(served - 200);
  // From then on every request is there at both ends, joined: the streams have found their place again.
  const later = spans.filter((span) => BigInt(span.startTimeUnixNano) > resumed);
  const numbers = (kind: 'server' | 'client') =>
    missing(numbersOf(later, kind), served).filter((n) => n > first);
  expect(numbers('server')).toEqual([]);
  expect(numbers('client')).toEqual([]);
  const clients = new Map(spans.filter(({ kind }) => kind === 'client').map((span) => [span.spanId, span]));
  for (const span of later) {
    if (span.kind === 'server') {
      expect(clients.get(span.parentSpanId!)?.attributes['url.path']).toBe(span.attributes['url.path']);
    }
  }
});
