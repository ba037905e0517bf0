// Builds weft.bpf.o and generates the decoder's offsets from its BTF. Plain JavaScript: set-up runs it
// before anything else is built.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const ARCH = { x64: 'x86', arm64: 'arm64' };

function newestSource(folder) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) newest = Math.max(newest, newestSource(path));
    else if (/\.[ch]$/.test(entry.name)) newest = Math.max(newest, statSync(path).mtimeMs);
  }
  return newest;
}

/** Path of the built object. */
export const objectPath = join(here, 'dist', 'weft.bpf.o');

/** Compiles the eBPF object when a source is newer. Returns whether it did. */
export function buildKernel({ force = false } = {}) {
  const newest = Math.max(
    newestSource(join(here, 'bpf')),
    newestSource(join(here, 'arch')),
    statSync(join(here, 'weft.bpf.c')).mtimeMs,
  );
  if (!force && existsSync(objectPath) && statSync(objectPath).mtimeMs > newest) return false;
  const clang = ['clang-19', 'clang'].find((name) => {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
  if (!clang) throw new Error('no clang found: install it (apt-get install clang-19 libbpf-dev)');
  mkdirSync(dirname(objectPath), { recursive: true });
  execFileSync(
    clang,
    [
      '-g',
      '-O2',
      '-target',
      'bpf',
      '-mcpu=v3',
      `-D__TARGET_ARCH_${ARCH[process.arch] ?? process.arch}`,
      '-Wall',
      '-Werror',
      '-Wno-unused-function',
      '-I.',
      '-Ibpf',
      '-c',
      'weft.bpf.c',
      '-o',
      objectPath,
    ],
    { cwd: here, stdio: 'inherit' },
  );
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.error(
    buildKernel({ force: process.argv.includes('--force') }) ? `built ${objectPath}` : 'up to date',
  );
}
