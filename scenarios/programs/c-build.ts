import { basename, join } from 'node:path';
import { buildOnce, runTool } from './build-once.ts';
import { findCompiler, repoRoot } from './find.ts';

/**
 * Builds a C program of one file into `.weft/bin/NAME`, or leaves the one that was built from the same source.
 * @returns path of the binary; null when there is no compiler
 * @throws Error with the compiler's words
 */
export async function buildC(source: string, name: string): Promise<string | null> {
  const compiler = findCompiler();
  if (compiler === null) return null;
  return buildOnce({
    name: `the C program ${name} (${basename(source)})`,
    target: join(repoRoot(), '.weft', 'bin', name),
    sources: [source],
    facts: [compiler],
    build: (fresh) => runTool(compiler, ['-D_GNU_SOURCE', '-O1', '-Wall', '-Wextra', '-o', fresh, source]),
  });
}
