// `npm start`: set-up, then agent, server, store and demo on http://127.0.0.1:7766 (`weft up --demo`).
import { join } from 'node:path';
import { ROOT } from './lib/paths.mjs';
import { script } from './lib/step.mjs';
import { becomeBundle } from './lib/weft.mjs';
import { setup } from './setup.mjs';

/** npm hands SIGTERM on, but it can be killed: then nobody is left who would stop us. */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
  }, 1000).unref();
}

await script(async () => {
  endWithNpm();
  await setup();
  const args = process.argv.slice(2);
  const hasData = args.some((arg) => arg === '--data' || arg.startsWith('--data='));
  const data = hasData || process.env.WEFT_DATA !== undefined ? [] : ['--data', join(ROOT, '.weft/data')];
  await becomeBundle('weft', ['up', '--demo', ...data, ...args]);
});
