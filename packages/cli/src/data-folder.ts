import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CliError, codeOf } from './errors.ts';

/** Where data lie unless told otherwise: the system's place for root, the user's for others. */
export function defaultDataFolder(): string {
  if (process.geteuid?.() === 0) return '/var/lib/weft';
  return join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local/state'), 'weft');
}

/** Makes the folder if it is not there, and makes sure that it can be written. @throws CliError */
export function requireFolder(path: string, flag: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw new CliError(`The folder ${path} cannot be written (${codeOf(error)}): name another with ${flag}.`);
  }
}
