import { execFile } from 'node:child_process';
import { chownSync, mkdtempSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findPostgres } from './find.ts';
import { describeEnd, type Program, type ProgramGroup } from './launch.ts';
import { freePorts } from './ports.ts';

/** `nobody` on all that matter here. */
const NOBODY = 65_534;
const INIT_TIMEOUT_MS = 60_000;
const READY_TIMEOUT_MS = 20_000;

/**
 * PostgreSQL refuses to be root: what comes before its own command line then. It keeps the right to walk through
 * folders that are root's alone, where this repository or the temporary folder may lie.
 */
function asNobody(): readonly string[] {
  if (process.getuid?.() !== 0) return [];
  const rights = ['--inh-caps=-all,+dac_override', '--ambient-caps=-all,+dac_override'];
  return ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...rights];
}

/**
 * Makes a data folder and starts PostgreSQL on it: user `postgres`, who needs no password, database `postgres`.
 * @param parent folder below which it gets one of its own
 * @returns its port on 127.0.0.1; null when there is no PostgreSQL here
 * @throws Error in one sentence when it cannot be initialised or does not start
 */
export async function startPostgres(group: ProgramGroup, parent: string): Promise<number | null> {
  const postgres = findPostgres();
  if (postgres === null) return null;
  const data = mkdtempSync(join(parent, 'postgres-'));
  if (statSync(data).uid === 0) chownSync(data, NOBODY, NOBODY);
  const before = asNobody();
  const [initialise, ...args] = [
    ...before,
    join(dirname(postgres), 'initdb'),
    ...['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
  ];
  try {
    await promisify(execFile)(initialise!, args, { cwd: data, timeout: INIT_TIMEOUT_MS });
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    throw new Error(`PostgreSQL's data cannot be initialised: ${(stderr ?? String(error)).trim()}`);
  }
  const port = (await freePorts(1))[0]!;
  const settings = [
    ...['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories='],
    // Nothing has to outlive the process, or its data folder.
    ...['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'dynamic_shared_memory_type=mmap'],
  ];
  const [command, ...rest] = [...before, postgres, '-D', data, ...settings.flatMap((one) => ['-c', one])];
  const program = await group.start({ name: 'postgres', command: command!, args: rest, cwd: data, port });
  await ready(program);
  return port;
}

/** It listens before it serves. */
async function ready(program: Program): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  const ended = program.exited.then((code) => {
    throw new Error(describeEnd(program, code));
  });
  ended.catch(() => {});
  while (!program.stderr().includes('database system is ready to accept connections')) {
    if (Date.now() > deadline) throw new Error('PostgreSQL listens but does not become ready.');
    await Promise.race([sleep(20), ended]);
  }
}
