import { join } from 'node:path';
import { pythonVenv, repoRoot } from '../programs/index.ts';
import { startChain } from '../run/chain.ts';
import { FOLLOWED_EXACTLY, type Scenario } from '../run/scenario.ts';

/** Processes forked beforehand, one request at a time each, in front of the services of blocking threads. */
export const pythonGunicorn: Scenario = {
  name: 'python-gunicorn',
  description: 'Four processes that share a listening socket (gunicorn, prefork)',
  bar: FOLLOWED_EXACTLY,
  async prepare() {
    return (await pythonVenv()) === null ? 'Python 3 is not installed' : null;
  },
  async start(context) {
    const programs = await pythonVenv();
    if (programs === null) throw new Error('Python 3 is not installed.');
    const folder = join(repoRoot(), 'scenarios', 'python-gunicorn');
    const args = ['--chdir', folder, '--config', join(folder, 'gunicorn.conf.py'), 'front:application'];
    const env = { PYTHONDONTWRITEBYTECODE: '1' };
    return startChain(context, { front: { command: join(programs, 'gunicorn'), args, env } });
  },
};
