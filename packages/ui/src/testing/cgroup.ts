import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from './weft.ts';

/** A cgroup v2 of this test's own; only what is started in it is traced. */
export interface TestCgroup {
  readonly path: string;
  /** Removes it, as soon as its last process is gone. */
  remove(): Promise<void>;
}

export function createCgroup(name: string): TestCgroup {
  const mount = / (\S+) cgroup2 /.exec(readFileSync('/proc/mounts', 'utf8'))?.[1];
  if (mount === undefined) throw new Error('these tests need cgroup v2');
  const path = join(mount, `weft-ui-${name}-${process.pid}`);
  mkdirSync(path);
  const tryRemove = () => {
    try {
      rmdirSync(path);
      return true;
    } catch {
      return null;
    }
  };
  return {
    path,
    async remove() {
      await waitFor(() => `${path} is in use`, 5000, tryRemove);
    },
  };
}
