import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramGroup } from './launch.ts';
import { freePorts } from './ports.ts';

/** How to reach a MariaDB server that was started, and with what; there is no password. */
export interface RunningMariadb {
  readonly port: number;
  readonly user: string;
  /** Its command line client. */
  readonly client: string;
}

/** Folder that has MariaDB in its `sbin` and `bin` (Debian: mariadb-server-core, mariadb-client-core); `WEFT_MARIADB` overrides; null when it is nowhere. */
export function findMariadb(): string | null {
  const chosen = process.env['WEFT_MARIADB'];
  const places = chosen ? [chosen] : ['/usr', '/usr/local'];
  return places.find((place) => PROGRAMS.every((program) => existsSync(join(place, program)))) ?? null;
}
const PROGRAMS = ['sbin/mariadbd', 'bin/mariadb-install-db', 'bin/mariadb'];

/** Its data are few, and thrown away. */
const SETTINGS = {
  'skip-log-bin': '',
  'skip-name-resolve': '',
  'performance-schema': 'OFF',
  'innodb-buffer-pool-size': '16M',
  'innodb-log-file-size': '8M',
  'innodb-flush-log-at-trx-commit': '0',
  'innodb-fast-shutdown': '2',
};

/**
 * Starts a MariaDB server of its own on 127.0.0.1, with a data folder that is made anew; no configuration of the
 * system is read.
 * @param group the server enters its cgroup and ends with it; making the data folder does not
 * @param folder private folder that the caller removes; the server's Unix socket, `mariadb.sock`, lies there too
 * @param settings more settings, as on the command line of mariadbd but for the dashes
 * @throws Error in one sentence when it is not installed or does not start
 */
export async function startMariadb(
  group: ProgramGroup,
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<RunningMariadb> {
  const place = findMariadb();
  if (place === null) throw new Error('MariaDB is not installed.');
  mkdirSync(folder, { recursive: true });
  const common = ['--no-defaults', `--basedir=${place}`, `--datadir=${join(folder, 'mariadb')}`];
  // Run by root it wants to be told that root is meant.
  if (process.geteuid?.() === 0) common.push('--user=root');
  const making = [...common, '--auth-root-authentication-method=normal', '--skip-test-db'];
  try {
    execFileSync(join(place, 'bin/mariadb-install-db'), making, { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const said = (error as { stderr?: Buffer }).stderr?.toString().trim().split('\n').at(-1);
    throw new Error(`mariadb-install-db failed: ${said || (error as Error).message}`);
  }
  const port = (await freePorts(1))[0]!;
  const all = {
    port: String(port),
    'bind-address': '127.0.0.1',
    socket: join(folder, 'mariadb.sock'),
    'pid-file': join(folder, 'mariadb.pid'),
    ...SETTINGS,
    ...settings,
  };
  await group.start({
    name: 'mariadb',
    command: join(place, 'sbin/mariadbd'),
    args: [
      ...common,
      ...Object.entries(all).map(([name, value]) => (value === '' ? `--${name}` : `--${name}=${value}`)),
    ],
    port,
  });
  return { port, user: 'root', client: join(place, 'bin/mariadb') };
}
