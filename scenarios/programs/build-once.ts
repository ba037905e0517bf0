import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** How a program, or a folder of them, is made from files of this repository. */
export interface BuildSpec {
  /** What is built, for the messages. */
  readonly name: string;
  /** Where it will lie; absolute. */
  readonly target: string;
  /** Files that it is made of; it is built anew when the bytes of one change. */
  readonly sources: readonly string[];
  /** What else it depends on: the compiler's path, its flags. */
  readonly facts?: readonly string[];
  /** Builds it at `fresh`, a path beside the target. */
  build(fresh: string): Promise<void>;
}

function digest({ sources, facts = [] }: BuildSpec): string {
  const hash = createHash('sha256').update(JSON.stringify(facts));
  for (const source of [...sources].sort()) hash.update(`\0${source}\0`).update(readFileSync(source));
  return hash.digest('hex');
}

/** A sign of life this often: a build may fetch and compile for minutes. */
const HEARTBEAT_MS = 5_000;

/**
 * Builds something, or leaves what was built from the same sources. Says on stderr what it does.
 * @returns the target
 * @throws what `build` throws; the old target then stays
 */
export async function buildOnce(spec: BuildSpec): Promise<string> {
  const { name, target } = spec;
  const stamp = `${target}.sha256`;
  const wanted = digest(spec);
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return target;
  mkdirSync(dirname(target), { recursive: true });
  // Built beside and renamed: another run may be executing the old one.
  const fresh = `${target}.${process.pid}`;
  const begin = Date.now();
  const seconds = () => `${Math.round((Date.now() - begin) / 1000)} s`;
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  const heartbeat = setInterval(() => say(`  building ${name}: ${seconds()}`), HEARTBEAT_MS);
  try {
    await spec.build(fresh);
    rmSync(target, { recursive: true, force: true });
    renameSync(fresh, target);
    writeFileSync(stamp, wanted);
    say(`- built ${name} in ${seconds()}`);
  } finally {
    clearInterval(heartbeat);
    rmSync(fresh, { recursive: true, force: true });
  }
  return target;
}

/** Runs a tool to its end. @throws Error with the last of its words on stderr */
export function runTool(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...options,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-4_096);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`\`${command} ${args.join(' ')}\` failed: ${stderr.trim() || `code ${code}`}`));
    });
  });
}
