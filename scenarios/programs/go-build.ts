import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildOnce, runTool } from './build-once.ts';
import { findGo, repoRoot } from './find.ts';

/**
 * Builds a Go program into `.weft/bin/NAME`, or leaves the one that was built from the same sources. Modules come as its
 * go.sum has them; a program of the standard library alone needs no network.
 * @param folder where its sources lie
 * @returns path of the binary; null when there is no Go tool chain
 * @throws Error with the compiler's words
 */
export async function buildGo(folder: string, name: string): Promise<string | null> {
  const go = findGo();
  if (go === null) return null;
  return buildOnce({
    name: `the Go program ${name}`,
    target: join(repoRoot(), '.weft', 'bin', name),
    sources: readdirSync(folder)
      .filter((file) => /\.(go|mod|sum)$/.test(file))
      .map((file) => join(folder, file)),
    facts: [go],
    build: (fresh) =>
      runTool(go, ['build', '-buildvcs=false', '-o', fresh, '.'], {
        cwd: folder,
        env: { GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly', GOWORK: 'off', CGO_ENABLED: '0' },
      }),
  });
}
