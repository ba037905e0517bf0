import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SpanJson } from '@weft/model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cgroupMount } from './cgroup.ts';
import { isRunning, type RunningCommand, start, startWeft, waitFor } from './testing/processes.ts';

/** Answers its own requests, so many, and ends. */
const TALKER = `
  const http = require('node:http');
  const server = http.createServer((request, response) => response.end('hello'));
  server.listen(0, '127.0.0.1', async () => {
    const { port } = server.address();
    for (let i = 0; i < 20; i++) await fetch('http://127.0.0.1:' + port + '/item?secret=' + i).then((r) => r.text());
    process.exit(0);
  });
`;

let folder = '';
let cgroup = '';
let started: RunningCommand[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-replay-'));
  started = [];
  const mount = cgroupMount(readFileSync('/proc/mounts', 'utf8'));
  if (mount === null) throw new Error('this test needs cgroup v2');
  cgroup = join(mount, `weft-replay-${process.pid}`);
  mkdirSync(cgroup);
});

afterEach(async () => {
  for (const { pid, ended } of started) {
    if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
  rmdirSync(cgroup);
});

function run(running: RunningCommand): RunningCommand {
  started.push(running);
  return running;
}

async function replay(...args: string[]): Promise<string> {
  const running = run(startWeft('replay', ...args));
  expect(await running.ended, running.stderr()).toBe(0);
  return running.stdout();
}

const parse = (jsonl: string): SpanJson[] =>
  jsonl
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a recording is private, and gives the same spans each time', async () => {
  const file = join(folder, 'talk.weft');
  const recording = run(startWeft('record', file, '--only-cgroup', cgroup));
  await waitFor(recording.stderr, 20_000, () => recording.stderr().includes('recording to'));
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const talker = run(
    start('/bin/sh', [
      '-c',
      'echo $$ > "$0/cgroup.procs" && exec "$@"',
      cgroup,
      process.execPath,
      '-e',
      TALKER,
    ]),
  );
  expect(await talker.ended, talker.stderr()).toBe(0);
  process.kill(recording.pid, 'SIGINT');
  expect(await recording.ended, recording.stderr()).toBe(0);
  expect(recording.stderr()).toMatch(/^recorded \d+ events, \d+ bytes/m);

  const first = await replay(file, '--jsonl');
  expect(await replay(file, '--jsonl')).toBe(first);
  const spans = parse(first);
  const servers = spans.filter((span) => span.kind === 'server' && span.attributes['url.path'] === '/item');
  expect(servers).toHaveLength(20);
  expect(new Set(servers.map((span) => span.attributes['process.pid']))).toEqual(new Set([talker.pid]));
  const clients = new Map(spans.filter((span) => span.kind === 'client').map((span) => [span.spanId, span]));
  for (const server of servers) expect(clients.has(server.parentSpanId!)).toBe(true);
  expect(first).not.toContain('secret=1');

  expect(await replay(file, '--jsonl', '--mask', 'off')).toContain('secret=1');
  expect(await replay(file)).toContain('tcp-seq 1.00');
});

test('--seconds ends a recording', async () => {
  const file = join(folder, 'short.weft');
  const recording = run(startWeft('record', file, '--only-cgroup', cgroup, '--seconds', '1'));
  expect(await recording.ended, recording.stderr()).toBe(0);
  expect(recording.stdout()).toBe('');
  expect(await replay(file, '--jsonl')).toBe('');
});
