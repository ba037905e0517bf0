import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGuard, type Guard } from './guard.ts';
import { accepts } from './ports.ts';

/** How to start one program. */
export interface ProgramSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The program counts as started once this port of 127.0.0.1 accepts; absent: at once. */
  readonly port?: number;
}

/** A program that was started. */
export interface Program {
  readonly name: string;
  readonly pid: number;
  /** Its exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** What it has written to stdout. */
  stdout(): string;
  /** The end of what it has written to stderr. */
  stderr(): string;
}

/** Programs that live and die together. */
export interface ProgramGroup {
  /**
   * Starts a program and waits until it listens.
   * @throws Error in one sentence when the program ends first or does not listen within 20 s
   */
  start(spec: ProgramSpec): Promise<Program>;
  /** The folder is removed with the programs when this process is killed; after `stop` it is still the caller's. */
  owns(folder: string): void;
  /** Asks all programs to end, the last started first, kills those that do not within 5 s. May be called twice. */
  stop(): Promise<void>;
}

interface Running extends Program {
  ended: boolean;
}

const KEEP_STDERR = 8_192;
const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;
/** Enters the cgroup before the program exists, so that its first connection is seen. */
const ENTER = 'echo $$ > "$1/cgroup.procs" || exit 97; shift; exec "$@"';

function launch(spec: ProgramSpec, cgroup: string | null, guard: Guard): Running {
  const argv = [spec.command, ...spec.args];
  const [command, args] =
    cgroup === null ? [spec.command, spec.args] : ['/bin/sh', ['-c', ENTER, 'sh', cgroup, ...argv]];
  const child = spawn(command as string, args as string[], {
    // A process group of its own: Ctrl-C in the terminal is ours to hand on, in the right order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...spec.env },
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-KEEP_STDERR);
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      stderr += error.message;
      resolve(127);
    });
    child.once('close', (code) => resolve(code));
  });
  const running: Running = {
    name: spec.name,
    pid: child.pid ?? -1,
    exited,
    stdout: () => stdout,
    stderr: () => stderr,
    ended: false,
  };
  child.once('exit', () => {
    running.ended = true;
  });
  child.once('error', () => {
    running.ended = true;
  });
  if (child.pid !== undefined) guard.add(child.pid);
  return running;
}

function signalGroup(program: Running, signal: NodeJS.Signals): void {
  if (program.pid <= 0) return;
  try {
    process.kill(-program.pid, signal);
  } catch {
    // Already gone.
  }
}

async function stopProgram(program: Running): Promise<void> {
  if (!program.ended && program.pid > 0) {
    try {
      // To the leader alone: nginx's master ends its workers itself, in order.
      process.kill(program.pid, 'SIGTERM');
    } catch {
      // Already gone.
    }
    const giveUp = new AbortController();
    await Promise.race([
      program.exited,
      sleep(STOP_TIMEOUT_MS, undefined, { signal: giveUp.signal }).catch(() => {}),
    ]);
    giveUp.abort();
  }
  signalGroup(program, 'SIGKILL');
}

/** One sentence about a program that ended before it was of use. */
export function describeEnd(program: Program, code: number | null): string {
  const last = program.stderr().trim().split('\n').at(-1) ?? '';
  const how = code === null ? 'was killed' : `ended with code ${code}`;
  return `The program ${program.name} ${how} before it was ready${last === '' ? '.' : `: ${last}`}`;
}

/**
 * A group of programs.
 * @param cgroup absolute path of the cgroup v2 folder that they enter; null: they stay in ours
 */
export function createProgramGroup(cgroup: string | null): ProgramGroup {
  const guard = createGuard();
  const programs: Running[] = [];
  let stopping: Promise<void> | null = null;

  async function start(spec: ProgramSpec): Promise<Program> {
    if (stopping !== null)
      throw new Error(`The program ${spec.name} was not started: its group is stopping.`);
    const program = launch(spec, cgroup, guard);
    programs.push(program);
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (spec.port !== undefined && !(await accepts(spec.port))) {
      if (program.ended) throw new Error(describeEnd(program, await program.exited));
      if (Date.now() > deadline)
        throw new Error(`The program ${spec.name} does not listen on port ${spec.port}.`);
      await sleep(20);
    }
    return program;
  }

  async function stopAll(): Promise<void> {
    for (const program of [...programs].reverse()) await stopProgram(program);
    guard.release();
  }

  return {
    start,
    owns: (folder) => guard.addFolder(folder),
    stop: () => {
      stopping ??= stopAll();
      return stopping;
    },
  };
}
