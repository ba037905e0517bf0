import { join } from 'node:path';
import { buildRust, findCargo, repoRoot } from '../programs/index.ts';
import { startChain } from '../run/chain.ts';
import type { Scenario } from '../run/scenario.ts';

const build = () => buildRust(join(repoRoot(), 'scenarios', 'rust-tokio'), 'scenario-rust');

/** Tasks that move between the four workers of tokio's multi-thread runtime, with fan-out. */
export const rustTokio: Scenario = {
  name: 'rust-tokio',
  description: 'HTTP chain over tasks of a multi-thread runtime, with fan-out (tokio, axum, reqwest)',
  async prepare() {
    if (findCargo() === null) return 'cargo is not installed';
    await build();
    return null;
  },
  async start(context) {
    const command = await build();
    if (command === null) throw new Error('cargo is not installed.');
    return startChain(context, {
      front: { command, args: ['front'] },
      middle: { command, args: ['middle'] },
    });
  },
};
