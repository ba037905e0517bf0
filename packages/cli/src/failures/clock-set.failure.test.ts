import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SpanJson } from '@weft/model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitFor } from '../testing/processes.ts';
import { agentOf, allSpans, NUMBERED_LOAD, numbersOf, servedOf } from './testing/spans.ts';
import { Stage } from './testing/stage.ts';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const MINUTE = 60_000;

/** Loaded into the agent before anything else: its clock is the machine's and what stands in a file, ms. */
const clockBy = (file: string) => `
  import { readFileSync } from 'node:fs';
  const machine = Date.now;
  let offset = 0, looked = 0;
  Date.now = () => {
    const now = machine();
    if (now - looked > 20) {
      looked = now;
      offset = Number(readFileSync(${JSON.stringify(file)}, 'utf8'));
    }
    return now + offset;
  };
`;

const startMs = (span: SpanJson) => Number(BigInt(span.startTimeUnixNano) / 1_000_000n);

test('a clock that is set back and forth: new traces have the new time, and none is torn', async () => {
  const file = join(stage.folder, 'offset');
  const preload = join(stage.folder, 'clock.mjs');
  const setClock = (offset: number) => writeFileSync(file, String(offset));
  setClock(0);
  writeFileSync(preload, clockBy(file));
  const server = await stage.server('127.0.0.1:0');
  const agent = await stage.agent(
    server.url,
    ['--cpu-budget', 'off'],
    [`NODE_OPTIONS=--import=file://${preload}`],
  );
  const load = stage.traced(process.execPath, '-e', NUMBERED_LOAD, '100', '0');
  const window = () =>
    `&from=${BigInt(Date.now() - 60 * MINUTE) * 1_000_000n}&to=${BigInt(Date.now() + 60 * MINUTE) * 1_000_000n}`;
  /** How far the times of spans are from now, in whole tens of minutes. */
  const epochOf = (span: SpanJson, now: number) => Math.round((startMs(span) - now) / (10 * MINUTE));
  for (const offset of [0, -10, 20]) {
    setClock(offset * MINUTE);
    await waitFor(
      () => `no spans ${offset} minutes from now\n${agent.stderr()}`,
      30_000,
      async () => {
        const now = Date.now();
        return (
          (await allSpans(server.url, window())).filter((span) => epochOf(span, now) === offset / 10).length >
          100
        );
      },
    );
  }
  process.kill(load.pid, 'SIGTERM');
  expect(await load.ended, load.stderr()).toBe(0);
  const served = servedOf(load.stdout());
  let told = '';
  const spans = await waitFor(
    () => `of ${served} requests some are missing: ${told}\n${agent.stderr()}`,
    30_000,
    async () => {
      const found = await allSpans(server.url, window());
      const { lost } = await agentOf(server.url);
      told = `${found.length} spans, ${JSON.stringify(lost)}`;
      return found.length + (lost['clock_set'] ?? 0) >= 2 * served ? found : null;
    },
  );
  const { lost } = await agentOf(server.url);
  // The few that were under way are counted, all others are there.
  const seen = numbersOf(spans, 'server').size;
  expect(lost['clock_set'] ?? 0).toBeLessThan(64);
  expect(seen).toBeGreaterThan(served - 64);

  const byId = new Map(spans.map((span) => [span.spanId, span]));
  let children = 0;
  for (const span of spans) {
    const parent = span.parentSpanId === null ? undefined : byId.get(span.parentSpanId);
    if (span.kind !== 'server' || parent === undefined) continue;
    children++;
    const late = BigInt(span.startTimeUnixNano) - BigInt(parent.startTimeUnixNano);
    expect(late).toBeGreaterThanOrEqual(0n);
    expect(late).toBeLessThanOrEqual(BigInt(parent.durationNano));
  }
  expect(children).toBeGreaterThan(served - 64);
});
