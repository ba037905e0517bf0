import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPhpFpm } from './find.ts';
import type { ProgramGroup } from './launch.ts';
import { freePorts } from './ports.ts';

/** Where PHP answers. */
export interface PhpFpm {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Path of a Unix socket. */
  readonly socket: string;
}

/**
 * Starts PHP-FPM with two pools, one on a port and one on a Unix socket, two workers each, without any configuration
 * of the machine.
 * @param folder of its own: sockets, configuration
 * @returns null when there is no PHP-FPM here
 * @throws Error in one sentence when it does not start
 */
export async function startPhpFpm(group: ProgramGroup, folder: string): Promise<PhpFpm | null> {
  const command = findPhpFpm();
  if (command === null) return null;
  const port = (await freePorts(1))[0]!;
  const socket = join(folder, 'php.socket');
  const config = join(folder, 'php-fpm.conf');
  const pool = (name: string, listen: string) =>
    [
      `[${name}]`,
      `listen = ${listen}`,
      'pm = static',
      'pm.max_children = 2',
      'catch_workers_output = yes',
    ].join('\n');
  const global = ['[global]', `error_log = ${join(folder, 'php-fpm.log')}`, 'daemonize = no'].join('\n');
  writeFileSync(config, `${global}\n${pool('port', `127.0.0.1:${port}`)}\n${pool('socket', socket)}\n`);
  // -n: no php.ini; -R: it wants to be told that it is meant to be root.
  const user = process.getuid?.() === 0 ? ['-R'] : [];
  const args = ['-n', ...user, '--nodaemonize', '--fpm-config', config, '--prefix', folder];
  await group.start({ name: 'php-fpm', command, args, port });
  return { port, socket };
}
