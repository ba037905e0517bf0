// Bundles the TypeScript into dist/, and the page into dist/ui. Nothing is done when no source has changed (a few ms).
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildPage } from './lib/page.mjs';
import { DIST, ROOT, walk } from './lib/paths.mjs';
import { Failure, say, script } from './lib/step.mjs';

/** Bundle → its entry. Workers and processes find each other as neighbours in dist/. */
const ENTRIES = {
  weft: 'packages/cli/src/main.ts',
  'agent-worker': 'packages/agent/src/worker.ts',
  'store-process': 'packages/store/src/process/store-process.ts',
  scenarios: 'scenarios/main.ts',
  bench: 'bench/main.ts',
  demo: 'demo/main.ts',
  fuzz: 'bench/fuzz.ts',
};
const SOURCE_FOLDERS = ['packages', 'scenarios', 'bench', 'demo'];
const STAMP = join(DIST, 'stamp.json');

/** Changes whenever a source's name, size or time does. */
function fingerprint() {
  const hash = createHash('sha256');
  const files = SOURCE_FOLDERS.flatMap((folder) =>
    walk(
      join(ROOT, folder),
      (path) =>
        /\.(ts|json)$/.test(path) &&
        !path.endsWith('.test.ts') &&
        !path.startsWith(join(ROOT, 'packages/ui/')),
    ),
  );
  files.push(join(ROOT, 'package.json'), join(ROOT, 'package-lock.json'), join(ROOT, 'scripts/build.mjs'));
  for (const file of files) {
    if (!existsSync(file)) continue;
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(ROOT, file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** True when dist/ was built from the sources as they are now. */
export function isBuilt() {
  if (!existsSync(STAMP)) return false;
  try {
    const { sources, outputs } = JSON.parse(readFileSync(STAMP, 'utf8'));
    return sources === fingerprint() && outputs.every((name) => existsSync(join(DIST, name)));
  } catch {
    return false;
  }
}

/**
 * Builds dist/ if it is stale.
 * @returns {Promise<boolean>} whether something was built
 */
export async function build({ force = false } = {}) {
  copyKernelObject();
  const page = buildPage({ force });
  if (!force && isBuilt()) return page;
  const sources = fingerprint();
  const present = Object.entries(ENTRIES).filter(([, entry]) => existsSync(join(ROOT, entry)));
  const absent = Object.entries(ENTRIES).filter(([, entry]) => !existsSync(join(ROOT, entry)));
  const start = Date.now();
  const esbuild = await import('esbuild').catch(() => {
    throw new Failure('The bundler is not installed: run `npm run setup`.');
  });
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  let result;
  try {
    result = await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: Object.fromEntries(present),
      outdir: DIST,
      bundle: true,
      // A command loads only what it needs: without it, every command would load libchdb and koffi.
      splitting: true,
      // Shared parts lie beside the entries, so that `new URL('./x.js', import.meta.url)` is right in both.
      chunkNames: 'chunk-[hash]',
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: true,
      external: Object.keys(manifest.dependencies),
      logLevel: 'silent',
      write: false,
    });
  } catch (error) {
    for (const { text, location } of error.errors ?? []) {
      say(`${location === null ? '' : `${location.file}:${location.line}: `}${text}`);
    }
    if (error.errors === undefined) throw error;
    throw new Failure(`The build failed with ${error.errors.length} error(s): see above.`);
  } finally {
    // This process may go on as one of the bundles: the bundler's own process must not stay with it.
    await esbuild.stop();
  }
  const outputs = writeOutputs(result.outputFiles);
  writeFileSync(STAMP, JSON.stringify({ sources, outputs }));
  say(`built ${present.map(([name]) => name).join(', ')} in ${Date.now() - start} ms`);
  if (absent.length > 0) say(`not there yet: ${absent.map(([, entry]) => entry).join(', ')}`);
  return true;
}

/** The kernel programs lie beside the bundles that load them. */
function copyKernelObject() {
  const from = join(ROOT, 'packages/kernel/dist/weft.bpf.o');
  const to = join(DIST, 'weft.bpf.o');
  if (!existsSync(from)) return;
  if (existsSync(to) && statSync(to).mtimeMs >= statSync(from).mtimeMs) return;
  mkdirSync(DIST, { recursive: true });
  replace(to, readFileSync(from));
}

/** A program that starts meanwhile reads the old file or the new one, whole. */
function replace(path, content) {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}

function writeOutputs(files) {
  mkdirSync(DIST, { recursive: true });
  const names = files.map((file) => basename(file.path));
  for (const file of files) replace(file.path, file.contents);
  const kept = new Set(names);
  for (const name of readdirSync(DIST)) {
    if (/^(chunk-.*|[a-z-]+)\.js(\.map)?$/.test(name) && !kept.has(name)) rmSync(join(DIST, name));
  }
  return names;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await script(async () => {
    await build({ force: process.argv.includes('--force') });
  });
}
