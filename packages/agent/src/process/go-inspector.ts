import { closeSync, fstatSync, openSync } from 'node:fs';
import { fileSource } from './file-source.ts';
import { type GoRuntime, type GoUnknown, inspectGo } from './go-runtime.ts';

const MAX_CACHED = 2048;

/** Inspects executables, each file once: what was found is kept by device, inode, size and time of change. */
export class GoInspector {
  readonly #known = new Map<string, GoRuntime | GoUnknown | null>();

  /** As `inspectGo`, of a file (`/proc/PID/exe` too). Null also when it cannot be read. */
  inspect(path: string): GoRuntime | GoUnknown | null {
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch {
      return null;
    }
    try {
      const { dev, ino, mtimeMs, size } = fstatSync(fd);
      const key = `${dev}:${ino}:${mtimeMs}:${size}`;
      const known = this.#known.get(key);
      if (known !== undefined) return known;
      const found = inspectGo(fileSource(fd, size));
      if (this.#known.size >= MAX_CACHED) this.#known.clear();
      this.#known.set(key, found);
      return found;
    } catch {
      return null;
    } finally {
      closeSync(fd);
    }
  }
}
