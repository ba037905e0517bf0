// Where things of this repository lie. Everything that set-up makes is below `.weft/` and `dist/`.
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const STATE = join(ROOT, '.weft');
export const TOOLS = join(STATE, 'tools');
export const BIN = join(STATE, 'bin');
export const DIST = join(ROOT, 'dist');

/** Folders that are looked into besides PATH: root's PATH often lacks them. */
const EXTRA = ['/usr/local/go/bin', '/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Full path of a program, `.weft/bin` first, then PATH; null when there is none. */
export function findProgram(name) {
  const folders = [BIN, ...(process.env.PATH ?? '').split(delimiter), ...EXTRA];
  for (const folder of folders) {
    if (folder === '') continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not here.
    }
  }
  return null;
}

/** PATH for children: ours first, then the user's, then what root's PATH often lacks. */
export function childPath() {
  return [BIN, process.env.PATH ?? '', ...EXTRA].join(delimiter);
}

/** All files below a folder, sorted, without node_modules, dist and hidden folders. */
export function walk(folder, accept = () => true) {
  const found = [];
  const visit = (dir) => {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.startsWith('.')) continue;
      const path = join(dir, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile() && accept(path)) found.push(path);
    }
  };
  if (existsSync(folder)) visit(folder);
  return found.sort();
}
