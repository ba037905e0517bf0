import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where the cgroup v2 hierarchy is mounted, or null. */
export function cgroupMount(mounts: string = readFileSync('/proc/mounts', 'utf8')): string | null {
  for (const line of mounts.split('\n')) {
    const [, path, type] = line.split(' ');
    if (type === 'cgroup2' && path !== undefined) return path;
  }
  return null;
}

/** Folder of a cgroup given as users write it: absolute, or below the mount. */
export function cgroupFolder(path: string): string {
  const mount = cgroupMount();
  if (mount === null)
    throw new Error(
      'no cgroup v2 hierarchy is mounted: mount one (mount -t cgroup2 none /sys/fs/cgroup/unified)',
    );
  const folder = path.startsWith(`${mount}/`) || path === mount ? path : join(mount, path);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`there is no cgroup ${folder}: create it, or name one below ${mount}`);
  }
  return folder;
}

/**
 * Tells whether a process is in the part of the hierarchy that is traced: what is done for it before it uses a socket,
 * where the kernel side asks the same, need not be done for others.
 */
export function tracedCgroup(options: {
  readonly onlyCgroup: string | null;
  readonly excludeCgroup: string | null;
}): (tgid: number) => boolean {
  const mount = cgroupMount() ?? '';
  const below = (path: string | null) => (path === null ? null : cgroupFolder(path).slice(mount.length));
  const only = below(options.onlyCgroup);
  const exclude = below(options.excludeCgroup);
  if (only === null && exclude === null) return () => true;
  return (tgid) => {
    let text: string;
    try {
      text = readFileSync(`/proc/${tgid}/cgroup`, 'utf8');
    } catch {
      return false;
    }
    const path = /^0::(.*)$/m.exec(text)?.[1] ?? '';
    const isIn = (folder: string | null) =>
      folder !== null && (folder === '' || path === folder || path.startsWith(`${folder}/`));
    return (only === null || isIn(only)) && !isIn(exclude);
  };
}
