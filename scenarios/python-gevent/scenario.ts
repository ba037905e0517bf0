import { join } from 'node:path';
import { pythonVenv } from '../programs/index.ts';
import { pythonService, startChain } from '../run/chain.ts';
import type { Scenario } from '../run/scenario.ts';

/** Greenlets on one thread, with fan-out. */
export const pythonGevent: Scenario = {
  name: 'python-gevent',
  description: 'HTTP chain over greenlets, with fan-out (gevent)',
  async prepare() {
    return (await pythonVenv()) === null ? 'Python 3 is not installed' : null;
  },
  async start(context) {
    const programs = await pythonVenv();
    if (programs === null) throw new Error('Python 3 is not installed.');
    const front = pythonService('python-gevent', 'front', join(programs, 'python'));
    return startChain(context, { front });
  },
};
