import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildOnce, runTool } from './build-once.ts';
import { findCargo, repoRoot } from './find.ts';

/**
 * Builds a Rust program into `.weft/bin/NAME`, or leaves the one that was built from the same sources. Crates come as its
 * Cargo.lock has them.
 * @param folder where its Cargo.toml lies
 * @param name of the package, and so of the binary
 * @returns path of the binary; null when there is no cargo
 * @throws Error with cargo's words
 */
export async function buildRust(folder: string, name: string): Promise<string | null> {
  const cargo = findCargo();
  if (cargo === null) return null;
  const sources = readdirSync(join(folder, 'src')).map((file) => join(folder, 'src', file));
  const objects = join(repoRoot(), '.weft', 'tools', 'rust');
  return buildOnce({
    name: `the Rust program ${name}`,
    target: join(repoRoot(), '.weft', 'bin', name),
    sources: [...sources, join(folder, 'Cargo.toml'), join(folder, 'Cargo.lock')],
    facts: [cargo],
    async build(fresh) {
      await runTool(cargo, ['build', '--release', '--locked', '--quiet', '--target-dir', objects], {
        cwd: folder,
      });
      copyFileSync(join(objects, 'release', name), fresh);
    },
  });
}
