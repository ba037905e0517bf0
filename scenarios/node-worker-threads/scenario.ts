import { join } from 'node:path';
import { startNodeServices } from '../node-event-loop/scenario.ts';
import { repoRoot } from '../programs/index.ts';
import type { Scenario } from '../run/scenario.ts';

/** An event loop that serves, and four threads with loops of their own that make the calls. */
export const nodeWorkerThreads: Scenario = {
  name: 'node-worker-threads',
  description: 'An event loop hands requests over to four threads (Node, worker_threads)',
  prepare: async () => null,
  async start({ group, truthLog }) {
    const front = join(repoRoot(), 'scenarios', 'node-worker-threads', 'front.mjs');
    const port = await startNodeServices(group, truthLog, front);
    return { port, paths: [{ prefix: '/work/', weight: 1 }] };
  },
};
