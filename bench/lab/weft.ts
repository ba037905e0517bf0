import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createProgramGroup, describeEnd, type Program, repoRoot } from '../../scenarios/programs/index.ts';
import type { BenchContext } from '../bench.ts';

/** A `weft` command that runs beside us. */
export interface RunningWeft {
  readonly pid: number;
  /** What its ready line named: an address, or the tier. */
  readonly ready: string;
  stop(): Promise<void>;
}

const READY_LIMIT_MS = 60_000;

interface StartOptions {
  readonly args: readonly string[];
  /** Its first group is given out as `ready`. */
  readonly ready: RegExp;
  /** CPUs as taskset(1) takes them; null: all. */
  readonly cpus: string | null;
}

async function startWeft(context: BenchContext, options: StartOptions): Promise<RunningWeft> {
  const group = createProgramGroup(null);
  const stop = context.cleanup(() => group.stop());
  const command = [process.execPath, join(repoRoot(), 'dist', 'weft.js'), ...options.args];
  const [first, ...rest] = options.cpus === null ? command : ['taskset', '-c', options.cpus, ...command];
  const program = await group.start({ name: `weft ${options.args[0]}`, command: first!, args: rest });
  return { pid: program.pid, ready: await readyLine(context, program, options.ready), stop };
}

async function readyLine(context: BenchContext, program: Program, pattern: RegExp): Promise<string> {
  const deadline = Date.now() + READY_LIMIT_MS;
  let end: { code: number | null } | null = null;
  void program.exited.then((code) => {
    end = { code };
  });
  for (;;) {
    context.signal.throwIfAborted();
    const match = pattern.exec(program.stdout()) ?? pattern.exec(program.stderr());
    if (match !== null) return match[1] ?? '';
    const ended = end as { code: number | null } | null;
    if (ended !== null) throw new Error(describeEnd(program, ended.code));
    if (Date.now() > deadline) throw new Error(`${program.name} did not become ready.`);
    await sleep(20);
  }
}

/**
 * `weft agent` as users run it, limited to a cgroup.
 * @param budget per cent of one core, `off`, or null for the default
 */
export function startAgentOf(
  context: BenchContext,
  options: {
    readonly server: string;
    readonly cgroup: string;
    readonly budget: string | null;
    readonly cpus?: string;
    readonly tier?: string;
  },
): Promise<RunningWeft> {
  const { server, cgroup, budget, cpus, tier } = options;
  return startWeft(context, {
    args: [
      ...['agent', '--server', server, '--only-cgroup', cgroup],
      ...(budget === null ? [] : ['--cpu-budget', budget]),
      ...(tier === undefined ? [] : ['--tier', tier]),
    ],
    ready: /capturing on tier (\w+)/,
    cpus: cpus ?? null,
  });
}

/** `weft server` on a free port; `ready` is its address. @param store as `--store` takes it */
export function startServerOf(context: BenchContext, store: string): Promise<RunningWeft> {
  return startWeft(context, {
    args: ['server', '--store', store, '--listen', '127.0.0.1:0'],
    ready: /^ready (http\S+)/m,
    cpus: null,
  });
}

/** `weft up` on a free port with a store of its own, limited to a cgroup; `ready` is its address. */
export function startUpOf(
  context: BenchContext,
  cgroup: string,
  more: readonly string[] = [],
): Promise<RunningWeft> {
  const data = mkdtempSync(join(context.folder, 'data-'));
  return startWeft(context, {
    args: ['up', '--port', '0', '--data', data, '--only-cgroup', cgroup, ...more],
    ready: /^ready (http\S+)/m,
    cpus: null,
  });
}
