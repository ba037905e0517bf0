import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Kills process groups when this process is gone, however it ended: a shell reads the groups' ids from a
 * pipe, and the end of the pipe is its sign. Unlike a parent-death signal it also reaches grandchildren
 * (the workers of nginx).
 */
export interface Guard {
  /** The group dies with this process from now on. */
  add(processGroup: number): void;
  /** Ends the guard without killing anything: the groups have been stopped. */
  release(): void;
}

const SCRIPT =
  'gs=; while read -r g; do gs="$gs $g"; done; for g in $gs; do kill -KILL "-$g" 2>/dev/null; done';

/** Starts a guard in a process group of its own, so that Ctrl-C does not reach it. */
export function createGuard(): Guard {
  const child: ChildProcess = spawn('/bin/sh', ['-c', SCRIPT], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin?.on('error', () => {});
  child.on('error', () => {});
  child.unref();
  return {
    add: (processGroup) => {
      child.stdin?.write(`${processGroup}\n`);
    },
    release: () => {
      child.kill('SIGKILL');
      child.stdin?.destroy();
    },
  };
}
