// Records a scenario as a fixture of the scorer's tests (packages/agent/fixtures/README.md): `node scripts/record-fixture.mjs NAME…`, as root.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT } from './lib/paths.mjs';
import { Failure, say, script, step } from './lib/step.mjs';

const FIXTURES = join(ROOT, 'packages/agent/fixtures/scenarios');
const LIMIT = 300_000;

/** All truth logs as one: each line says in which it stood. */
function mergedTruth(folder) {
  const lines = [];
  for (const log of readdirSync(folder).sort()) {
    for (const line of readFileSync(join(folder, log), 'utf8').split('\n')) {
      if (line !== '') lines.push(JSON.stringify({ log, ...JSON.parse(line) }));
    }
  }
  return `${lines.join('\n')}\n`;
}

async function record(name) {
  const folder = mkdtempSync(join(tmpdir(), 'weft-fixture-'));
  try {
    const file = join(folder, `${name}.weft`);
    const load = ['--concurrency', '8', '--requests', '60'];
    await step(`recording ${name}`, process.execPath, [
      join(ROOT, 'dist/weft.js'),
      ...['score', name, '--record', file, ...load],
    ]);
    const recording = gzipSync(readFileSync(file), { level: 9 });
    if (recording.length > LIMIT)
      throw new Failure(`The recording of ${name} has ${recording.length} bytes, more than ${LIMIT}.`);
    writeFileSync(join(FIXTURES, `${name}.weft.gz`), recording);
    writeFileSync(
      join(FIXTURES, `${name}.truth.jsonl.gz`),
      gzipSync(mergedTruth(`${file}.truth`), { level: 9 }),
    );
    say(`  ${name}: ${recording.length} bytes`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await script(async () => {
  const names = process.argv.slice(2);
  if (names.length === 0) throw new Failure('Usage: node scripts/record-fixture.mjs SCENARIO…');
  for (const name of names) await record(name);
});
