import { join } from 'node:path';
import { buildGo, findGo, freePorts, repoRoot } from '../programs/index.ts';
import { FOLLOWED_EXACTLY, type Scenario } from '../run/scenario.ts';

/** The binary with all services; null without Go. */
export const buildGoServices = () => buildGo(join(repoRoot(), 'scenarios', 'go-goroutines'), 'scenario-go');

/** HTTP over goroutines: front fans out over a WaitGroup, all goroutines share a client with a pool. */
export const goGoroutines: Scenario = {
  name: 'go-goroutines',
  description: 'HTTP over goroutines, with fan-out (Go)',
  bar: FOLLOWED_EXACTLY,
  async prepare() {
    if (findGo() === null) return 'Go is not installed';
    await buildGoServices();
    return null;
  },
  async start({ group, truthLog }) {
    const binary = await buildGoServices();
    if (binary === null) throw new Error('Go is not installed.');
    const [front, middle, leaf] = await freePorts(3);
    const program = (name: string, port: number, env: Record<string, string>) =>
      group.start({
        name,
        command: binary,
        args: [name],
        env: { OTEL_SERVICE_NAME: name, TRUTH_LOG: truthLog(name), PORT: String(port), ...env },
        port,
      });
    await program('leaf', leaf!, {});
    await program('middle', middle!, { LEAF_PORT: String(leaf) });
    await program('front', front!, { MIDDLE_PORT: String(middle), LEAF_PORT: String(leaf) });
    return { port: front!, paths: [{ prefix: '/work/', weight: 1 }] };
  },
};
