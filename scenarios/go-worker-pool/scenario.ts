import { buildGoServices } from '../go-goroutines/scenario.ts';
import { findGo } from '../programs/index.ts';
import { startChain } from '../run/chain.ts';
import type { Scenario } from '../run/scenario.ts';

/** Handlers that hand their requests over to eight goroutines through a channel, in front of the services of go-goroutines. */
export const goWorkerPool: Scenario = {
  name: 'go-worker-pool',
  description: 'Handlers hand requests over to eight goroutines (Go, channels)',
  async prepare() {
    if (findGo() === null) return 'Go is not installed';
    await buildGoServices();
    return null;
  },
  async start(context) {
    const command = await buildGoServices();
    if (command === null) throw new Error('Go is not installed.');
    const [front, middle, leaf] = ['pool', 'middle', 'leaf'].map((role) => ({ command, args: [role] }));
    return startChain(context, { front: front!, middle: middle!, leaf: leaf! });
  },
};
