import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { FLAG, KIND, MODE, TRANSPORT } from '@weft/kernel';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TIERS } from '../options.ts';
import { bytesAt, readCalls } from './testing/io-log.ts';
import { Arena, canTrace, capture, drain, drainWhile, hasCommand, transfers, until } from './testing/live.ts';

const BPFTOOL = ['/usr/sbin/bpftool', '/usr/bin/bpftool'].find((path) => existsSync(path));
const FLOOD = 2_000;

describe.skipIf(!canTrace() || !hasCommand('gcc', '--version'))('what is missing', () => {
  let arena: Arena;
  let program: string;
  beforeAll(() => {
    arena = new Arena();
    program = arena.compile('io-calls.c');
  });
  afterAll(() => arena.close());

  it.each(TIERS)(
    'tier %s: a ring that is full is counted, and what comes later is seen again',
    async (tier) => {
      const traced = capture(arena, tier, { ringBytes: 65_536 });
      try {
        const log = join(arena.folder, 'log');
        await arena.run(program, [log, 'flood', String(FLOOD)]);
        const kept = transfers(drain(traced));
        const lost = traced.lost();
        expect(kept.length).toBeGreaterThan(5);
        expect(lost['kernel_ring_full']).toBeGreaterThan(FLOOD);
        // Each send and at least one receive of it, whichever way it went.
        expect(kept.length + lost['kernel_ring_full']!).toBeGreaterThanOrEqual(2 * FLOOD);
        expect(lost).toMatchObject({ kernel_payload_fault: 0 });
        await arena.run(program, [log, 'flood', '3']);
        const later = transfers(drain(traced));
        expect(later.filter(({ kind }) => kind === KIND.SEND).length).toBe(3);
        expect(traced.lost()['kernel_ring_full']).toBe(lost['kernel_ring_full']);
      } finally {
        traced.close();
      }
    },
  );

  it.each(TIERS)(
    'tier %s: memory that cannot be read is a fault, up to which there are bytes',
    async (tier) => {
      const traced = capture(arena, tier);
      try {
        for (let port = 0; port < 65_536; port++) traced.setPortVerdict(port, MODE.FULL);
        const log = join(arena.folder, 'log');
        const events = transfers(await drainWhile(traced, arena.run(program, [log, 'faults'])));
        const calls = readCalls(log).filter(({ sending }) => sending);
        expect(readFileSync(log, 'utf8')).toContain('{"unreadable":-1}');
        const sends = events.filter(
          ({ kind, transport }) => kind === KIND.SEND && transport === TRANSPORT.TCP,
        );
        const shape = sends.map(({ length, payload, flags }) => [
          length,
          payload.length,
          (flags & FLAG.FLAG_FAULT) !== 0,
        ]);
        // Announced, a send is reported before the kernel has faulted its pages in; afterwards they are there.
        const announced = [
          [100, 100, false],
          [8192, 4096, true],
          [4000, 100, true],
        ];
        const afterwards = [
          [100, 100, false],
          [8192, 8192, false],
        ];
        expect(shape).toEqual(tier === 'sock' ? announced : afterwards);
        expect(traced.lost()['kernel_payload_fault']).toBe(tier === 'sock' ? 2 : 0);
        for (const [index, call] of calls.entries()) {
          const { payload, position } = sends[index]!;
          expect(Buffer.from(payload).equals(bytesAt(call, 0, payload.length))).toBe(true);
          expect(position).toBe((sends[0]!.position + call.offset) >>> 0);
        }
      } finally {
        traced.close();
      }
    },
  );

  it('every optional hook can be refused', async () => {
    const optional = [
      'weft_tcp_send',
      'weft_uring_submit',
      'weft_sock_state',
      'weft_exec',
      'weft_exit',
      'weft_fork',
      'weft_waking',
    ];
    const traced = capture(arena, 'sock', { refuse: optional });
    try {
      for (const hook of optional) expect(traced.hooks[hook]).toMatch(/^refused/);
      expect(traced.hooks['weft_sock_recv']).toBe('attached');
      const log = join(arena.folder, 'log');
      const events = await drainWhile(traced, arena.run(program, [log, 'calls']));
      const calls = readCalls(log);
      // Every byte is still accounted for, those of io_uring without payload.
      const sends = events.filter(({ kind }) => kind === KIND.SEND);
      expect(sends.map(({ length }) => length)).toEqual(
        calls.filter(({ sending }) => sending).map(({ bytes }) => bytes),
      );
      expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set([KIND.SEND, KIND.RECV]));
      const unseen = calls.filter(({ call }) => call.startsWith('uring-')).length;
      expect(traced.lost()['kernel_uring_buffer']).toBe(unseen);
    } finally {
      traced.close();
    }
  });

  it.skipIf(BPFTOOL === undefined)(
    'a tracer killed with -9 leaves nothing, and the traced program goes on',
    async () => {
      // Below node_modules, where koffi is found; the object is looked for upwards from there.
      const folder = fileURLToPath(
        new URL(`../../../../node_modules/.cache/weft-${process.pid}/`, import.meta.url),
      );
      mkdirSync(folder, { recursive: true });
      const bundle = join(folder, 'attached.mjs');
      await build({
        entryPoints: [fileURLToPath(new URL('testing/attached-entry.ts', import.meta.url))],
        outfile: bundle,
        bundle: true,
        platform: 'node',
        format: 'esm',
        external: ['koffi'],
        logLevel: 'error',
      });
      const tracer = spawn(process.execPath, [bundle, arena.cgroup], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const traced = arena.start(program, [join(arena.folder, 'log'), 'steps', '0']);
      const answers = createInterface({ input: traced.stdout! })[Symbol.asyncIterator]();
      const step = async (bytes: number) => {
        traced.stdin!.write(`${bytes}\n`);
        return (await answers.next()).value as string | undefined;
      };
      try {
        const [line] = (await once(createInterface({ input: tracer.stdout! }), 'line')) as [string];
        const { ids } = JSON.parse(line) as { ids: number[] };
        expect(ids.length).toBeGreaterThan(5);
        expect(idsOfWeft()).toEqual(expect.arrayContaining(ids));
        expect(await step(50_000)).toBe('50000');
        tracer.kill('SIGKILL');
        await once(tracer, 'exit');
        expect(await step(60_000)).toBe('60000');
        await until(() => !idsOfWeft().some((id) => ids.includes(id)), 'the programs are gone');
        expect(await step(70_000)).toBe('70000');
        traced.stdin!.end();
        expect(await once(traced, 'exit')).toEqual([0, null]);
      } finally {
        tracer.kill('SIGKILL');
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});

/** Programs in the kernel that are Weft's by name; other agents on this host have theirs. */
function idsOfWeft(): number[] {
  const listed = JSON.parse(execFileSync(BPFTOOL!, ['--json', 'prog', 'show'], { encoding: 'utf8' })) as {
    id: number;
    name?: string;
  }[];
  return listed.filter(({ name }) => name?.startsWith('weft_')).map(({ id }) => id);
}
