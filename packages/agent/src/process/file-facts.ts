import { closeSync, fstatSync, openSync } from 'node:fs';
import type { ByteSource } from './elf.ts';
import { fileSource } from './file-source.ts';

/** Calls `use` with the open file. @returns null when the file cannot be opened, or `use` throws */
export function withFile<T>(path: string, use: (fd: number) => T): T | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    return use(fd);
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}

/** What is found out about files, each looked at once: it is kept by device, inode, size and time of change. */
export class FileFacts<T> {
  readonly #known = new Map<string, T>();
  readonly #read: (source: ByteSource) => T;
  readonly #most: number;

  /** @param most files that are remembered */
  constructor(most: number, read: (source: ByteSource) => T) {
    this.#most = most;
    this.#read = read;
  }

  /** Of a file (`/proc/PID/exe` too). Null also when it cannot be read. Never throws. */
  of(path: string): T | null {
    return withFile(path, (fd) => {
      const { dev, ino, mtimeMs, size } = fstatSync(fd);
      const key = `${dev}:${ino}:${mtimeMs}:${size}`;
      const known = this.#known.get(key);
      if (known !== undefined) return known;
      const found = this.#read(fileSource(fd, size));
      if (this.#known.size >= this.#most) this.#known.clear();
      this.#known.set(key, found);
      return found;
    });
  }
}
