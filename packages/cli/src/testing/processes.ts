import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The `weft` command as users of the repository run it. */
export const WEFT = fileURLToPath(new URL('../../bin/weft.js', import.meta.url));

/** A `weft` that runs in a test. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** Starts a program; what it writes is kept. */
export function start(command: string, args: readonly string[]): RunningCommand {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<number | string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'gone'));
  });
  return { child, pid: child.pid ?? -1, stdout: () => stdout, stderr: () => stderr, ended };
}

/** Starts `weft` with these arguments. */
export function startWeft(...args: readonly string[]): RunningCommand {
  return start(process.execPath, [WEFT, ...args]);
}

/** Waits until a condition gives something. @throws Error with `what` when that takes too long */
export async function waitFor<T>(
  what: () => string,
  limitMs: number,
  condition: () => T | null | false | undefined | Promise<T | null | false | undefined>,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value !== null && value !== false && value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms in vain: ${what()}`);
    await sleep(20);
  }
}

/** The address in the ready line. */
export function readyUrl(weft: RunningCommand): Promise<string> {
  return waitFor(
    () => `no ready line\n${weft.stdout()}${weft.stderr()}`,
    40_000,
    () => /^ready (http\S+)$/m.exec(weft.stdout())?.[1],
  );
}

/** Whether a process runs; one that is only waiting to be reaped does not. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** A process's command line, arguments parted by blanks. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** All processes below one. */
export function descendants(root: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has just ended.
    }
  }
  const found: number[] = [];
  const visit = (pid: number) => {
    for (const [child, parent] of parents) {
      if (parent !== pid) continue;
      found.push(child);
      visit(child);
    }
  };
  visit(root);
  return found;
}
