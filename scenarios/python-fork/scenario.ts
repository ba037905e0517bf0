import { join } from 'node:path';
import { findPython, freePorts, repoRoot } from '../programs/index.ts';
import { FOLLOWED_EXACTLY, type Scenario } from '../run/scenario.ts';

/** A process for each connection, in front of the services of blocking threads. */
export const pythonFork: Scenario = {
  name: 'python-fork',
  description: 'A process for each connection (Python, fork)',
  bar: FOLLOWED_EXACTLY,
  async prepare() {
    return findPython() === null ? 'Python 3 is not installed' : null;
  },
  async start({ group, truthLog }) {
    const [front, middle, leaf] = await freePorts(3);
    const program = (folder: string, name: string, port: number, env: Record<string, string>) =>
      group.start({
        name,
        command: findPython() ?? 'python3',
        args: [join(repoRoot(), 'scenarios', folder, `${name}.py`)],
        env: { PYTHONDONTWRITEBYTECODE: '1', TRUTH_LOG: truthLog(name), PORT: String(port), ...env },
        port,
      });
    await program('python-threads', 'leaf', leaf!, {});
    await program('python-threads', 'middle', middle!, { LEAF_PORT: String(leaf) });
    await program('python-fork', 'front', front!, { MIDDLE_PORT: String(middle) });
    return { port: front!, paths: [{ prefix: '/work/', weight: 1 }] };
  },
};
