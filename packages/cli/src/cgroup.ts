import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError, codeOf } from './errors.ts';

const PREFIX = 'weft-demo-';

/** Mount point of cgroup v2 in the text of /proc/mounts (proc(5)); null when there is none. */
export function cgroupMount(mounts: string): string | null {
  for (const line of mounts.split('\n')) {
    const [, path, type] = line.split(' ');
    if (type === 'cgroup2' && path !== undefined) return path.replaceAll('\\040', ' ');
  }
  return null;
}

/** Makes the cgroup v2 folder of a demo, and removes those that earlier ones left behind. @throws CliError */
export function createDemoCgroup(): string {
  const mount = cgroupMount(readFileSync('/proc/mounts', 'utf8'));
  if (mount === null) {
    throw new CliError(
      'The demo is traced by its cgroup, and no cgroup v2 is mounted here: mount it at /sys/fs/cgroup.',
    );
  }
  removeLeftovers(mount);
  const path = join(mount, `${PREFIX}${process.pid}`);
  try {
    mkdirSync(path);
  } catch (error) {
    throw new CliError(
      `The demo's cgroup ${path} cannot be made (${codeOf(error)}): run as root on the host.`,
    );
  }
  return path;
}

function removeLeftovers(mount: string): void {
  for (const name of readdirSync(mount)) {
    if (!name.startsWith(PREFIX) || isAlive(Number(name.slice(PREFIX.length)))) continue;
    try {
      rmdirSync(join(mount, name));
    } catch {
      // Its processes are still ending: the next demo removes it.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Kills what is left in a cgroup and removes it. Never throws: it runs on the way out. */
export async function removeCgroup(path: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      writeFileSync(join(path, 'cgroup.kill'), '1');
    } catch {
      // Before Linux 5.14; the demo has stopped its programs itself.
    }
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return;
      // Busy until the last process is reaped.
      await sleep(20);
    }
  }
}
