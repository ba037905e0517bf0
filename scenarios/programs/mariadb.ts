import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findMariaDb, findProgram } from './find.ts';
import type { ProgramGroup } from './launch.ts';
import { freePorts } from './ports.ts';

const INIT_TIMEOUT_MS = 60_000;

/**
 * Makes a data folder and starts MariaDB on it: user `root` without a password, database `test`. Without any
 * configuration of the machine, and small: the data live as long as the programs.
 * @param parent folder below which it gets one of its own
 * @returns its port on 127.0.0.1; null when there is no MariaDB here
 * @throws Error in one sentence when it cannot be initialised or does not start
 */
export async function startMariaDb(group: ProgramGroup, parent: string): Promise<number | null> {
  const command = findMariaDb();
  const initialise = findProgram('mariadb-install-db', 'WEFT_MARIADB_INSTALL_DB', [
    '/usr/bin/mariadb-install-db',
  ]);
  if (command === null || initialise === null) return null;
  const folder = mkdtempSync(join(parent, 'mariadb-'));
  const data = join(folder, 'data');
  // The server wants to be told that it is meant to be root.
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  const size = '--innodb-log-file-size=8M';
  const asked = ['--auth-root-authentication-method=normal', '--skip-name-resolve'];
  try {
    await promisify(execFile)(initialise, ['--no-defaults', `--datadir=${data}`, ...user, size, ...asked], {
      timeout: INIT_TIMEOUT_MS,
    });
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    throw new Error(`MariaDB's data cannot be initialised: ${lastLine(stderr ?? String(error))}`);
  }
  const port = (await freePorts(1))[0]!;
  await group.start({
    name: 'mariadb',
    command,
    args: [
      '--no-defaults',
      ...[`--datadir=${data}`, ...user, '--bind-address=127.0.0.1', `--port=${port}`],
      ...[`--socket=${join(folder, 'socket')}`, `--pid-file=${join(folder, 'pid')}`, '--skip-name-resolve'],
      // Nothing has to outlive the process: no waiting for the disk, and no tidying up at the end.
      ...[size, '--innodb-buffer-pool-size=32M', '--innodb-flush-log-at-trx-commit=0'],
      ...['--innodb-fast-shutdown=2', '--skip-log-bin'],
    ],
    port,
  });
  return port;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
