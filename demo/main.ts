import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgramGroup } from '../scenarios/programs/index.ts';
import { startShop } from './shop.ts';

export { buildDemo } from './shop.ts';

export interface DemoOptions {
  /** cgroup v2 folder that all programs enter before they begin; null or absent: none. */
  readonly cgroup?: string | null;
  /** File to which the shoppers append a line of JSON for each request of theirs; absent: none. */
  readonly shoppersLog?: string;
  /** One line at a time, for people. */
  readonly log: (line: string) => void;
}

/** A demo under load. */
export interface RunningDemo {
  /** Where its shoppers send their requests. */
  readonly url: string;
  /** What this machine cannot run, a sentence each without its full stop. */
  readonly skipped: readonly string[];
  /** Ends all programs and removes their data. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts the demo: a shop of nginx → storefront (Node) → orders (Python threads) → MariaDB and Redis, and → pricing (Go)
 * → PostgreSQL, with a few shoppers. Its programs and their data go with this process, however it ends.
 * @throws Error in one sentence when a part that this machine has does not start; nothing is left running then
 */
export async function startDemo(options: DemoOptions): Promise<RunningDemo> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-demo-'));
  const group = createProgramGroup(options.cgroup ?? null);
  group.owns(folder);
  const skipped: string[] = [];
  const stop = async () => {
    await group.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const skip = (reason: string) => {
    skipped.push(reason);
    options.log(`demo: ${reason}`);
  };
  try {
    const port = await startShop({ group, folder, skip, shoppersLog: options.shoppersLog ?? null });
    const url = `http://127.0.0.1:${port}`;
    options.log(`demo: a shop at ${url}, with shoppers`);
    return { url, skipped, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
