import { readSync } from 'node:fs';
import type { ByteSource } from './elf.ts';

const EMPTY = new Uint8Array(0);

/** An open file as a source of bytes. */
export function fileSource(fd: number, size: number): ByteSource {
  return {
    read(offset, length) {
      const available = Math.min(length, size - offset);
      if (!(offset >= 0 && available > 0)) return EMPTY;
      const bytes = new Uint8Array(available);
      try {
        return bytes.subarray(0, readSync(fd, bytes, 0, available, offset));
      } catch {
        return EMPTY;
      }
    },
  };
}
