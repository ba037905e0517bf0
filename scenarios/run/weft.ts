import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createProgramGroup, describeEnd, type Program, repoRoot } from '../programs/index.ts';

/** A `weft` command that runs beside us. */
export interface RunningWeft {
  /** Base URL of its API; empty for `weft record`. */
  readonly url: string;
  /** What it has logged lately. */
  log(): string;
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;

async function firstMatch(
  program: Program,
  pattern: RegExp,
  signal: AbortSignal | undefined,
): Promise<RegExpExecArray> {
  let ended: { code: number | null } | null = null;
  void program.exited.then((code) => {
    ended = { code };
  });
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    signal?.throwIfAborted();
    const found = pattern.exec(program.stdout()) ?? pattern.exec(program.stderr());
    if (found !== null) return found;
    const end = ended as { code: number | null } | null;
    if (end !== null) throw new Error(describeEnd(program, end.code));
    if (Date.now() > deadline)
      throw new Error(`weft did not become ready: ${program.stderr().trim().split('\n').at(-1)}`);
    await sleep(50);
  }
}

async function startWeft(args: readonly string[], ready: RegExp, signal?: AbortSignal): Promise<RunningWeft> {
  const group = createProgramGroup(null);
  try {
    const program = await group.start({
      name: 'weft',
      command: process.execPath,
      args: [join(repoRoot(), 'packages', 'cli', 'bin', 'weft.js'), ...args],
    });
    const match = await firstMatch(program, ready, signal);
    return { url: match[1] ?? '', log: () => program.stderr(), stop: () => group.stop() };
  } catch (error) {
    await group.stop();
    throw error;
  }
}

/**
 * `weft up` for a scoring run: unmasked, without a CPU budget, limited to a cgroup, its data in a temporary folder.
 * @param extra more flags (`--without KIND,…`, `--tier T`)
 * @throws Error with the command's own sentence when it does not become ready
 */
export async function startUp(
  cgroup: string,
  extra: readonly string[],
  signal?: AbortSignal,
): Promise<RunningWeft> {
  const data = mkdtempSync(join(tmpdir(), 'weft-score-'));
  const remove = () => rmSync(data, { recursive: true, force: true });
  const flags = [
    '--port',
    '0',
    '--data',
    data,
    '--only-cgroup',
    cgroup,
    '--mask',
    'off',
    '--cpu-budget',
    'off',
  ];
  try {
    const weft = await startWeft(['up', ...flags, ...extra], /^ready (http\S+)/m, signal);
    return {
      ...weft,
      stop: async () => {
        await weft.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** `weft record FILE`, limited to a cgroup; ready when it says that it is recording. Stopping it completes the file. */
export function startRecord(
  file: string,
  cgroup: string,
  extra: readonly string[],
  signal?: AbortSignal,
): Promise<RunningWeft> {
  return startWeft(['record', file, '--only-cgroup', cgroup, ...extra], /\brecording\b/i, signal);
}
