import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TraceId, TraceSummaryJson } from '@weft/model';
import { expect, onTestFinished, test } from 'vitest';
import { mayTrace } from './capabilities.ts';
import { cgroupMount } from './cgroup.ts';
import { agent } from './commands/agent.ts';
import { inOrder } from './commands/replay.ts';
import { captureArguments, captureOptions } from './commands/shared-options.ts';
import { requireFolder } from './data-folder.ts';
import { CliError } from './errors.ts';
import { bestFirst, choose, isComplete } from './first-trace.ts';
import { parseListen, requireFreePort } from './port.ts';
import { parseCommandLine } from './settings/resolve.ts';
import { createBackoff } from './supervisor/backoff.ts';
import { makeSpan, makeTrace, SHOP } from './testing/traces.ts';

test('a child that keeps ending is started ever more slowly, until it has run well', () => {
  const backoff = createBackoff();
  const waits = [0, 0, 0, 0, 0, 0, 0, 0].map((ran) => backoff.next(ran));
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  expect(backoff.next(60_000)).toBe(500);
});

test('the mount of cgroup v2', () => {
  expect(
    cgroupMount('tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n'),
  ).toBe('/sys/fs/cgroup/unified');
  expect(cgroupMount('cgroup2 /a\\040b cgroup2 rw 0 0')).toBe('/a b');
  expect(cgroupMount('cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n')).toBeNull();
});

test('addresses to listen on', () => {
  expect(parseListen('127.0.0.1:0', '--listen')).toEqual({ host: '127.0.0.1', port: 0 });
  expect(parseListen('[::1]:80', '--listen')).toEqual({ host: '::1', port: 80 });
  expect(parseListen('localhost:7766', '--listen')).toEqual({ host: 'localhost', port: 7766 });
  for (const bad of ['7766', '::1:80', 'a:70000', ':1', 'a b:1']) {
    expect(() => parseListen(bad, '--listen'), bad).toThrow(CliError);
  }
});

test('a port in use is refused with the remedy, a free one is not', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const listen = `127.0.0.1:${address.port}`;
  try {
    await expect(requireFreePort(listen, '--port')).rejects.toThrow(
      `Port ${address.port} on 127.0.0.1 is in use by another program: stop that one, or choose another with --port.`,
    );
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  await requireFreePort(listen, '--port');
  await expect(requireFreePort('192.0.2.1:0', '--listen')).rejects.toThrow(/EADDRNOTAVAIL/);
});

test('what up is told reaches its agent unchanged', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-parts-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, '0123456789abcdef\n');
  const given = [
    '--tier=sock',
    '--tls=on',
    '--mask=off',
    '--without=unit,lineage',
    '--cpu-budget=off',
    '--only-cgroup=/a b',
    '--exclude-cgroup=c',
    '--exclude-pid=1',
    '--exclude-pid=2',
    '--request-id-names=X-Shop-Id,order.id',
    '--trace-id-names=my_trace',
    `--id-key-file=${keyFile}`,
  ];
  const options = captureOptions(parseCommandLine('agent', agent.options, given).given);
  expect(options).toEqual({
    tier: 'sock',
    tls: true,
    mask: false,
    without: ['unit', 'lineage'],
    cpuBudget: null,
    onlyCgroup: '/a b',
    excludeCgroup: 'c',
    excludePids: [1, 2],
    requestIdNames: ['x-shop-id', 'order.id'],
    traceIdNames: ['my_trace'],
    idKey: [0x01234567, 0x89abcdef | 0],
    idKeyFile: keyFile,
  });
  expect(captureOptions(parseCommandLine('agent', agent.options, captureArguments(options)).given)).toEqual(
    options,
  );
  const defaults = captureOptions(new Map());
  expect(captureOptions(parseCommandLine('agent', agent.options, captureArguments(defaults)).given)).toEqual(
    defaults,
  );
  expect(defaults.mask).toBe(true);
  expect(defaults.tls).toBe(false);
});

test('names and keys of ids that are none are told of', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-parts-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const parse =
    (...args: string[]) =>
    () =>
      captureOptions(parseCommandLine('agent', agent.options, args).given);
  expect(parse('--request-id-names=a b')).toThrow(/--request-id-names must be made of names/);
  expect(parse('--trace-id-names=7up')).toThrow(/--trace-id-names must be/);
  expect(parse(`--id-key-file=${join(folder, 'none')}`)).toThrow(/key file cannot be read/);
  const short = join(folder, 'short');
  writeFileSync(short, 'abc');
  expect(parse(`--id-key-file=${short}`)).toThrow(/16 hex digits/);
});

test('the demo shows the trace with the most services', () => {
  const row = (traceId: string, services: string[], spanCount: number) =>
    ({ traceId: traceId as TraceId, services, spanCount }) as unknown as TraceSummaryJson;
  const rows = [row('a', ['x'], 9), row('b', ['x', 'y'], 3), row('c', ['x', 'y'], 5)];
  expect(bestFirst(rows).map((trace) => trace.traceId)).toEqual(['c', 'b', 'a']);
});

test('a trace is complete when nothing is missing and nothing can come', () => {
  expect(isComplete(SHOP)).toBe(true);
  expect(isComplete({ ...SHOP, settled: false })).toBe(false);
  expect(isComplete({ ...SHOP, truncated: true })).toBe(false);
  expect(isComplete({ ...SHOP, completeness: { linked: 0.9, incomplete: 0, lost: {} } })).toBe(false);
  expect(isComplete({ ...SHOP, completeness: { linked: 1, incomplete: 1, lost: {} } })).toBe(false);
});

test('replayed traces come in the order in which they began', () => {
  const at = (id: string, from: number) =>
    makeTrace([makeSpan({ id: 1, parent: null, service: 's', name: 'n', kind: 'server', from, to: 99 })], {
      traceId: id.repeat(32) as TraceId,
    });
  const order = (traces: ReturnType<typeof at>[]) => inOrder(traces).map((trace) => trace.traceId[0]);
  expect(order([at('c', 2), at('b', 1), at('a', 1)])).toEqual(['a', 'b', 'c']);
  expect(order([at('a', 1), at('c', 2), at('b', 1)])).toEqual(['a', 'b', 'c']);
});

test('the demo waits for the largest trace to be complete, but not for ever', () => {
  const torn = { ...SHOP, settled: false };
  const small = makeTrace(SHOP.spans.slice(0, 2));
  expect(choose([torn, small], false)).toBeNull();
  expect(choose([torn, small], true)).toBe(small);
  expect(choose([torn], true)).toBe(torn);
  expect(choose([torn, SHOP, small], false)).toBe(SHOP);
  expect(choose([], true)).toBeNull();
});

test('a data folder is made with those above it, or refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-folder-'));
  try {
    requireFolder(join(folder, 'a/b/c'), '--data');
    expect(statSync(join(folder, 'a/b/c')).mode & 0o777).toBe(0o700);
    requireFolder(join(folder, 'a/b/c'), '--data');
    writeFileSync(join(folder, 'file'), '');
    expect(() => requireFolder(join(folder, 'file/x'), '--data')).toThrow(
      `The folder ${join(folder, 'file/x')} cannot be written (ENOTDIR): name another with --data.`,
    );
    expect(() => requireFolder('/proc/nowhere/x', '--data')).toThrow(/cannot be written \(ENOENT\)/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('rights to trace', () => {
  const status = (caps: string) => `Name:\tnode\nCapEff:\t${caps}\nCapBnd:\t0\n`;
  expect(mayTrace(status('000001ffffffffff'))).toBe(true);
  expect(mayTrace(status('000000c000000000'))).toBe(true);
  expect(mayTrace(status('0000000000200000'))).toBe(true);
  expect(mayTrace(status('0000008000000000'))).toBe(false);
  expect(mayTrace(status('0000000000000000'))).toBe(false);
});
