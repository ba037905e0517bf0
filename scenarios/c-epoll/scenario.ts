import { join } from 'node:path';
import { buildC, findCompiler, repoRoot } from '../programs/index.ts';
import { startChain } from '../run/chain.ts';
import { FOLLOWED_EXACTLY, type Scenario } from '../run/scenario.ts';

const build = () => buildC(join(repoRoot(), 'scenarios', 'c-epoll', 'front.c'), 'scenario-c');

/** A bare event loop, with fan-out and a pool of connections, in front of the services of blocking threads. */
export const cEpoll: Scenario = {
  name: 'c-epoll',
  description: 'HTTP over a bare epoll loop, with fan-out (C)',
  bar: FOLLOWED_EXACTLY,
  async prepare() {
    if (findCompiler() === null) return 'no C compiler is installed';
    await build();
    return null;
  },
  async start(context) {
    const command = await build();
    if (command === null) throw new Error('No C compiler is installed.');
    return startChain(context, { front: { command, args: [] } });
  },
};
