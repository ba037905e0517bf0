import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findJavac, findMaven, repoRoot } from './find.ts';

/** Maven fetches some tens of files, on a machine that may be busy. */
const TIMEOUT_MS = 240_000;
const run = promisify(execFile);

/**
 * Compiles a Java program into `.weft/java/NAME`, with the libraries that its `pom.xml` names, or leaves the one that was
 * compiled from the same sources.
 * @param folder where its sources and `pom.xml` lie
 * @returns its class path; null when there is no compiler or no Maven
 * @throws Error with Maven's or the compiler's words
 */
export async function buildJava(folder: string, name: string): Promise<string | null> {
  const [javac, maven] = [findJavac(), findMaven()];
  if (javac === null || maven === null) return null;
  const home = join(repoRoot(), '.weft', 'java', name);
  const [libraries, classes, stamp] = [join(home, 'lib'), join(home, 'classes'), join(home, 'sha256')];
  const sources = readdirSync(folder).filter((file) => file.endsWith('.java'));
  const hash = createHash('sha256').update(javac);
  for (const file of [...sources, 'pom.xml'].sort())
    hash.update(`\0${file}\0`).update(readFileSync(join(folder, file)));
  const digest = hash.digest('hex');
  const classPath = `${classes}:${join(libraries, '*')}`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return classPath;
  rmSync(home, { recursive: true, force: true });
  mkdirSync(classes, { recursive: true });
  const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${libraries}`];
  await run(maven, ['-q', '-B', '-f', join(folder, 'pom.xml'), ...copy], { timeout: TIMEOUT_MS });
  const files = sources.map((file) => join(folder, file));
  await run(javac, ['-parameters', '-cp', join(libraries, '*'), '-d', classes, ...files], {
    timeout: TIMEOUT_MS,
  });
  writeFileSync(stamp, digest);
  return classPath;
}
