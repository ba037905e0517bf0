import { createWriteStream, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { fnv1a, hex32 } from '@weft/model';

/** Larger bodies are refused: the folder is memory. */
const MAX_BODY_BYTES = 256 << 20;

export class BodyTooLarge extends Error {}

/** Folder where the bodies of inserts lie while the engine reads them. */
export interface Spool {
  /** Writes a request's body to a file of its own. @returns path and size. @throws BodyTooLarge */
  write(request: IncomingMessage): Promise<{ path: string; size: number }>;
  remove(path: string): Promise<void>;
  close(): void;
}

/**
 * The folder lies in memory if possible. Only one process can own a data folder, so what an earlier one left in its spool
 * is thrown away here.
 */
export function openSpool(dataFolder: string): Spool {
  const folder = makeFolder(dataFolder);
  let next = 0;
  return {
    async write(request) {
      const path = join(folder, `${next++}.bin`);
      let size = 0;
      const limit = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          size += chunk.length;
          if (size > MAX_BODY_BYTES) done(new BodyTooLarge(`body larger than ${MAX_BODY_BYTES} bytes`));
          else done(null, chunk);
        },
      });
      const file = createWriteStream(path, { mode: 0o600 });
      try {
        if (request.headers['content-encoding'] === 'gzip')
          await pipeline(request, createGunzip(), limit, file);
        else await pipeline(request, limit, file);
      } catch (error) {
        await unlink(path).catch(() => undefined);
        throw error;
      }
      return { path, size };
    },
    remove: (path) => unlink(path).catch(() => undefined),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function makeFolder(dataFolder: string): string {
  const key = hex32(fnv1a(new TextEncoder().encode(dataFolder)));
  const shared = join('/dev/shm', `weft-store-${process.getuid?.() ?? 0}-${key}`);
  for (const folder of [shared, join(dataFolder, 'spool')]) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const found = lstatSync(folder);
      // Anyone may write to /dev/shm: a folder or a link that someone else put there is not ours to use.
      if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) continue;
      rmSync(folder, { recursive: true });
      mkdirSync(folder, { mode: 0o700 });
      return folder;
    } catch {
      // No such file system here: the next one.
    }
  }
  throw new Error(`no folder for inserts can be made in ${dataFolder}`);
}
