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

async function startServer(listen: string) {
  const server = await stage.server(listen);
  const stop = async () => {
    process.kill(server.running.pid, 'SIGTERM');
    expect(await server.running.ended).toBe(0);
  };
  return { ...server, stop, listen: new URL(server.url).host };
}

test('what is seen while the server is away arrives once it is back', async () => {
  const first = await startServer('127.0.0.1:0');
  await stage.agent(first.url, ['--cpu-budget', 'off']);
  const load = stage.traced(process.execPath, '-e', NUMBERED_LOAD, '200', '1000');
  await waitFor(load.stderr, 30_000, async () => (await allSpans(first.url)).length > 100);
  await first.stop();
  // The load goes on to its end without a server.
  expect(await load.ended, load.stderr()).toBe(0);
  const second = await startServer(first.listen);
  const served = servedOf(load.stdout());
  await waitFor(
    second.running.stderr,
    30_000,
    async () => numbersOf(await allSpans(second.url), 'server').size === served,
  );
  await settled(second.url);
  const spans = await allSpans(second.url);
  expect(missing(numbersOf(spans, 'client'), served)).toEqual([]);
  expect(spans.length).toBe(2 * served);
  expect((await agentOf(second.url)).lost).not.toHaveProperty('export_dropped_spans');
});

test('beyond what the agent keeps, the oldest is dropped, counted and shown', async () => {
  const first = await startServer('127.0.0.1:0');
  await stage.agent(first.url, ['--cpu-budget', 'off']);
  await first.stop();
  // Spans of 3 000 bytes, two a request: 32 MiB are full after some 5 600 requests.
  const load = stage.traced(process.execPath, '-e', NUMBERED_LOAD, '1000', '9000', '3000');
  expect(await load.ended, load.stderr()).toBe(0);
  const served = servedOf(load.stdout());
  const second = await startServer(first.listen);
  await settled(second.url, 60_000);
  const { lost } = await waitFor(second.running.stderr, 30_000, async () => {
    const report = await agentOf(second.url);
    return report.lost['export_dropped_spans'] === undefined ? null : report;
  });
  const dropped = lost['export_dropped_spans']!;
  expect(await lostInMetrics(second.url, 'export_dropped_spans')).toBe(dropped);
  const spans = await allSpans(second.url);
  // Each span is there or is counted.
  expect(spans.length + dropped).toBe(2 * served);
  expect(dropped).toBeGreaterThan(0);
  // It was the queue's bound that dropped them: what it holds is there.
  expect(spans.length * 3_000).toBeGreaterThan(24 << 20);
  expect(numbersOf(spans, 'server').has(served - 1)).toBe(true);
});
