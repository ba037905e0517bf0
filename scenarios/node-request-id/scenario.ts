import { join } from 'node:path';
import { startNodeServices } from '../node-event-loop/scenario.ts';
import { repoRoot } from '../programs/index.ts';
import { FOLLOWED_EXACTLY, type Scenario } from '../run/scenario.ts';

/** An event loop that waits by timers, whose services pass on a request id and nothing else. */
export const nodeRequestId: Scenario = {
  name: 'node-request-id',
  description: 'An event loop with timers that passes on a request id (Node, 30 lines of middleware)',
  bar: FOLLOWED_EXACTLY,
  prepare: async () => null,
  async start({ group, truthLog }) {
    const folder = join(repoRoot(), 'scenarios', 'node-request-id');
    const port = await startNodeServices(group, truthLog, join(folder, 'front.mjs'), [
      '--import',
      join(folder, 'request-id.mjs'),
    ]);
    return { port, paths: [{ prefix: '/work/', weight: 1 }], requestIds: true };
  },
};
