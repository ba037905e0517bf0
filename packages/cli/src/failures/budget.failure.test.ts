import type { AgentJson } from '@weft/model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitFor } from '../testing/processes.ts';
import { agentOf, allSpans, NUMBERED_LOAD, settled } from './testing/spans.ts';
import { Stage } from './testing/stage.ts';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const BUDGET = 5;

test('past its budget the agent sheds payload, then whole traces, and takes them up again', async () => {
  const weft = await stage.up('--cpu-budget', String(BUDGET));
  const load = stage.traced(process.execPath, '-e', NUMBERED_LOAD, '1000', '0');
  const told: AgentJson[] = [];
  const tell = async () => {
    const report = await agentOf(weft.url);
    told.push(report);
    return report;
  };
  const begin = await waitFor(weft.running.stderr, 60_000, async () => {
    const report = await tell();
    return report.tracedShare < 0.9 ? report : null;
  });
  const begun = Date.now();
  await waitFor(
    () => JSON.stringify(told.at(-1)),
    60_000,
    async () => {
      await tell();
      return Date.now() - begun > 8_000;
    },
  );
  const end = told.at(-1)!;
  const used = (end.cpuSeconds - begin.cpuSeconds) / ((Date.now() - begun) / 1000);
  process.stderr.write(`    ${(100 * used).toFixed(1)} % of a core, share ${end.tracedShare.toFixed(2)}\n`);
  // Payload went before any trace did.
  for (const { tracedShare, payloadBytes } of told) if (tracedShare < 1) expect(payloadBytes).toBe(512);
  expect(told.some(({ tracedShare, payloadBytes }) => tracedShare === 1 && payloadBytes < 4096)).toBe(true);
  expect(used).toBeLessThan((1.5 * BUDGET) / 100);

  process.kill(load.pid, 'SIGTERM');
  expect(await load.ended, load.stderr()).toBe(0);
  await waitFor(
    () => JSON.stringify(told.at(-1)),
    90_000,
    async () => {
      const report = await tell();
      return report.tracedShare === 1 && report.payloadBytes === 4096;
    },
  );
  await settled(weft.url);
  // Traces are whole or absent: both ends of a request are there, or neither, but for those that a slice's edge counted.
  const spans = await allSpans(weft.url);
  const ids = new Set(spans.map((span) => span.spanId));
  const alone = spans.filter((span) => span.kind === 'server' && !ids.has(span.parentSpanId!)).length;
  const clients = spans.filter((span) => span.kind === 'client').length;
  const torn = alone + Math.abs(spans.length - 2 * clients);
  expect(clients).toBeGreaterThan(100);
  expect(torn / clients).toBeLessThan(0.02);
});
