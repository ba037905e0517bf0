import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext } from '../bench.ts';
import { finish, groupIn } from './load.ts';

const HEARTBEAT_MS = 5_000;

/**
 * Installs a folder's npm packages as its lock has them, unless that was done; tells how it goes.
 * @throws Error with npm's last words when it fails
 */
export async function installPackages(context: BenchContext, folder: string): Promise<void> {
  const installed = join(folder, 'node_modules', '.package-lock.json');
  const wanted = statSync(join(folder, 'package-lock.json')).mtimeMs;
  if (existsSync(installed) && statSync(installed).mtimeMs >= wanted) return;
  const start = performance.now();
  const took = () => `${Math.round((performance.now() - start) / 1000)} s`;
  context.say(`installing the npm packages of the benchmark's service into ${folder} …`);
  const heartbeat = setInterval(() => context.say(`  ${took()}: npm is at work`), HEARTBEAT_MS);
  try {
    const group = groupIn(context, null);
    // No package's own scripts: none of them needs any.
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await finish(context, await group.start({ name: 'npm', command: 'npm', args, cwd: folder }));
  } finally {
    clearInterval(heartbeat);
  }
  context.say(`  done in ${took()}`);
}
