// Running one of our bundles in place of this process: no process more that could outlive another.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { childPath, DIST } from './paths.mjs';

/** Runs `dist/NAME.js ARGS` in this process, as if it had been started so. */
export async function becomeBundle(name, args) {
  const file = join(DIST, `${name}.js`);
  process.argv = [process.execPath, file, ...args];
  process.env.PATH = childPath();
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(file).href);
}
