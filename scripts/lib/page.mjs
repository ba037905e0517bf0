// The web page: packages/ui built by Vite into dist/ui, again only when a source of it has changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { DIST, ROOT, walk } from './paths.mjs';
import { elapsed, Failure, say } from './step.mjs';

const PAGE = join(DIST, 'ui');
const STAMP = join(DIST, 'ui-stamp.json');
const SOURCE = /\.(tsx?|css|html|svg|json)$/;
const TEST = /\.test\.tsx?$/;

/** Changes whenever a source's name, size or time does. Types alone come from other packages, and leave nothing behind. */
function fingerprint() {
  const hash = createHash('sha256');
  const files = walk(join(ROOT, 'packages/ui'), (path) => SOURCE.test(path) && !TEST.test(path));
  for (const file of [...files, join(ROOT, 'package-lock.json')]) {
    if (!existsSync(file)) continue;
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(ROOT, file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function isBuilt(sources) {
  try {
    return (
      JSON.parse(readFileSync(STAMP, 'utf8')).sources === sources && existsSync(join(PAGE, 'index.html'))
    );
  } catch {
    return false;
  }
}

/** A server that runs has its page in memory; two builds at once leave the page of either. */
function putInPlace(fresh) {
  const old = `${PAGE}.${process.pid}.old`;
  try {
    renameSync(PAGE, old);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  try {
    renameSync(fresh, PAGE);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    rmSync(fresh, { recursive: true });
  }
  rmSync(old, { recursive: true, force: true });
}

/** Builds the page if it is stale. Returns whether it did. */
export function buildPage({ force = false } = {}) {
  const sources = fingerprint();
  if (!force && isBuilt(sources)) return false;
  const start = Date.now();
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
  if (!existsSync(vite)) throw new Failure('The bundler of the page is not installed: run `npm run setup`.');
  const fresh = `${PAGE}.${process.pid}.tmp`;
  // A process of its own: this one may go on as one of the bundles, and the bundler's threads must not stay with it.
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    [vite, 'build', 'packages/ui', '--outDir', fresh, '--logLevel', 'warn'],
    { cwd: ROOT, encoding: 'utf8' },
  );
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    say(`${stdout}${stderr}`.trim());
    throw new Failure('The page cannot be built: see above.');
  }
  putInPlace(fresh);
  writeFileSync(STAMP, JSON.stringify({ sources }));
  say(`built the page in ${elapsed(start)}`);
  return true;
}
