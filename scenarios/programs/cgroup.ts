import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Mount point of the unified hierarchy in the text of `/proc/mounts` (proc(5)); null when it is not mounted.
 * On hybrid machines it lies beside the v1 controllers, so the path is never assumed.
 */
export function cgroup2Mount(mounts: string): string | null {
  for (const line of mounts.split('\n')) {
    const fields = line.split(' ');
    if (fields[2] === 'cgroup2' && fields[1]) return fields[1].replaceAll('\\040', ' ');
  }
  return null;
}

/**
 * Makes a cgroup v2 folder directly below the mount.
 * @returns its absolute path
 * @throws Error in one sentence when there is no cgroup v2 or no right to make the folder
 */
export function createCgroup(name: string): string {
  const mount = cgroup2Mount(readFileSync('/proc/mounts', 'utf8'));
  if (mount === null)
    throw new Error(
      'cgroup v2 is not mounted, so programs cannot be traced apart from the rest of the host.',
    );
  const path = join(mount, name);
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new Error(
      `Cannot create the cgroup ${path} (${(error as NodeJS.ErrnoException).code}): run as root.`,
    );
  }
  return path;
}

/** Kills what is left in a cgroup and removes it with its children. Never throws: it runs on the way out. */
export async function removeCgroup(path: string): Promise<void> {
  if (!existsSync(join(path, 'cgroup.procs'))) return;
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      writeFileSync(join(path, 'cgroup.kill'), '1');
    } catch {
      // Kernels before 5.14 have no cgroup.kill; the programs were stopped one by one already.
    }
    try {
      for (const entry of readdirSync(path, { withFileTypes: true })) {
        if (entry.isDirectory()) rmdirSync(join(path, entry.name));
      }
      rmdirSync(path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      // EBUSY until the last killed process has been reaped.
      await sleep(20);
    }
  }
}
