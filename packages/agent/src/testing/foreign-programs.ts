import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCES = fileURLToPath(new URL('../../testdata/', import.meta.url));
const BUILT = fileURLToPath(new URL('../../../../.weft/tests/', import.meta.url));
const run = promisify(execFile);

function digest(folder: string): string {
  const hash = createHash('sha256');
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (/\.\w+$/.test(path)) hash.update(`\0${path}\0`).update(readFileSync(join(folder, path)));
  }
  return hash.digest('hex');
}

/**
 * A copy of a folder of `testdata`, in which commands have been run: again only when its sources have changed. What they
 * install comes from their own package registries, in the versions that the folder names.
 * @param commands program and arguments each
 * @returns the copy's path
 * @throws Error with a command's words
 */
async function prepared(name: string, commands: readonly (readonly string[])[]): Promise<string> {
  const source = join(SOURCES, name);
  const folder = join(BUILT, name.replaceAll('/', '-'));
  const stamp = join(folder, '.done');
  const wanted = digest(source);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(BUILT, { recursive: true });
  cpSync(source, folder, { recursive: true });
  for (const [program, ...args] of commands) await run(program!, args, { cwd: folder });
  writeFileSync(stamp, wanted);
  return folder;
}

/** How a program is started: its path, then arguments. */
export type Command = readonly [string, ...string[]];

/** Builds the Go module of a folder. */
export async function goProgram(name: string): Promise<Command> {
  const folder = await prepared(name, [['go', 'build', '-buildvcs=false', '-o', 'program', '.']]);
  return [join(folder, 'program')];
}

/** Makes a virtual environment with what `requirements.txt` names. */
export async function pythonProgram(name: string, script: string): Promise<Command> {
  const folder = await prepared(name, [
    ['python3', '-m', 'venv', 'venv'],
    ['venv/bin/pip', 'install', '--quiet', '--requirement', 'requirements.txt'],
  ]);
  return [join(folder, 'venv/bin/python'), join(folder, script)];
}

/** Installs what `package-lock.json` names. */
export async function nodeProgram(name: string, script: string): Promise<Command> {
  const folder = await prepared(name, [['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund']]);
  return [process.execPath, join(folder, script)];
}

/** Compiles what `pom.xml` says. */
export async function javaProgram(name: string, main: string): Promise<Command> {
  const copies = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
  const folder = await prepared(name, [['mvn', '--quiet', '--batch-mode', 'compile', copies]]);
  return ['java', '-cp', `${join(folder, 'target/classes')}:${join(folder, 'target/dependency')}/*`, main];
}
