import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from './find.ts';

/** A JDK of this machine. */
export interface Jdk {
  readonly java: string;
  readonly javac: string;
  /** Its feature release, such as 17. */
  readonly release: number;
  /** Its whole version, such as `17.0.15`. */
  readonly version: string;
}

const JDK_FOLDER = '/usr/lib/jvm';

/** The JDK at that home, null when there is none: each says its version in its file `release`. */
function jdkAt(home: string): Jdk | null {
  const [java, javac] = [join(home, 'bin', 'java'), join(home, 'bin', 'javac')];
  const file = join(home, 'release');
  if (!existsSync(java) || !existsSync(javac) || !existsSync(file)) return null;
  const version = /^JAVA_VERSION="((\d+)[^"]*)"/m.exec(readFileSync(file, 'utf8'));
  return version === null ? null : { java, javac, version: version[1]!, release: Number(version[2]) };
}

/**
 * Looks for a JDK of at least that feature release: `WEFT_JAVA_HOME`, else `JAVA_HOME` and those that Debian's packages install,
 * the oldest that will do first.
 */
export function findJdk(release: number): Jdk | null {
  const chosen = process.env['WEFT_JAVA_HOME'];
  const homes =
    chosen !== undefined
      ? [chosen]
      : [
          ...(process.env['JAVA_HOME'] === undefined ? [] : [process.env['JAVA_HOME']]),
          ...(existsSync(JDK_FOLDER) ? readdirSync(JDK_FOLDER).map((name) => join(JDK_FOLDER, name)) : []),
        ];
  const able = homes
    .map(jdkAt)
    .filter((jdk) => jdk !== null)
    .filter((jdk) => jdk.release >= release);
  return able.sort((a, b) => a.release - b.release)[0] ?? null;
}

/** Maven, which fetches libraries; `WEFT_MAVEN` overrides. */
export const findMaven = () => findProgram('mvn', 'WEFT_MAVEN', ['/usr/share/maven/bin/mvn']);

/** Home of a JDK, for programs that ask for `JAVA_HOME`. */
export const homeOf = (jdk: Jdk) => dirname(dirname(jdk.java));
