// `npm run screenshot`: docs/trace.png and docs/trace-dark.png anew, from the demo as it is traced now.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { childPath, ROOT, STATE } from './lib/paths.mjs';
import { script, step } from './lib/step.mjs';
import { setup } from './setup.mjs';

await script(async () => {
  await setup({ browser: true });
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  await step(
    'tracing the demo and taking pictures of a trace',
    process.execPath,
    [vitest, 'run', '--config', 'vitest.browser.config.ts', 'screenshot.browser.test.ts'],
    { cwd: ROOT, env: { PATH: childPath() } },
  );
  mkdirSync(join(ROOT, 'docs'), { recursive: true });
  for (const name of ['trace.png', 'trace-dark.png']) {
    copyFileSync(join(STATE, 'screenshots', name), join(ROOT, 'docs', name));
  }
});
