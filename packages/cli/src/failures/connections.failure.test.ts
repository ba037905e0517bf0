import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitFor } from '../testing/processes.ts';
import { agentOf, allSpans, missing, numbersOf, settled } from './testing/spans.ts';
import { Stage } from './testing/stage.ts';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const CONNECTIONS = 10_000;
const EVERY = 100;
const MOST_RESIDENT = 512 * 2 ** 20;
const IDLE_SECONDS = 5;

test(`${CONNECTIONS} open connections: bounded memory, no cost while idle, right spans`, async () => {
  const program = stage.compile('connections.c');
  const weft = await stage.up('--cpu-budget', 'off');
  const load = stage.traced(program, String(CONNECTIONS));
  await waitFor(load.stderr, 60_000, () => load.stdout().includes(`open ${CONNECTIONS}\n`));
  await settled(weft.url);
  const before = await agentOf(weft.url);
  expect(before.residentBytes).toBeLessThan(MOST_RESIDENT);
  // Not a wait for something: this long nothing happens, and nothing may be paid for it.
  await sleep(IDLE_SECONDS * 1000);
  const after = await agentOf(weft.url);
  const idle = (after.cpuSeconds - before.cpuSeconds) / IDLE_SECONDS;
  process.stderr.write(`    ${(idle * 100).toFixed(1)} % of a core idle, ${after.residentBytes >> 20} MiB\n`);
  expect(idle).toBeLessThan(0.1);

  process.kill(load.pid, 'SIGUSR1');
  await waitFor(load.stderr, 30_000, () => load.stdout().includes('again\n'));
  await settled(weft.url);
  const spans = await allSpans(weft.url);
  const again = spans.filter((span) => /^\/n\/\d+\/again$/.test(String(span.attributes['url.path'])));
  const asked = Array.from({ length: CONNECTIONS / EVERY }, (_, i) => i * EVERY);
  expect([...numbersOf(again, 'server')].sort((a, b) => a - b)).toEqual(asked);
  expect([...numbersOf(again, 'client')].sort((a, b) => a - b)).toEqual(asked);
  // Each is the child of its own call, on a connection among ten thousand.
  const clients = new Map(again.filter(({ kind }) => kind === 'client').map((span) => [span.spanId, span]));
  for (const span of again) {
    if (span.kind === 'server') {
      expect(clients.get(span.parentSpanId!)?.attributes['url.path']).toBe(span.attributes['url.path']);
    }
  }
  expect(missing(numbersOf(spans, 'server'), CONNECTIONS)).toEqual([]);
  expect(missing(numbersOf(spans, 'client'), CONNECTIONS)).toEqual([]);
  expect(after.lost).not.toHaveProperty('connection_evicted');
});
