import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { CliError, codeOf } from './errors.ts';

/** Where data lie unless told otherwise: the system's place for root, the user's for others. */
export function defaultDataFolder(): string {
  if (process.geteuid?.() === 0) return '/var/lib/weft';
  return join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local/state'), 'weft');
}

/** Makes the folder if it is not there, and makes sure that it can be written. @throws CliError */
export function requireFolder(path: string, flag: string): void {
  try {
    makeFolder(resolve(path));
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw new CliError(`The folder ${path} cannot be written (${codeOf(error)}): name another with ${flag}.`);
  }
}

/**
 * Makes a folder and those above it. Not by `mkdirSync`'s `recursive`: in Node 20 it loops for ever where a
 * file system answers ENOENT below a folder that is there, as /proc does.
 */
function makeFolder(path: string): void {
  const above = dirname(path);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  if (found === undefined && above !== path) makeFolder(above);
  mkdirSync(path, { mode: 0o700 });
}
