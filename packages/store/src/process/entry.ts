import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * The program of the store's process. Beside this module's bundle it is a bundle too; run from the sources (in tests)
 * it is bundled here and now, since Node alone cannot run it.
 */
export async function storeProcessEntry(): Promise<string> {
  const bundled = fileURLToPath(new URL('./store-process.js', import.meta.url));
  if (existsSync(bundled)) return bundled;
  const source = fileURLToPath(new URL('./store-process.ts', import.meta.url));
  if (!existsSync(source))
    throw new Error(`The store's program ${bundled} is missing: run \`npm run build\`.`);
  const { build } = await import('esbuild');
  const result = await build({
    entryPoints: [source],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['chdb'],
    write: false,
  });
  // Below the repository's root, so that the engine's package is found from there.
  const folder = fileURLToPath(new URL('../../../../.weft/test-build/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const target = `${folder}store-process.js`;
  // Several tests may do this at once: nobody may see half a file.
  const draft = `${target}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(draft, result.outputFiles[0]!.contents);
  renameSync(draft, target);
  return target;
}
