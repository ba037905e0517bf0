import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findGo, repoRoot } from './find.ts';

function digest(folder: string, go: string): string {
  const hash = createHash('sha256').update(go);
  for (const name of readdirSync(folder).sort()) {
    if (!/\.(go|mod|sum)$/.test(name)) continue;
    hash.update(`\0${name}\0`).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex');
}

/**
 * Builds a Go program into `.weft/bin/NAME`, or leaves the one that was built from the same sources. Modules come as its
 * go.sum has them; a program of the standard library alone needs no network.
 * @param folder where its sources lie
 * @returns path of the binary; null when there is no Go tool chain
 * @throws Error with the compiler's words
 */
export async function buildGo(folder: string, name: string): Promise<string | null> {
  const go = findGo();
  const bin = join(repoRoot(), '.weft', 'bin');
  const target = join(bin, name);
  const stamp = `${target}.sha256`;
  if (go === null) return null;
  const wanted = digest(folder, go);
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return target;
  mkdirSync(bin, { recursive: true });
  // Built beside and renamed: another run may be executing the old one.
  const fresh = `${target}.${process.pid}`;
  try {
    await new Promise<void>((resolve, reject) => {
      const env = {
        ...process.env,
        GOTOOLCHAIN: 'local',
        GOFLAGS: '-mod=readonly',
        GOWORK: 'off',
        CGO_ENABLED: '0',
      };
      execFile(
        go,
        ['build', '-buildvcs=false', '-o', fresh, '.'],
        { cwd: folder, env },
        (error, _out, stderr) => {
          if (error)
            reject(new Error(`The Go program ${name} does not build: ${stderr.trim() || error.message}`));
          else resolve();
        },
      );
    });
    renameSync(fresh, target);
    writeFileSync(stamp, wanted);
  } finally {
    rmSync(fresh, { force: true });
  }
  return target;
}
