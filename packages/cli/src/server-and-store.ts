import { VERSION } from './version.ts';

export interface ServerAndStoreOptions {
  readonly listen: string;
  /** `chdb:DIR` or `clickhouse://…` */
  readonly store: string;
  readonly token: string | null;
  readonly log: (line: string) => void;
}

export interface RunningServer {
  readonly url: string;
  /** Processes of the embedded store. */
  pids(): readonly number[];
  /** Told when the store's process was replaced by another. */
  onPids(handler: (pids: readonly number[]) => void): void;
  stop(): Promise<void>;
}

/** How soon a new process of the store is noticed. */
const PID_INTERVAL_MS = 50;

/** Opens the store and starts a server on it. @throws Error with one sentence; nothing is left running then */
export async function startServerAndStore(options: ServerAndStoreOptions): Promise<RunningServer> {
  const { listen, token, log } = options;
  const [{ openStore }, { startServer }] = await Promise.all([import('@weft/store'), import('@weft/server')]);
  const store = await openStore(options.store, { log });
  const pids = () => {
    const pid = store.pid();
    return pid === null ? [] : [pid];
  };
  try {
    const server = await startServer({ listen, store, token, version: VERSION, log });
    let timer: NodeJS.Timeout | undefined;
    return {
      url: server.url,
      pids,
      onPids: (handler) => {
        let last = store.pid();
        timer = setInterval(() => {
          const now = store.pid();
          if (now === last) return;
          last = now;
          handler(pids());
        }, PID_INTERVAL_MS);
      },
      stop: async () => {
        clearInterval(timer);
        await server.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
