import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { findPython, freePorts, repoRoot } from '../programs/index.ts';
import type { Scenario } from '../run/scenario.ts';

/** Where Debian's packages are seen, whatever `python3` is first on PATH. */
const SYSTEM_PYTHON = '/usr/bin/python3';

export const MISSING_AIOHTTP = 'aiohttp is not installed (apt-get install python3-aiohttp)';

/** A Python that has aiohttp; null when none has. */
export function pythonWithAiohttp(): string | null {
  for (const command of [findPython(), SYSTEM_PYTHON]) {
    if (command === null) continue;
    try {
      execFileSync(command, ['-c', 'import aiohttp'], { stdio: 'ignore' });
      return command;
    } catch {
      // The next one may have it.
    }
  }
  return null;
}

/** HTTP chain over asyncio: an aiohttp front with fan-out → an aiohttp middle → a leaf of blocking threads. */
export const pythonAsyncio: Scenario = {
  name: 'python-asyncio',
  description: 'HTTP chain over asyncio, with fan-out (aiohttp)',
  async prepare() {
    return pythonWithAiohttp() === null ? MISSING_AIOHTTP : null;
  },
  async start({ group, truthLog }) {
    const command = pythonWithAiohttp();
    if (command === null) throw new Error('aiohttp is not installed.');
    const [front, middle, leaf] = await freePorts(3);
    const program = (folder: string, name: string, port: number, env: Record<string, string>) =>
      group.start({
        name,
        command,
        args: [join(repoRoot(), 'scenarios', folder, `${name}.py`)],
        env: { PYTHONDONTWRITEBYTECODE: '1', TRUTH_LOG: truthLog(name), PORT: String(port), ...env },
        port,
      });
    await program('python-threads', 'leaf', leaf!, {});
    await program('python-asyncio', 'middle', middle!, { LEAF_PORT: String(leaf) });
    await program('python-asyncio', 'front', front!, {
      MIDDLE_PORT: String(middle),
      LEAF_PORT: String(leaf),
    });
    return { port: front!, paths: [{ prefix: '/work/', weight: 1 }] };
  },
};
