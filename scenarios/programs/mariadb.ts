import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from './find.ts';
import type { Program, ProgramGroup } from './launch.ts';

/** The programs of MariaDB's server. */
export interface MariadbPrograms {
  readonly server: string;
  /** Fills a new data folder. */
  readonly install: string;
}

/** MariaDB's server (Debian: mariadb-server-core); `WEFT_MARIADBD` and `WEFT_MARIADB_INSTALL_DB` override. */
export function findMariadb(): MariadbPrograms | null {
  const server = findProgram('mariadbd', 'WEFT_MARIADBD', ['/usr/sbin/mariadbd', '/usr/local/sbin/mariadbd']);
  const install = findProgram('mariadb-install-db', 'WEFT_MARIADB_INSTALL_DB', [
    '/usr/bin/mariadb-install-db',
  ]);
  return server === null || install === null ? null : { server, install };
}

/** Its command line client (Debian: mariadb-client-core); `WEFT_MARIADB` overrides. */
export const findMariadbClient = () => findProgram('mariadb', 'WEFT_MARIADB', ['/usr/bin/mariadb']);

/** What a server here need not do: it holds a handful of rows for a minute. */
const SMALL = [
  '--skip-log-bin',
  '--skip-name-resolve',
  '--performance-schema=OFF',
  '--innodb-buffer-pool-size=16M',
  '--innodb-log-file-size=8M',
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-fast-shutdown=2',
];

/**
 * Starts MariaDB in a group of programs, with an empty data folder and a Unix socket (`mariadb.sock`) of its own; no
 * file of the system's configuration is read. User `root` has no password.
 * @param folder where its files go; it is made if need be and is the caller's to remove
 * @param port of 127.0.0.1
 * @throws Error in one sentence when it does not start
 */
export async function startMariadb(
  programs: MariadbPrograms,
  group: ProgramGroup,
  folder: string,
  port: number,
): Promise<Program> {
  const data = join(folder, 'data');
  mkdirSync(folder, { recursive: true });
  // Run by root it wants to be told that root is meant.
  const user = process.geteuid?.() === 0 ? ['--user=root'] : [];
  await promisify(execFile)(programs.install, [
    '--no-defaults',
    ...user,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    `--datadir=${data}`,
  ]);
  return group.start({
    name: 'mariadbd',
    command: programs.server,
    args: [
      '--no-defaults',
      ...user,
      `--datadir=${data}`,
      `--socket=${join(folder, 'mariadb.sock')}`,
      `--pid-file=${join(folder, 'mariadb.pid')}`,
      '--bind-address=127.0.0.1',
      `--port=${port}`,
      ...SMALL,
    ],
    port,
  });
}
