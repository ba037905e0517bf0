// `npm test`: set-up, static checks, unit tests with the replays, and what of the kernel side can be tried on this machine.
// `npm run test:all` (--all) adds real servers, the page, failures, scores and fuzzing. The last line is `N passed, N failed`.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { childPath, DIST, ROOT, STATE } from './lib/paths.mjs';
import { readReport, total } from './lib/results.mjs';
import { elapsed, Failure, say } from './lib/step.mjs';
import { setup } from './setup.mjs';

const ALL = process.argv.includes('--all');
const QUICK_MINUTES = 12;
const ALL_MINUTES = 45;
const HEARTBEAT_MS = 10_000;
const node = process.execPath;
const modules = join(ROOT, 'node_modules');

/** Their shares are compared with the committed table: one for each way of programs to wait for each other, that is followed exactly. */
const SCORED = [
  'python-threads',
  'python-fork',
  'node-event-loop',
  'go-goroutines',
  'nginx-proxy',
  'haproxy-proxy',
];
const SCORES = ['score', ...SCORED, '--concurrency', '8', '--check-table', 'docs/ACCURACY.md'];

/**
 * What is run. `needs: 'tracing'`: root and eBPF, without which a machine cannot have it. `whole`: a test that skips itself lacks
 * something that set-up brings, and counts as failed.
 */
const QUICK = [
  command('format and lint', join(modules, '.bin/biome'), ['ci', '.']),
  command('types', join(modules, '.bin/tsc'), ['--noEmit']),
  command('types of the page', join(modules, '.bin/tsc'), ['--noEmit', '-p', 'packages/ui']),
  command('layers', node, ['scripts/layers.mjs']),
  { name: 'unit tests and replays', config: 'vitest.config.ts' },
  { name: 'kernel and processes', config: 'vitest.live.config.ts', needs: 'tracing' },
];
const FURTHER = [
  { name: 'real servers', config: 'vitest.servers.config.ts', needs: 'tracing', whole: true },
  { name: 'the page in a browser', config: 'vitest.browser.config.ts', needs: 'tracing', whole: true },
  { name: 'failures', config: 'vitest.failure.config.ts', needs: 'tracing', whole: true },
  { ...command('scores', node, ['scripts/run.mjs', ...SCORES]), needs: 'tracing' },
  command('fuzzing', node, ['scripts/run.mjs', 'fuzz', '--each', '60']),
];

function command(name, program, args) {
  return { name, program, args };
}

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
  if (late) say(`  ${name}: stopped after ${elapsed(start)}, the time limit is over`);
  else say(`  ${name}: ${good ? 'ok' : 'failed'} after ${elapsed(start)}`);
  return good && !late;
}

/** Runs a group of tests; resolves to `{passed, failed}`. A program counts as one test. */
async function runGroup({ name, program, args, config, whole = false }, deadline) {
  if (config === undefined) {
    const good = await run(name, program, args, deadline);
    return { passed: good ? 1 : 0, failed: good ? 0 : 1 };
  }
  const report = join(STATE, `${config}.json`);
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const arguments_ = [join(modules, 'vitest/vitest.mjs'), 'run', '--config', config, ...reporters];
  const good = await run(name, node, arguments_, deadline);
  const { passed, failed, skipped } = readReport(report);
  if (whole && skipped.length > 0) {
    say(`  ${name}: a program is missing for these tests (look at the set-up's messages above):`);
    for (const title of skipped) say(`    ${title}`);
    return { passed, failed: failed + skipped.length };
  }
  // An unhandled error fails a run in which every test passed.
  return { passed, failed: !good && failed === 0 ? 1 : failed };
}

/** Why nothing can be traced here; null when it can. */
function noTracing() {
  if (process.geteuid?.() !== 0) return 'it needs root: kernel programs are loaded';
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
  await setup({ browser: ALL, languages: ALL });
  mkdirSync(STATE, { recursive: true });
  const start = Date.now();
  const deadline = start + (ALL ? ALL_MINUTES : QUICK_MINUTES) * 60_000;
  const obstacle = noTracing();
  const results = [];
  const durations = [];
  for (const group of ALL ? [...QUICK, ...FURTHER] : QUICK) {
    if (group.needs === 'tracing' && obstacle !== null) {
      say(`- ${group.name} skipped: ${obstacle}`);
      continue;
    }
    const begun = Date.now();
    const counts = await runGroup(group, deadline);
    results.push(counts);
    durations.push(`  ${group.name.padEnd(24)} ${elapsed(begun).padStart(12)}  ${text(counts)}`);
  }
  say(`\n${durations.join('\n')}\n  ${'all'.padEnd(24)} ${elapsed(start).padStart(12)}`);
  return total(results);
}

function text({ passed, failed }) {
  return `${passed} passed, ${failed} failed`;
}

let counts;
try {
  counts = await main();
} catch (error) {
  say(error instanceof Failure ? error.message : (error.stack ?? String(error)));
  counts = { passed: 0, failed: 1 };
}
process.exitCode = counts.failed === 0 ? 0 : 1;
process.stdout.write(`${text(counts)}\n`);
