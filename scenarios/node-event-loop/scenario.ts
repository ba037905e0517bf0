import { join } from 'node:path';
import { freePorts, type ProgramGroup, repoRoot } from '../programs/index.ts';
import { FOLLOWED_EXACTLY, type Scenario } from '../run/scenario.ts';

/**
 * Starts leaf, catalog and front, or another program in front's place.
 * @param nodeArgs arguments of Node itself
 * @returns the port of front
 */
export async function startNodeServices(
  group: ProgramGroup,
  truthLog: (program: string) => string,
  frontProgram = join(repoRoot(), 'scenarios', 'node-event-loop', 'front.mjs'),
  nodeArgs: readonly string[] = [],
): Promise<number> {
  const [front, catalog, leaf] = await freePorts(3);
  const folder = join(repoRoot(), 'scenarios', 'node-event-loop');
  const program = (
    name: string,
    port: number,
    env: Record<string, string>,
    file = join(folder, `${name}.mjs`),
  ) =>
    group.start({
      name,
      command: process.execPath,
      args: [...nodeArgs, file],
      env: { TRUTH_LOG: truthLog(name), PORT: String(port), ...env },
      port,
    });
  await program('leaf', leaf!, {});
  await program('catalog', catalog!, { LEAF_PORT: String(leaf) });
  const ports = { CATALOG_PORT: String(catalog), LEAF_PORT: String(leaf) };
  await program('front', front!, ports, frontProgram);
  return front!;
}

/** HTTP over event loops: front fans out, one service calls through `fetch`. */
export const nodeEventLoop: Scenario = {
  name: 'node-event-loop',
  description: 'HTTP over event loops, with fan-out (Node)',
  bar: FOLLOWED_EXACTLY,
  prepare: async () => null,
  async start({ group, truthLog }) {
    const port = await startNodeServices(group, truthLog);
    return { port, paths: [{ prefix: '/work/', weight: 1 }] };
  },
};
