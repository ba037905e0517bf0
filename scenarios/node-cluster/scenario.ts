import { join } from 'node:path';
import { startNodeServices } from '../node-event-loop/scenario.ts';
import { repoRoot } from '../programs/index.ts';
import { FOLLOWED_EXACTLY, type Scenario } from '../run/scenario.ts';

/** Event loops in several processes that take turns at the connections of one port. */
export const nodeCluster: Scenario = {
  name: 'node-cluster',
  description: 'HTTP over event loops of four processes behind one port (Node, cluster)',
  bar: FOLLOWED_EXACTLY,
  prepare: async () => null,
  async start({ group, truthLog }) {
    const front = join(repoRoot(), 'scenarios', 'node-cluster', 'front.mjs');
    const port = await startNodeServices(group, truthLog, front);
    return { port, paths: [{ prefix: '/work/', weight: 1 }] };
  },
};
