import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from './find.ts';
import type { ProgramGroup } from './launch.ts';
import { freePorts } from './ports.ts';

/** `nobody` on every Debian: PostgreSQL refuses to run as root. */
const NOBODY = 65_534;

/** Programs of PostgreSQL and how to reach the server that was started; anyone may log in, there is no password. */
export interface RunningPostgresql {
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Folder of its programs: `psql`, `pgbench`. */
  readonly bin: string;
}

/** Folder of PostgreSQL's programs, the newest version's; `WEFT_POSTGRESQL` overrides; null when it is nowhere. */
export function findPostgresql(): string | null {
  const chosen = process.env['WEFT_POSTGRESQL'];
  if (chosen) return existsSync(join(chosen, 'postgres')) ? chosen : null;
  // Set-up unpacks it there, since installing the package would enable a system service.
  const unpacked = join(repoRoot(), '.weft/tools/postgresql/usr/lib/postgresql');
  for (const versions of ['/usr/lib/postgresql', unpacked]) {
    if (!existsSync(versions)) continue;
    const newest = readdirSync(versions).sort((a, b) => Number(b) - Number(a));
    for (const version of newest) {
      const bin = join(versions, version, 'bin');
      if (existsSync(join(bin, 'postgres'))) return bin;
    }
  }
  return null;
}

/**
 * Starts a PostgreSQL server of its own on 127.0.0.1, with a database cluster that is made anew.
 * @param group the server enters its cgroup and ends with it; making the cluster does not
 * @param folder private folder that the caller removes; as root it is made passable, for the server runs as `nobody`
 * @param settings more settings, as in postgresql.conf
 * @throws Error in one sentence when it is not installed or does not start
 */
export async function startPostgresql(
  group: ProgramGroup,
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<RunningPostgresql> {
  const bin = findPostgresql();
  if (bin === null) throw new Error('PostgreSQL is not installed.');
  const data = join(folder, 'postgresql');
  mkdirSync(data, { mode: 0o700 });
  let asNobody: readonly string[] = [];
  if (process.geteuid?.() === 0) {
    chmodSync(folder, 0o711);
    chownSync(data, NOBODY, NOBODY);
    asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  }
  const user = 'weft';
  const [initdb, ...making] = [
    ...asNobody,
    ...[join(bin, 'initdb'), '-D', data, '-U', user, '-A', 'trust', '-E', 'UTF8'],
    ...['--locale=C', '--no-sync'],
  ];
  try {
    execFileSync(initdb!, making, { cwd: data, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const said = (error as { stderr?: Buffer }).stderr?.toString().trim().split('\n').at(-1);
    throw new Error(`initdb failed: ${said || (error as Error).message}`);
  }
  const port = (await freePorts(1))[0]!;
  const all = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    // Its data are thrown away.
    fsync: 'off',
    ...settings,
  };
  const [command, ...args] = [
    ...asNobody,
    ...[join(bin, 'postgres'), '-D', data],
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  await group.start({ name: 'postgresql', command: command!, args, cwd: data, port });
  return { port, user, database: 'postgres', bin };
}
