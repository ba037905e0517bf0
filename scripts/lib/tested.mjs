// What tests with real programs note, for docs/PROTOCOLS.md: one small file for each protocol and program in .weft/tested.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of the repository: tests run from its sources. */
export const TESTED = fileURLToPath(new URL('../../.weft/tested/', import.meta.url));

/**
 * Notes that a test with that program has passed; call it at the test's end. `npm run protocols` puts it on the page.
 * @param {string} protocol key of its summary (`grpc`)
 * @param {string} program name, as people say it
 * @param {string} version of the program; as much as it says of itself is taken, up to a white space behind the number
 */
export function tested(protocol, program, version) {
  const number = /\d+(\.\d+)+[-\w.+]*/.exec(version)?.[0] ?? version.trim();
  mkdirSync(TESTED, { recursive: true });
  const name = `${protocol}.${program}`.toLowerCase().replaceAll(/[^a-z0-9.]+/g, '-');
  writeFileSync(join(TESTED, `${name}.json`), `${JSON.stringify({ protocol, program, version: number })}\n`);
}
