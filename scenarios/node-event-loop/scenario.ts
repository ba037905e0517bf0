import { join } from 'node:path';
import { freePorts, type ProgramGroup, repoRoot } from '../programs/index.ts';
import type { Scenario } from '../run/scenario.ts';

/**
 * Starts leaf, catalog and front.
 * @returns the port of front
 */
export async function startNodeServices(
  group: ProgramGroup,
  truthLog: (program: string) => string,
): Promise<number> {
  const [front, catalog, leaf] = await freePorts(3);
  const folder = join(repoRoot(), 'scenarios', 'node-event-loop');
  const program = (name: string, port: number, env: Record<string, string>) =>
    group.start({
      name,
      command: process.execPath,
      args: [join(folder, `${name}.mjs`)],
      env: { TRUTH_LOG: truthLog(name), PORT: String(port), ...env },
      port,
    });
  await program('leaf', leaf!, {});
  await program('catalog', catalog!, { LEAF_PORT: String(leaf) });
  await program('front', front!, { CATALOG_PORT: String(catalog), LEAF_PORT: String(leaf) });
  return front!;
}

/** HTTP over event loops: front fans out, one service calls through `fetch`. */
export const nodeEventLoop: Scenario = {
  name: 'node-event-loop',
  description: 'HTTP over event loops, with fan-out (Node)',
  prepare: async () => null,
  async start({ group, truthLog }) {
    const port = await startNodeServices(group, truthLog);
    return { port, paths: [{ prefix: '/work/', weight: 1 }] };
  },
};
