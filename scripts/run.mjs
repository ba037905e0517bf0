// `npm run score|bench|fuzz`: set-up where needed, then the bundle of that name with the remaining arguments.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DIST } from './lib/paths.mjs';
import { Failure, script } from './lib/step.mjs';
import { becomeBundle } from './lib/weft.mjs';
import { setup } from './setup.mjs';

/** Name → bundle and its first arguments. */
const RUNS = {
  score: { bundle: 'weft', first: ['score'] },
  bench: { bundle: 'bench', first: [] },
  fuzz: { bundle: 'fuzz', first: [] },
};

await script(async () => {
  const [name, ...args] = process.argv.slice(2);
  const run = RUNS[name];
  if (run === undefined) throw new Failure(`Say what to run: ${Object.keys(RUNS).join(', ')}.`);
  await setup();
  if (!existsSync(join(DIST, `${run.bundle}.js`))) {
    throw new Failure(
      `\`npm run ${name}\` has no program in this version: dist/${run.bundle}.js is not built.`,
    );
  }
  await becomeBundle(run.bundle, [...run.first, ...args]);
});
