import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';

/** Bytes that one look-up reads of a file at most, unless told otherwise. */
const DEFAULT_LIMIT = 256 * 1024;

/** What is read of /proc, and nothing else: tests bring recorded trees. Missing files are null; nothing throws. */
export interface ProcFs {
  /** Content as UTF-8. @param limit bytes; what follows is left out */
  readText(path: string, limit?: number): string | null;
  readBytes(path: string, limit?: number): Uint8Array | null;
  readLink(path: string): string | null;
}

const scratch = Buffer.allocUnsafe(DEFAULT_LIMIT);

/** Reads into the shared buffer; -1 when the file cannot be read. /proc gives files in pieces and no sizes. */
function fill(path: string, limit: number): number {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return -1;
  }
  try {
    const end = Math.min(limit, scratch.length);
    let length = 0;
    while (length < end) {
      const read = readSync(fd, scratch, length, end - length, null);
      if (read === 0) break;
      length += read;
    }
    return length;
  } catch {
    // The process ended between the open and the read.
    return -1;
  } finally {
    closeSync(fd);
  }
}

/** The machine's own /proc. At most 256 KiB of a file are read. */
export const systemProcFs: ProcFs = {
  readText(path, limit = DEFAULT_LIMIT) {
    const length = fill(path, limit);
    return length < 0 ? null : scratch.toString('utf8', 0, length);
  },
  readBytes(path, limit = DEFAULT_LIMIT) {
    const length = fill(path, limit);
    return length < 0 ? null : Uint8Array.prototype.slice.call(scratch, 0, length);
  },
  readLink(path) {
    try {
      return readlinkSync(path);
    } catch {
      return null;
    }
  },
};
