import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from './find.ts';
import { findJdk, findMaven, homeOf, type Jdk } from './jdk.ts';

/** Sources are of this release, so that every JDK from there on builds and runs them. */
export const JAVA_RELEASE = 17;

interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

function run({ program, args, cwd, env }: Command): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 64 << 20 };
    execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(firstLine(`${stderr}\n${stdout}`) || error.message));
    });
  });
}

/** Maven's errors stand among much else. */
function firstLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return (lines.find((line) => /\berror\b/i.test(line)) ?? lines[0] ?? '').trim();
}

const digest = (...parts: readonly (string | Buffer)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
};

/** Makes a folder anew unless it was made from the same; built beside and renamed, so that it is whole or absent. */
async function folderOnce(
  folder: string,
  stamp: string,
  message: string,
  make: (folder: string) => Promise<void>,
) {
  const stampFile = `${folder}.sha256`;
  if (existsSync(folder) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  process.stderr.write(`- ${message} …\n`);
  const start = Date.now();
  const fresh = `${folder}.${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  try {
    await make(fresh);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
    writeFileSync(stampFile, stamp);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  process.stderr.write(`  done in ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.java'))
    .sort()
    .map((name) => join(folder, name));
}

/**
 * Builds Java sources against the libraries of a `pom.xml`, or leaves what was built from the same. Only the first time, and when the
 * pom has changed, Maven fetches the libraries; afterwards no network is needed.
 * @param folder has `pom.xml` and `src`
 * @param name of the folder in `.weft/java` that gets classes and libraries
 * @returns the class path; null when there is no JDK
 * @throws Error in one sentence with Maven's or the compiler's words
 */
export async function buildJava(folder: string, name: string): Promise<string | null> {
  const jdk = findJdk(JAVA_RELEASE);
  if (jdk === null) return null;
  const target = join(repoRoot(), '.weft', 'java', name);
  mkdirSync(target, { recursive: true });
  const [classes, libraries] = [join(target, 'classes'), join(target, 'lib')];
  const pom = readFileSync(join(folder, 'pom.xml'));
  await folderOnce(libraries, digest(pom), `fetching the Java libraries of ${name} (Maven)`, (fresh) =>
    fetchLibraries(folder, fresh, jdk),
  );
  const files = sources(join(folder, 'src'));
  const stamp = digest(jdk.version, pom, ...files.flatMap((file) => [file, readFileSync(file)]));
  await folderOnce(classes, stamp, `compiling the Java programs of ${name}`, async (fresh) => {
    const flags = ['-encoding', 'UTF-8', '-proc:none', '--release', String(JAVA_RELEASE), '-d', fresh];
    const args = [...flags, '-cp', join(libraries, '*'), ...files];
    await run({ program: jdk.javac, args, cwd: folder }).catch((error: Error) => {
      throw new Error(`The Java programs of ${name} do not build: ${error.message}`);
    });
  });
  return `${classes}:${join(libraries, '*')}`;
}

async function fetchLibraries(folder: string, target: string, jdk: Jdk): Promise<void> {
  const maven = findMaven();
  if (maven === null) throw new Error('Maven is not installed (apt-get install maven).');
  const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${target}`, '-DincludeScope=runtime'];
  const args = ['-B', '-q', ...goal];
  await run({ program: maven, args, cwd: folder, env: { JAVA_HOME: homeOf(jdk) } }).catch((error: Error) => {
    throw new Error(`Maven does not fetch the libraries of ${folder}: ${error.message}`);
  });
}
