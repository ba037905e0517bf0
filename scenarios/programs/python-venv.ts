import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildOnce, runTool } from './build-once.ts';
import { findPython, repoRoot } from './find.ts';

/**
 * A virtual environment in `.weft/tools` with the packages of scenarios/requirements.txt, made at first use.
 * @returns the folder of its programs (`python`, `gunicorn`); null when there is no Python
 * @throws Error with the words of venv or pip
 */
export async function pythonVenv(): Promise<string | null> {
  const python = findPython();
  if (python === null) return null;
  const requirements = join(repoRoot(), 'scenarios', 'requirements.txt');
  const venv = join(repoRoot(), '.weft', 'tools', 'python-venv');
  const programs = join(venv, 'bin');
  await buildOnce({
    name: 'the Python environment of the scenarios',
    // Scripts of an environment name its path, so it cannot be made elsewhere and renamed: this file stands for it.
    target: join(repoRoot(), '.weft', 'tools', 'python-venv.ready'),
    sources: [requirements],
    facts: [python, venv],
    async build(fresh) {
      await runTool(python, ['-m', 'venv', '--clear', venv]);
      const pip = [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--no-deps',
        '--only-binary',
        ':all:',
        '-r',
        requirements,
      ];
      await runTool(join(programs, 'python'), pip);
      await runTool('touch', [fresh]);
    },
  });
  return existsSync(programs) ? programs : null;
}
