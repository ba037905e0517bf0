import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../errors.ts';
import { createBackoff } from './backoff.ts';
import { asChildMessage, type ChildMessage, type SupervisorMessage } from './messages.ts';

type Ready = Extract<ChildMessage, { readonly type: 'ready' }>;

/** A process of ours that is kept running. */
export interface SupervisedChild {
  send(message: SupervisorMessage): void;
  /** Asks it to end, insists after `graceMs`; resolves when it is gone. Never restarted after that. */
  stop(graceMs: number): Promise<void>;
}

export interface ChildOptions {
  /** In messages to the user. */
  readonly name: string;
  /** The program and its arguments, asked for at each start. */
  readonly command: () => readonly string[];
  readonly log: (line: string) => void;
  /** The child works (again); called at each start, after the first one too. */
  readonly onReady: (ready: Ready) => void;
  /** Its pids and those of its own children have changed: it was started, told of new ones, or has ended. */
  readonly onPids: (pids: readonly number[]) => void;
}

const START_TIMEOUT_MS = 60_000;

/**
 * Starts a child and keeps it running: when it ends, it is started again after a growing wait. Its stdout
 * goes to our stderr, since stdout belongs to the ready line.
 * @returns after the child has said that it works
 * @throws CliError with the child's own sentence when it does not get so far the first time
 */
export async function startChild(options: ChildOptions): Promise<SupervisedChild> {
  const { name, log } = options;
  const backoff = createBackoff();
  let current: ChildProcess | null = null;
  let further: readonly number[] = [];
  let stopping = false;
  let retry: NodeJS.Timeout | null = null;

  const tellPids = () => options.onPids(current?.pid === undefined ? [] : [current.pid, ...further]);

  const launch = (): Promise<Ready> => {
    const [program, ...args] = options.command();
    const startedAt = Date.now();
    const child = spawn(program!, args, { stdio: ['ignore', 2, 2, 'ipc'] });
    current = child;
    tellPids();
    return new Promise((resolve, reject) => {
      let ready = false;
      const late = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
      const fail = (sentence: string, exitCode = 1) => reject(new CliError(sentence, exitCode));
      child.on('message', (raw) => {
        const message = asChildMessage(raw);
        if (message === null) return;
        switch (message.type) {
          case 'ready':
            ready = true;
            clearTimeout(late);
            options.onReady(message);
            resolve(message);
            break;
          case 'pids':
            further = message.pids;
            tellPids();
            break;
          case 'failed':
            fail(message.sentence, message.exitCode);
            break;
        }
      });
      child.on('error', (error) => fail(`The ${name} cannot be started: ${error.message}.`));
      child.on('exit', (code, signal) => {
        clearTimeout(late);
        const how = signal === null ? `exit code ${code}` : signal;
        const left = further;
        current = null;
        further = [];
        tellPids();
        if (!ready) fail(`The ${name} ended before it was ready (${how}); its messages are above.`);
        else if (!stopping) {
          const wait = backoff.next(Date.now() - startedAt);
          log(`The ${name} ended (${how}); it is started again in ${wait / 1000} s.`);
          void endAll(left);
          plan(wait);
        }
      });
    });
  };

  const plan = (wait: number) => {
    retry = setTimeout(() => {
      const startedAt = Date.now();
      launch().then(
        () => log(`The ${name} works again.`),
        (error: unknown) => {
          if (stopping) return;
          const next = backoff.next(Date.now() - startedAt);
          log(`${error instanceof Error ? error.message : String(error)} Next try in ${next / 1000} s.`);
          plan(next);
        },
      );
    }, wait);
  };

  const stop = async (graceMs: number) => {
    stopping = true;
    if (retry !== null) clearTimeout(retry);
    const child = current;
    const left = further;
    if (child !== null) {
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      const insist = setTimeout(() => {
        log(`The ${name} does not end by itself and is killed.`);
        child.kill('SIGKILL');
      }, graceMs);
      await gone;
      clearTimeout(insist);
    }
    await endAll(left);
  };

  const supervised: SupervisedChild = {
    send: (message) => {
      if (current?.connected) current.send(message, () => {});
    },
    stop,
  };
  try {
    await launch();
  } catch (error) {
    await stop(1000);
    throw error;
  }
  return supervised;
}

/** Time that a child's own children get to end after it. */
const ORPHAN_GRACE_MS = 1000;

/** Waits for processes that a child of ours had started, which end by themselves; insists after a while. */
async function endAll(pids: readonly number[]): Promise<void> {
  const deadline = Date.now() + ORPHAN_GRACE_MS;
  let alive = pids.filter((pid) => signal(pid, 0));
  while (alive.length > 0 && Date.now() < deadline) {
    await sleep(20);
    alive = alive.filter((pid) => signal(pid, 0));
  }
  for (const pid of alive) signal(pid, 'SIGKILL');
}

/** @returns whether there was such a process */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
