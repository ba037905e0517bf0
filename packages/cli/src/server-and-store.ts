import { readFileSync } from 'node:fs';
import { pageFolder } from './modules.ts';
import { VERSION } from './version.ts';

export interface ServerAndStoreOptions {
  readonly listen: string;
  /** `chdb:DIR` or `clickhouse://…` */
  readonly store: string;
  readonly token: string | null;
  readonly log: (line: string) => void;
  /**
   * Told the processes of the embedded store as soon as they exist, and whenever they are replaced: long
   * before they do anything that could be traced.
   */
  readonly onPids: (pids: readonly number[]) => void;
}

export interface RunningServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** How soon a new process of the store is noticed; its engine takes longer than that to load. */
const PID_INTERVAL_MS = 25;

/** Opens the store and starts a server on it. @throws Error with one sentence; nothing is left running then */
export async function startServerAndStore(options: ServerAndStoreOptions): Promise<RunningServer> {
  const { listen, token, log } = options;
  const [{ openStore }, { startServer }] = await Promise.all([import('@weft/store'), import('@weft/server')]);
  const watch = watchChildren(options.onPids);
  try {
    const store = await openStore(options.store, { log });
    try {
      const page = pageFolder();
      if (page === null) log('server: the page is not built (`npm run build`), only the API answers');
      const server = await startServer({ listen, store, token, version: VERSION, page, log });
      const stop = async () => {
        clearInterval(watch);
        await server.close();
        await store.close();
      };
      return { url: server.url, stop };
    } catch (error) {
      await store.close();
      throw error;
    }
  } catch (error) {
    clearInterval(watch);
    throw error;
  }
}

/** Looks for processes that this one has started. */
function watchChildren(tell: (pids: readonly number[]) => void): NodeJS.Timeout {
  let last = '';
  return setInterval(() => {
    const now = childrenText();
    if (now === last) return;
    last = now;
    tell(
      now
        .split(' ')
        .map(Number)
        .filter((pid) => pid > 0),
    );
  }, PID_INTERVAL_MS);
}

/** Pids of this process's children, parted by blanks (proc(5): `children`; Node starts them on its main thread). */
function childrenText(): string {
  try {
    return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
  } catch {
    return '';
  }
}
