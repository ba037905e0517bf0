// `npm test`: set-up, static checks, unit tests, live tests where this machine allows them.
// `npm run test:all` (--all) adds what takes long. The last line is `N passed, N failed`.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { childPath, DIST, ROOT, STATE } from './lib/paths.mjs';
import { readReport, total } from './lib/results.mjs';
import { elapsed, Failure, say } from './lib/step.mjs';
import { setup } from './setup.mjs';

const ALL = process.argv.includes('--all');
const LIMIT_MS = (ALL ? 45 : 8) * 60_000;
const HEARTBEAT_MS = 10_000;
const node = process.execPath;
const modules = join(ROOT, 'node_modules');

/** What `--all` adds: name → arguments of `node scripts/run.mjs`. */
const LONG = [
  {
    name: 'scores of all scenarios',
    args: ['score', '--check', '--out', '.weft/ACCURACY.md'],
    entry: 'scenarios/main.ts',
  },
  { name: 'benchmarks', args: ['bench'], entry: 'bench/main.ts' },
  { name: 'fuzzing of all parsers', args: ['fuzz'], entry: 'bench/fuzz.ts' },
];

let current = null;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (current === null) process.exit(130);
    endGroup(current, 'SIGTERM');
    setTimeout(() => {
      endGroup(current, 'SIGKILL');
      process.exit(130);
    }, 5000).unref();
    current?.once('close', () => process.exit(130));
  });
}

function endGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended already.
  }
}

/** Runs a program in a process group of its own; resolves to whether it ended well and in time. */
async function run(name, command, args, deadline) {
  const start = Date.now();
  say(`- ${name} …`);
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
    env: { ...process.env, PATH: childPath() },
  });
  current = child;
  const heartbeat = setInterval(() => say(`  ${name}: ${elapsed(start)}`), HEARTBEAT_MS);
  let late = false;
  const timer = setTimeout(
    () => {
      late = true;
      endGroup(child, 'SIGTERM');
      setTimeout(() => endGroup(child, 'SIGKILL'), 5000).unref();
    },
    Math.max(0, deadline - Date.now()),
  );
  const good = await new Promise((resolve) => {
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
  clearInterval(heartbeat);
  clearTimeout(timer);
  current = null;
  if (late) say(`  ${name}: stopped, the time limit of ${LIMIT_MS / 60_000} minutes is over`);
  else say(`  ${name}: ${good ? 'ok' : 'failed'} after ${elapsed(start)}`);
  return good && !late;
}

async function check(name, command, args, deadline) {
  const good = await run(name, command, args, deadline);
  return { passed: good ? 1 : 0, failed: good ? 0 : 1 };
}

async function vitest(name, config, deadline) {
  const report = join(STATE, `vitest-${name.replaceAll(' ', '-')}.json`);
  rmSync(report, { force: true });
  const good = await run(
    name,
    node,
    [
      join(modules, 'vitest/vitest.mjs'),
      'run',
      '--config',
      config,
      '--passWithNoTests',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    deadline,
  );
  const counts = readReport(report);
  // An unhandled error fails a run in which every test passed.
  return !good && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** Why live tests cannot run here; null when they can. */
function noLiveTests() {
  if (!existsSync(join(ROOT, 'vitest.live.config.ts'))) return 'vitest.live.config.ts is not there';
  if (process.geteuid?.() !== 0) return 'they load kernel programs and need root';
  try {
    const report = execFileSync(node, [join(DIST, 'weft.js'), 'doctor', '--json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { tiers } = JSON.parse(report);
    return tiers.some((tier) => tier.usable) ? null : 'no tier is usable on this kernel (see `weft doctor`)';
  } catch (error) {
    return `\`weft doctor\` fails: ${(error.stderr?.trim() || error.message).split('\n')[0]}`;
  }
}

async function main() {
  await setup({ browser: ALL });
  mkdirSync(STATE, { recursive: true });
  const deadline = Date.now() + LIMIT_MS;
  const results = [
    await check('format and lint', join(modules, '.bin/biome'), ['ci', '.'], deadline),
    await check('types', join(modules, '.bin/tsc'), ['--noEmit'], deadline),
    await check('types of the page', join(modules, '.bin/tsc'), ['--noEmit', '-p', 'packages/ui'], deadline),
    await check('layers', node, [join(ROOT, 'scripts/layers.mjs')], deadline),
    await vitest('unit tests', 'vitest.config.ts', deadline),
  ];
  const reason = noLiveTests();
  if (reason === null) results.push(await vitest('live tests', 'vitest.live.config.ts', deadline));
  else say(`- live tests skipped: ${reason}`);
  if (ALL) {
    if (reason === null) results.push(await vitest('browser tests', 'vitest.browser.config.ts', deadline));
    else say(`- browser tests skipped: ${reason}`);
    for (const { name, args, entry } of LONG) {
      if (reason !== null) say(`- ${name} skipped: ${reason}`);
      else if (!existsSync(join(ROOT, entry))) say(`- ${name} skipped: ${entry} is not there`);
      else results.push(await check(name, node, [join(ROOT, 'scripts/run.mjs'), ...args], deadline));
    }
  }
  return total(results);
}

let counts;
try {
  counts = await main();
} catch (error) {
  say(error instanceof Failure ? error.message : (error.stack ?? String(error)));
  counts = { passed: 0, failed: 1 };
}
process.exitCode = counts.failed === 0 ? 0 : 1;
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
