// Whether node_modules is what package-lock.json says.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Why the npm packages must be installed, or null when they are as the lock says. npm writes the list of
 * what it installed at its very end, so a torn install is seen as well.
 */
export function npmProblem(root) {
  const lockPath = join(root, 'package-lock.json');
  const installedPath = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedPath)) return 'none are there';
  if (!existsSync(lockPath)) return null;
  const wanted = readJson(lockPath)?.packages;
  const installed = readJson(installedPath)?.packages;
  if (wanted === undefined) return null;
  if (installed === undefined) return 'the last install did not end well';
  const problem = difference(wanted, installed);
  if (problem !== null) return problem;
  if (missingFolder(root, installed)) return 'some were removed';
  return existsSync(join(root, 'node_modules/.bin/weft')) ? null : '`npx weft` is not linked';
}

/** First difference between two package lists, as words; null when there is none. */
export function difference(wanted, installed) {
  for (const [path, entry] of Object.entries(wanted)) {
    // The root itself and our workspaces are not installed; packages of other platforms stay away.
    if (!path.startsWith('node_modules/')) continue;
    const have = installed[path];
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (have === undefined) {
      if (entry.optional === true || entry.devOptional === true || entry.peer === true) continue;
      return `${name} is missing`;
    }
    if (have.version !== entry.version) return `${name} is ${have.version}, not ${entry.version}`;
  }
  return null;
}

function missingFolder(root, installed) {
  return Object.keys(installed).some(
    (path) => path.startsWith('node_modules/') && !existsSync(join(root, path)),
  );
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
