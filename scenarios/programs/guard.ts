import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Ends process groups when this process is gone, however it ended: a shell reads the groups' ids from a
 * pipe, and the end of the pipe is its sign. Unlike a parent-death signal it also reaches grandchildren
 * (the workers of nginx).
 */
export interface Guard {
  /** The group dies with this process from now on. */
  add(processGroup: number): void;
  /** The folder goes with the groups. @param path absolute, without a line break */
  addFolder(path: string): void;
  /** Sends the guard away: the groups have been stopped. */
  release(): void;
}

/** A line is a group's id or a folder; the folders become the script's parameters, whatever is in their names. */
const SCRIPT = `gs=; while IFS= read -r g; do case $g in /*) set -- "$@" "$g";; *) gs="$gs $g";; esac; done
# A second to leave in order: PostgreSQL gives its shared memory back.
alive=; for g in $gs; do kill -TERM "-$g" 2>/dev/null && alive=1; done
for i in 1 2 3 4 5; do
  test -z "$alive" && break; sleep 0.2
  alive=; for g in $gs; do kill -0 "-$g" 2>/dev/null && alive=1; done
done
for g in $gs; do kill -KILL "-$g" 2>/dev/null; done
test $# -eq 0 && exit
# PostgreSQL's workers are groups of their own and write until they notice that their server is gone.
for i in 1 2 3 4 5; do rm -rf -- "$@" 2>/dev/null; sleep 1; done`;

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
    addFolder: (path) => {
      child.stdin?.write(`${path}\n`);
    },
    release: () => {
      child.kill('SIGKILL');
      child.stdin?.destroy();
    },
  };
}
