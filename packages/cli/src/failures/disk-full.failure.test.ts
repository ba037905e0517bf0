import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitFor } from '../testing/processes.ts';
import {
  allSpans,
  get,
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

const DISK = '192m';

/** Takes all the room there is, also what the store has given back meanwhile. */
function fill(file: string): void {
  const chunk = Buffer.alloc(64 * 1024);
  try {
    for (;;) appendFileSync(file, chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

test('a full disk is told with its remedy, questions are answered, and it goes on once there is room', async () => {
  const disk = join(stage.folder, 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'weft-test', disk]);
  stage.defer(() => execFileSync('umount', ['-l', disk]));
  const server = await stage.server('127.0.0.1:0', join(disk, 'store'));
  const agent = await stage.agent(server.url, ['--cpu-budget', 'off']);
  const load = stage.traced(process.execPath, '-e', NUMBERED_LOAD, '200', '0');
  const before = await waitFor(load.stderr, 30_000, async () => {
    const spans = await allSpans(server.url);
    return spans.length > 100 ? spans : null;
  });

  const ballast = join(disk, 'ballast');
  const full = await waitFor(server.running.stderr, 30_000, async () => {
    fill(ballast);
    const now = await health(server.url);
    return now.status === 'degraded' ? now : null;
  });
  expect(full.problem, server.running.stderr()).toBe(
    "The store's disk is full: make room on it; what was sent is kept and sent again.",
  );
  const { text } = await fetch(`${server.url}/metrics`).then(async (answer) => ({
    text: await answer.text(),
  }));
  expect(Number(/^weft_ingest_refused_total\{reason="full"\} (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(0);
  expect(
    Number(/^weft_http_requests_total\{path="\/api\/v1\/ingest",status="507"\} (\d+)$/m.exec(text)?.[1]),
  ).toBeGreaterThan(0);
  // What was stored can still be read.
  const [known] = before;
  const trace = await get<{ spans: unknown[] }>(server.url, `/api/v1/traces/${known!.traceId}`);
  expect(trace.spans.length).toBeGreaterThan(0);
  expect((await allSpans(server.url)).length).toBeGreaterThanOrEqual(before.length);

  rmSync(ballast);
  await waitFor(server.running.stderr, 60_000, async () => (await health(server.url)).status === 'ok');
  process.kill(load.pid, 'SIGTERM');
  expect(await load.ended, load.stderr()).toBe(0);
  const served = servedOf(load.stdout());
  await settled(server.url, 60_000);
  // What was seen meanwhile had waited in the agent.
  expect(missing(numbersOf(await allSpans(server.url), 'server'), served), agent.stderr()).toEqual([]);
});
