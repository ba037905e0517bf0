import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { repoRoot } from '../scenarios/programs/index.ts';
import type { Bench, BenchContext } from './bench.ts';
import { agentCost } from './benches/agent.ts';
import { calls } from './benches/calls.ts';
import { demoTraces } from './benches/demo.ts';
import { headsCopied } from './benches/heads.ts';
import { http2Rate } from './benches/http2.ts';
import { latency } from './benches/latency.ts';
import { nginxThroughput } from './benches/nginx.ts';
import { pipelineRate, timeReplay } from './benches/pipeline.ts';
import { serviceThroughput } from './benches/service.ts';
import { embeddedStore } from './benches/store.ts';
import { tlsCalls } from './benches/tls.ts';
import { type BenchResult, markdownReport, type RunFacts, textReport } from './report.ts';

const BENCHES: readonly Bench[] = [
  calls,
  tlsCalls,
  nginxThroughput,
  serviceThroughput,
  headsCopied,
  pipelineRate,
  http2Rate,
  agentCost,
  latency,
  demoTraces,
  embeddedStore,
];

const HELP = `Usage: npm run bench -- [NAME…] [--quick]
Measures what Weft costs, with and without it in the same run. Benchmarks:
${BENCHES.map(({ name, title }) => `  ${name.padEnd(10)} ${title}`).join('\n')}

  --quick       fewer and shorter rounds
  --out FILE    write the page there (default docs/OVERHEAD.md when all run, not quick)
  --check       exit 1 when a bar is missed
  --json        results in JSON on stdout
`;

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  out: { type: 'string' },
  check: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
  // Of the benchmark `pipeline`, for its own child.
  replay: { type: 'string' },
  runs: { type: 'string', default: '5' },
} as const;

const say = (line: string) => void process.stderr.write(`${line}\n`);

/** Runs one benchmark; whatever it started has ended when this returns or throws. */
async function runBench(bench: Bench, quick: boolean, signal: AbortSignal): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-bench-'));
  const actions: (() => void | Promise<void>)[] = [];
  const context: BenchContext = {
    quick,
    folder,
    signal,
    say,
    cleanup: (action) => {
      actions.push(action);
      return async () => {
        const at = actions.indexOf(action);
        if (at < 0) return;
        actions.splice(at, 1);
        await action();
      };
    },
  };
  try {
    return await bench.run(context);
  } finally {
    for (let action = actions.pop(); action !== undefined; action = actions.pop()) {
      try {
        await action();
      } catch (error) {
        say(`bench: ${(error as Error).message}`);
      }
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

function facts(argv: readonly string[]): RunFacts {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    kernel: release(),
    machine: `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.versions.node,
    command: ['npm run bench', ...(argv.length === 0 ? [] : ['--', ...argv])].join(' '),
  };
}

async function run(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const { values: flags, positionals } = parseArgs({
    args: [...argv],
    options: OPTIONS,
    allowPositionals: true,
    strict: true,
  });
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (flags.replay !== undefined) {
    process.stdout.write(`${JSON.stringify(timeReplay(flags.replay, Number(flags.runs)))}\n`);
    return 0;
  }
  const chosen = positionals.length === 0 ? BENCHES : positionals.map(benchNamed);
  const results: BenchResult[] = [];
  for (const bench of chosen) {
    say(`${bench.name}: ${bench.title} …`);
    const result = await runBench(bench, flags.quick, signal);
    results.push(result);
    if (!flags.json) process.stdout.write(`${textReport(result)}\n`);
  }
  if (flags.json) process.stdout.write(`${JSON.stringify({ results }, null, 1)}\n`);
  const whole = positionals.length === 0 && !flags.quick;
  const page = flags.out ?? (whole ? join(repoRoot(), 'docs', 'OVERHEAD.md') : null);
  if (page !== null) {
    mkdirSync(dirname(page), { recursive: true });
    writeFileSync(page, markdownReport(results, facts(argv)));
    say(`wrote ${page}`);
  }
  return flags.check && results.some(({ bars }) => bars.some((bar) => !bar.met)) ? 1 : 0;
}

function benchNamed(name: string): Bench {
  const found = BENCHES.find((bench) => bench.name === name);
  if (found !== undefined) return found;
  throw new Error(
    `There is no benchmark ${name}: choose from ${BENCHES.map((bench) => bench.name).join(', ')}.`,
  );
}

/**
 * The command `npm run bench`.
 * @returns exit code: 0 when all benchmarks ran (with `--check`: and met their bars)
 */
export async function benchMain(argv: readonly string[]): Promise<number> {
  const stop = new AbortController();
  const onSignal = () => stop.abort(new Error('Stopped.'));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await run(argv, stop.signal);
  } catch (error) {
    say(stop.signal.aborted ? 'bench: stopped' : `bench: ${(error as Error).message}`);
    return 1;
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = await benchMain(process.argv.slice(2));
}
