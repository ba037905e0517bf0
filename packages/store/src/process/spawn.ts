import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { storeProcessEntry } from './entry.ts';

/** The embedded store's process, started again when it dies. */
export interface StoreProcess {
  readonly url: string;
  readonly password: string;
  /** Null while it is down. Changes when it was started again. */
  pid(): number | null;
  stop(): Promise<void>;
}

export interface StoreProcessOptions {
  readonly dataFolder: string;
  /** The bundled `store-process.js`; by default the one beside this module's bundle. */
  readonly entry?: string;
  /** One line when the process died and what becomes of it. */
  readonly log?: (line: string) => void;
  /** Called with the process id as soon as it exists, at each start, so that nothing traces it. */
  readonly onStart?: (pid: number) => void;
}

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 8_000;
const KEPT_STDERR = 4096;

/**
 * Starts chDB in a process of its own and waits until it answers. It ends with this process, however this one ends.
 * Should it die, it is started again on the same port: clients only see refused connections meanwhile.
 * @throws Error with one sentence when it cannot be started
 */
export async function startStoreProcess(options: StoreProcessOptions): Promise<StoreProcess> {
  const entry = options.entry ?? (await storeProcessEntry());
  const password = randomBytes(24).toString('base64url');
  let stopped = false;
  let restarting: NodeJS.Timeout | null = null;
  let running = await launch(entry, options, password, '0');
  const { url } = running;
  const port = new URL(url).port;

  const watch = (): void => {
    const { child } = running;
    child.once('exit', (code, signal) => {
      if (stopped) return;
      options.log?.(`the store ended (${signal ?? code}); starting it again`);
      restart(100);
    });
  };
  const restart = (delay: number): void => {
    restarting = setTimeout(() => {
      launch(entry, options, password, port)
        .then((next) => {
          running = next;
          if (stopped) void terminate(next.child);
          else watch();
        })
        .catch((error: unknown) => {
          options.log?.(error instanceof Error ? error.message : String(error));
          if (!stopped) restart(Math.min(delay * 2, 5000));
        });
    }, delay);
  };
  watch();
  return {
    url,
    password,
    pid: () => (isAlive(running.child) ? (running.child.pid ?? null) : null),
    async stop() {
      stopped = true;
      if (restarting !== null) clearTimeout(restarting);
      await terminate(running.child);
    },
  };
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function terminate(child: ChildProcess): Promise<void> {
  if (!isAlive(child)) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

function launch(
  entry: string,
  options: StoreProcessOptions,
  password: string,
  port: string,
): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [entry, '--data', options.dataFolder, '--port', port], {
    // The engine's calls block threads of libuv's pool: one for each connection, and some for files.
    env: { ...process.env, WEFT_STORE_PASSWORD: password, UV_THREADPOOL_SIZE: '8' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) options.onStart?.(child.pid);
  return new Promise((resolve, reject) => {
    let output = '';
    let errors = '';
    let settled = false;
    const finish = (act: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      act();
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      finish(() => reject(new Error(`The store did not start within ${START_TIMEOUT_MS / 1000} s.`)));
    }, START_TIMEOUT_MS);
    child.stderr?.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-KEPT_STDERR);
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      if (settled) return;
      output = (output + chunk.toString()).slice(-KEPT_STDERR);
      const ready = /^ready (\S+)$/m.exec(output);
      if (ready !== null) finish(() => resolve({ child, url: ready[1]! }));
    });
    child.once('error', (error) =>
      finish(() => reject(new Error(`The store cannot be started: ${error.message}`))),
    );
    child.once('exit', (code, signal) => {
      const said =
        errors
          .trim()
          .split('\n')
          .find((line) => line.startsWith('weft store:')) ?? errors.trim();
      finish(() =>
        reject(new Error(`The store did not start (${signal ?? code}): ${said || 'it said nothing'}`)),
      );
    });
    // A pipe to a process that has just died must not end this one.
    child.stdin?.on('error', () => undefined);
  });
}
