import { join } from 'node:path';
import { repoRoot } from '../programs/index.ts';
import { MISSING_AIOHTTP, pythonWithAiohttp } from '../python-asyncio/scenario.ts';
import { pythonService, startChain } from '../run/chain.ts';
import { FOLLOWED_EXACTLY, type Scenario } from '../run/scenario.ts';

/** The services of python-asyncio, passing on a request id and nothing else. */
export const pythonRequestId: Scenario = {
  name: 'python-request-id',
  description: 'HTTP chain over asyncio that passes on a request id (aiohttp, 30 lines of middleware)',
  bar: FOLLOWED_EXACTLY,
  async prepare() {
    return pythonWithAiohttp() === null ? MISSING_AIOHTTP : null;
  },
  async start(context) {
    const command = pythonWithAiohttp();
    if (command === null) throw new Error('aiohttp is not installed.');
    const scenarios = join(repoRoot(), 'scenarios');
    const service = (name: string) => ({
      ...pythonService('python-request-id', 'request_id', command, [
        join(scenarios, 'python-asyncio', `${name}.py`),
      ]),
      env: { PYTHONDONTWRITEBYTECODE: '1', PYTHONPATH: join(scenarios, 'python-asyncio') },
    });
    const target = await startChain(context, { front: service('front'), middle: service('middle') });
    return { ...target, requestIds: true };
  },
};
