import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cgroupMount, removeCgroup } from '../../cgroup.ts';
import {
  commandOf,
  descendants,
  isRunning,
  type RunningCommand,
  readyUrl,
  start,
  startWeft,
  WEFT,
  waitFor,
} from '../../testing/processes.ts';

/** Enters the cgroup before the program exists, so that no call of it is missed. */
const ENTER = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
let stages = 0;

/** A running part of Weft. */
export interface Part {
  readonly running: RunningCommand;
  readonly url: string;
  /** Pid of the process below it whose command line has this in it. */
  pidOf(words: string): number;
}

/** A folder and a cgroup of a test's own, and what was started in them. `close` ends and removes it all, whatever happened. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'weft-failure-'));
  readonly cgroup: string;
  /** A cgroup within it that a Weft may be told not to trace. */
  readonly excluded: string;
  readonly #started: RunningCommand[] = [];
  readonly #last: (() => void)[] = [];

  constructor() {
    const mount = cgroupMount(readFileSync('/proc/mounts', 'utf8'));
    if (mount === null) throw new Error('these tests need cgroup v2');
    this.cgroup = join(mount, `weft-failure-${process.pid}-${stages++}`);
    mkdirSync(this.cgroup);
    this.excluded = join(this.cgroup, 'excluded');
    mkdirSync(this.excluded);
  }

  /** To be done at the end, when all processes are gone; the last one first. */
  defer(action: () => void): void {
    this.#last.push(action);
  }

  /** Starts a program in the cgroup that is traced. */
  traced(command: string, ...args: readonly string[]): RunningCommand {
    return this.#keep(start('/bin/sh', ['-c', ENTER, this.cgroup, command, ...args]));
  }

  /** Starts a program in the cgroup within that. */
  untraced(command: string, ...args: readonly string[]): RunningCommand {
    return this.#keep(start('/bin/sh', ['-c', ENTER, this.excluded, command, ...args]));
  }

  /** Compiles a program in C that lies beside this file. @returns its path */
  compile(source: string): string {
    const program = join(this.folder, source.replace(/\.c$/, ''));
    const path = fileURLToPath(new URL(source, import.meta.url));
    execFileSync('gcc', ['-O1', '-Wall', '-Werror', '-o', program, path]);
    return program;
  }

  /** `weft up` that traces the cgroup. */
  up(...args: readonly string[]): Promise<Part> {
    const data = join(this.folder, 'data');
    return this.#part(startWeft('up', '--port', '0', '--data', data, '--only-cgroup', this.cgroup, ...args));
  }

  /** `weft server`. @param listen `127.0.0.1:0` @param data folder of the store */
  server(listen: string, data = join(this.folder, 'data')): Promise<Part> {
    return this.#part(startWeft('server', '--listen', listen, '--store', `chdb:${data}`));
  }

  /** `weft agent` that traces the cgroup; resolves when it captures. @param env `NAME=value`, added to its environment */
  async agent(serverUrl: string, args: readonly string[] = [], env: readonly string[] = []) {
    const command = ['agent', '--server', serverUrl, '--only-cgroup', this.cgroup, ...args];
    const running = this.#keep(start('/usr/bin/env', [...env, process.execPath, WEFT, ...command]));
    await waitFor(running.stderr, 40_000, () => running.stderr().includes('agent: capturing'));
    return running;
  }

  async close(): Promise<void> {
    const pids = this.#started.flatMap(({ pid }) => [...descendants(pid), pid]);
    for (const pid of pids) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    await Promise.all(this.#started.map(({ ended }) => ended));
    await removeCgroup(this.excluded);
    await removeCgroup(this.cgroup);
    for (const action of this.#last.reverse()) action();
    rmSync(this.folder, { recursive: true, force: true });
    if (existsSync(this.cgroup)) throw new Error(`the cgroup ${this.cgroup} is left behind`);
  }

  async #part(running: RunningCommand): Promise<Part> {
    this.#keep(running);
    const url = await readyUrl(running);
    const pidOf = (words: string) => {
      const pid = descendants(running.pid).find((candidate) => commandOf(candidate).includes(words));
      if (pid === undefined) throw new Error(`no ${words} below ${running.pid}`);
      return pid;
    };
    return { running, url, pidOf };
  }

  #keep(running: RunningCommand): RunningCommand {
    this.#started.push(running);
    return running;
  }
}
