import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findJdk } from './jdk.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-jdk-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** A home with the files by which one is known. @param release text of its file `release` */
function home(name: string, release: string, programs = ['java', 'javac']): string {
  const path = join(folder, name);
  mkdirSync(join(path, 'bin'), { recursive: true });
  writeFileSync(join(path, 'release'), release);
  for (const program of programs) writeFileSync(join(path, 'bin', program), '');
  return path;
}

test.each([
  ['JAVA_VERSION="21.0.8"\n', 17, 21],
  ['IMPLEMENTOR="X"\nJAVA_VERSION="25"\n', 25, 25],
  ['JAVA_VERSION="17.0.15"\n', 21, null],
  ['JAVA_VERSION="1.8.0_402"\n', 17, null],
  ['nothing', 17, null],
])('the home that is chosen says its version: %j', (release, wanted, found) => {
  vi.stubEnv('WEFT_JAVA_HOME', home('one', release));
  expect(findJdk(wanted)?.release ?? null).toBe(found);
});

test('a home without a compiler is no JDK', () => {
  vi.stubEnv('WEFT_JAVA_HOME', home('jre', 'JAVA_VERSION="21.0.8"', ['java']));
  expect(findJdk(17)).toBeNull();
});
