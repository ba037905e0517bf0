import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Finds a file of the installation, from the bundle (dist/) as from the sources. */
function installed(...candidates: readonly string[]): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let up = 0; up < 6; up++) {
    for (const candidate of candidates) {
      const path = join(folder, candidate);
      if (existsSync(path)) return path;
    }
    folder = dirname(folder);
  }
  throw new Error(`${candidates[0]} is missing: run \`npm run setup\``);
}

/** The built eBPF object. */
export function kernelObject(): string {
  return installed('packages/kernel/dist/weft.bpf.o', 'weft.bpf.o');
}

/** The capture worker's bundle. */
export function workerBundle(): string {
  return installed('dist/agent-worker.js', 'agent-worker.js');
}
