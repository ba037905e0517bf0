import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findPython } from '../scenarios/programs/index.ts';

/** Where Debian's packages of the drivers are seen, whatever `python3` is first on PATH. */
const SYSTEM_PYTHON = '/usr/bin/python3';

/** A Python and whether it has the drivers of the orders service. */
export interface ShopPython {
  readonly command: string;
  readonly hasPyMySql: boolean;
  readonly hasRedis: boolean;
}

async function imports(command: string, module: string): Promise<boolean> {
  try {
    await promisify(execFile)(command, ['-c', `import ${module}`]);
    return true;
  } catch {
    return false;
  }
}

async function look(command: string): Promise<ShopPython> {
  const [hasPyMySql, hasRedis] = await Promise.all([imports(command, 'pymysql'), imports(command, 'redis')]);
  return { command, hasPyMySql, hasRedis };
}

/** The Python with the most drivers: the one that was chosen or is on PATH, or Debian's own; null when there is none. */
export async function findShopPython(): Promise<ShopPython | null> {
  const first = findPython();
  if (first === null) return null;
  const chosen = await look(first);
  if (process.env['WEFT_PYTHON'] !== undefined || (chosen.hasPyMySql && chosen.hasRedis)) return chosen;
  const system = await look(SYSTEM_PYTHON);
  return system.hasPyMySql || system.hasRedis ? system : chosen;
}
