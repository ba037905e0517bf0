import { mkdtempSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { findRedis } from './find.ts';
import type { ProgramGroup } from './launch.ts';
import { freePorts } from './ports.ts';

/**
 * Starts a Redis that keeps nothing on disk.
 * @param parent folder below which it gets one of its own
 * @returns its port on 127.0.0.1; null when there is no Redis here
 * @throws Error in one sentence when it does not start
 */
export async function startRedis(group: ProgramGroup, parent: string): Promise<number | null> {
  const binary = findRedis();
  if (binary === null) return null;
  const folder = mkdtempSync(join(parent, 'redis-'));
  // It acts by the name it is called.
  const command = join(folder, 'redis-server');
  symlinkSync(binary, command);
  const port = (await freePorts(1))[0]!;
  const settings = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  await group.start({ name: 'redis', command, args: ['--port', String(port), ...settings], port });
  return port;
}
