import { join } from 'node:path';
import { findPython, freePorts, repoRoot } from '../programs/index.ts';
import { FOLLOWED_EXACTLY, type Scenario } from '../run/scenario.ts';

/** HTTP chain over blocking threads: front → middle → leaf. */
export const pythonThreads: Scenario = {
  name: 'python-threads',
  description: 'HTTP chain over blocking threads (Python)',
  bar: FOLLOWED_EXACTLY,
  async prepare() {
    return findPython() === null ? 'Python 3 is not installed' : null;
  },
  async start({ group, truthLog }) {
    const [front, middle, leaf] = await freePorts(3);
    const folder = join(repoRoot(), 'scenarios', 'python-threads');
    const program = (name: string, port: number, env: Record<string, string>) =>
      group.start({
        name,
        command: findPython() ?? 'python3',
        args: [join(folder, `${name}.py`)],
        env: { PYTHONDONTWRITEBYTECODE: '1', TRUTH_LOG: truthLog(name), PORT: String(port), ...env },
        port,
      });
    await program('leaf', leaf!, {});
    await program('middle', middle!, { LEAF_PORT: String(leaf) });
    await program('front', front!, { MIDDLE_PORT: String(middle) });
    return { port: front!, paths: [{ prefix: '/work/', weight: 1 }] };
  },
};
