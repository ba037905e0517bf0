import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { findProgram, repoRoot } from '../../scenarios/programs/index.ts';

const COMPILERS = ['gcc', 'clang-19', 'cc'];

/**
 * Compiles a C program of this folder.
 * @param name `calls` for bench/calls.c
 * @param folder where the program is put
 * @param libraries that it is linked with, `ssl` for libssl
 * @returns its path
 * @throws Error in one sentence when there is no compiler or it refuses
 */
export function compile(name: string, folder: string, libraries: readonly string[] = []): string {
  const found = COMPILERS.map((compiler) => findProgram(compiler, 'WEFT_CC', [])).find(
    (path) => path !== null,
  );
  if (found === undefined || found === null) {
    throw new Error('No C compiler was found: install gcc, or name one with WEFT_CC.');
  }
  const program = join(folder, name);
  try {
    const links = libraries.map((library) => `-l${library}`);
    execFileSync(found, ['-O2', '-o', program, join(repoRoot(), 'bench', `${name}.c`), ...links], {
      stdio: 'pipe',
    });
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    throw new Error(`bench/${name}.c does not compile: ${stderr?.toString().trim().split('\n')[0] ?? error}`);
  }
  return program;
}
