import { resolve } from 'node:path';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { insertBlocks } from './insert.ts';
import type { StoreEngine } from './migrations/dialect.ts';
import { migrate } from './migrations/migrate.ts';
import { startStoreProcess } from './process/spawn.ts';

/** A store that is ready: schema up to date. */
export interface Store {
  readonly client: ClickHouseClient;
  readonly engine: StoreEngine;
  /** Process id of the embedded store, which the agent must not trace; null for a remote one, or while it is down. */
  pid(): number | null;
  /** The embedded store has died and is not back yet. Of a remote one only a failed insert tells. */
  isDown(): boolean;
  /**
   * Stores wire blocks that were checked, all in one insert. When it resolves they are there for every query, and stay
   * there if the store is killed.
   * @throws BlockRefused when one of them can never be stored; what the client throws when the store cannot be reached
   */
  insertSpans(blocks: readonly Uint8Array[]): Promise<void>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** The bundled `store-process.js`; by default the one beside this module's bundle. */
  readonly storeProcess?: string;
  readonly log?: (line: string) => void;
  /** Called with the process id of the embedded store as soon as it exists, at each start: it must not be traced. */
  readonly onStart?: (pid: number) => void;
}

/**
 * Opens a store:
 *  - `chdb:DIR`: the embedded engine in a process of its own, started here
 *  - `clickhouse://user:password@host:8123/database`: a server, over its HTTP interface (`clickhouses://` for TLS);
 *    with `?cluster=NAME`, replicated and distributed tables on that cluster
 * and brings its schema up to date.
 * @throws Error with one sentence when the address makes no sense or the store cannot be reached
 */
export async function openStore(address: string, options: StoreOptions = {}): Promise<Store> {
  if (address.startsWith('chdb:')) return openEmbedded(address.slice('chdb:'.length), options);
  if (/^clickhouses?:\/\//.test(address)) return openRemote(address);
  throw new Error(
    `The store ${JSON.stringify(address)} is neither chdb:DIR nor clickhouse://host:port/database.`,
  );
}

async function openEmbedded(folder: string, options: StoreOptions): Promise<Store> {
  if (folder === '') throw new Error('The store chdb: lacks a folder: write chdb:DIR.');
  const process = await startStoreProcess({
    dataFolder: resolve(folder),
    ...(options.storeProcess === undefined ? {} : { entry: options.storeProcess }),
    ...(options.log === undefined ? {} : { log: options.log }),
    ...(options.onStart === undefined ? {} : { onStart: options.onStart }),
  });
  const client = createClient({
    url: process.url,
    password: process.password,
    max_open_connections: 8,
    request_timeout: 60_000,
    // Below the time after which the store closes idle sockets.
    keep_alive: { idle_socket_ttl: 10_000 },
    // A failed request is answered to whoever asked; nobody reads the client's own log.
    log: { level: ClickHouseLogLevel.OFF },
  });
  const isDown = () => process.pid() === null;
  return finish(client, { kind: 'single' }, { pid: process.pid, isDown, stop: () => process.stop() });
}

async function openRemote(address: string): Promise<Store> {
  const url = new URL(address.replace(/^clickhouse/, 'http'));
  const cluster = url.searchParams.get('cluster');
  const client = createClient({
    url: `${url.protocol}//${url.host || 'localhost:8123'}`,
    username: decodeURIComponent(url.username) || 'default',
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1) || 'default',
    max_open_connections: 16,
    request_timeout: 60_000,
    ...(cluster === null ? {} : { clickhouse_settings: { distributed_foreground_insert: 1 } }),
    log: { level: ClickHouseLogLevel.OFF },
  });
  const engine: StoreEngine = cluster === null ? { kind: 'single' } : { kind: 'cluster', cluster };
  return finish(client, engine, { pid: () => null, isDown: () => false, stop: () => Promise.resolve() });
}

async function finish(
  client: ClickHouseClient,
  engine: StoreEngine,
  process: Pick<Store, 'pid' | 'isDown'> & { stop(): Promise<void> },
): Promise<Store> {
  const close = async (): Promise<void> => {
    await client.close();
    await process.stop();
  };
  try {
    await migrate(client, engine);
  } catch (error) {
    await close();
    const message = error instanceof Error ? error.message || error.name : String(error);
    throw new Error(`The store cannot be used: ${message.split('\n')[0]}`);
  }
  return {
    client,
    engine,
    pid: process.pid,
    isDown: process.isDown,
    insertSpans: (blocks) => insertBlocks(client, blocks),
    close,
  };
}
