#!/usr/bin/env node
// The `weft` command inside this repository: builds dist/ when a source has changed, then becomes it.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

if (!existsSync(join(root, 'node_modules/esbuild'))) {
  process.stderr.write('The packages of Weft are not installed: run `npm run setup` in its folder first.\n');
  process.exit(1);
}
const { build } = await import(pathToFileURL(join(root, 'scripts/build.mjs')).href);
const { becomeBundle } = await import(pathToFileURL(join(root, 'scripts/lib/weft.mjs')).href);
try {
  await build();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
await becomeBundle('weft', process.argv.slice(2));
