import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));

/**
 * Bundles `live-entry.ts` so that a Node without TypeScript can run it as a process or a worker thread.
 * It lies below node_modules, where `koffi` is found and version control does not look.
 */
export async function bundleLiveEntry(): Promise<{ file: string; remove(): void }> {
  const folder = join(here, '../../../node_modules/.cache', `libbpf-live-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'live-entry.mjs');
  await build({
    entryPoints: [join(here, 'live-entry.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['koffi'],
    logLevel: 'error',
  });
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
