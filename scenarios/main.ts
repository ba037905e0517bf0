import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { createCgroup, removeCgroup, repoRoot } from './programs/index.ts';
import { SCENARIOS } from './run/catalog.ts';
import type { LoadAmount, LoadShape } from './run/load.ts';
import { runScenario, type ScenarioRun } from './run/run-scenario.ts';
import { runnable } from './run/runnable.ts';
import { cellOf, scoreCell, startTracing } from './run/score-cells.ts';
import { startRecord } from './run/weft.ts';
import { belowCommitted, readCommitted } from './score/committed.ts';
import { explain } from './score/explain.ts';
import { readSpanLines, readTruthFolder } from './score/files.ts';
import { barFor, type Cell, markdownReport, meetsBar, shapeText, textReport } from './score/report.ts';
import { scoreSpans } from './score/score.ts';
import { readTruth } from './score/truth.ts';

const HELP = `Usage: weft score [SCENARIO…] [options]
Scores Weft against programs that note the truth themselves. Scenarios: ${SCENARIOS.map((s) => s.name).join(', ')}

  --concurrency 1,8,64   closed loops
  --open 30,80,120       open loops too, at these per cents of the untraced capacity (default when all scenarios run)
  --requests 2000        requests a cell
  --seconds 0            at least so long a cell (open loops: 20)
  --api URL              use a running server; it must trace --cgroup, unmasked
  --cgroup PATH          cgroup v2 folder for the programs (default: a new one)
  --without KIND,…       switch kinds of evidence off
  --tier T               kernel tier
  --untraced             no Weft: check the truth logs, print capacity and latency
  --record FILE          record raw events to FILE, the truth to FILE.truth/, instead of scoring
  --score-jsonl FILE --truth DIR   score spans that were replayed from a recording
  --explain N            print the first N links that are not right
  --out FILE             write the page there (default docs/ACCURACY.md when all scenarios run)
  --check                exit 1 when a bar is missed
  --check-table FILE     exit 1 when a share lies below its interval in that page
  --json                 figures in JSON on stdout
`;

const OPTIONS = {
  concurrency: { type: 'string', default: '1,8,64' },
  open: { type: 'string' },
  requests: { type: 'string', default: '2000' },
  seconds: { type: 'string', default: '0' },
  api: { type: 'string' },
  cgroup: { type: 'string' },
  without: { type: 'string' },
  tier: { type: 'string' },
  untraced: { type: 'boolean', default: false },
  record: { type: 'string' },
  'score-jsonl': { type: 'string' },
  truth: { type: 'string' },
  explain: { type: 'string', default: '0' },
  out: { type: 'string' },
  check: { type: 'boolean', default: false },
  'check-table': { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

function parse(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
}
type Flags = ReturnType<typeof parse>['values'];

function numbers(text: string, flag: string): number[] {
  const list = text.split(',').filter((item) => item !== '');
  return list.map((item) => {
    const value = Number(item);
    if (!Number.isFinite(value) || value < 0) throw new Error(`--${flag} wants numbers, not ${item}.`);
    return value;
  });
}

function amountOf(flags: Flags): LoadAmount {
  return {
    requests: numbers(flags.requests, 'requests')[0] ?? 0,
    seconds: numbers(flags.seconds, 'seconds')[0] ?? 0,
  };
}

const say = (text: string) => void process.stderr.write(`${text}\n`);

function printUntraced(run: ScenarioRun): void {
  const { load, truth } = run;
  const { p50, p99, max } = load.latencyMs;
  const ms = (value: number | null) => (value === null ? '–' : value.toFixed(1));
  let calls = 0;
  for (const tree of truth.trees.values()) calls += tree.length;
  say(
    `${run.scenario} ${shapeText(run.shape)}: ${load.requestsPerSecond.toFixed(0)} requests/s, ` +
      `p50 ${ms(p50)} p99 ${ms(p99)} max ${ms(max)} ms, ${calls} calls in ${truth.trees.size} traces, ` +
      `${load.errors} errors, statuses ${JSON.stringify(load.statuses)}, ${truth.problems.length} problems in the truth logs`,
  );
  for (const problem of truth.problems.slice(0, 5)) say(`  ${problem}`);
}

function printExplanations(run: Pick<ScenarioRun, 'truth' | 'scored'>, limit: number): void {
  if (run.scored === null) return;
  for (const text of explain(run.truth, run.scored, limit)) say(text);
}

async function shapesOf(flags: Flags, name: string, signal: AbortSignal): Promise<[LoadShape, LoadAmount][]> {
  const amount = amountOf(flags);
  const shapes: [LoadShape, LoadAmount][] = numbers(flags.concurrency, 'concurrency').map((concurrency) => [
    { loop: 'closed', concurrency },
    amount,
  ]);
  const rates = numbers(flags.open ?? '', 'open');
  if (rates.length === 0) return shapes;
  // Long enough for compilers to warm up: a short run understates what the programs can do.
  const closed64: LoadShape = { loop: 'closed', concurrency: 64 };
  const untraced = {
    shape: closed64,
    amount: { requests: 2_000, seconds: 0 },
    apiUrl: null,
    cgroup: null,
    signal,
  };
  const capacity = (await runScenario(name, untraced)).load.requestsPerSecond;
  say(`${name}: capacity ${capacity.toFixed(0)} requests/s`);
  for (const rate of rates) {
    shapes.push([
      { loop: 'open', ratePerSecond: (capacity * rate) / 100, percentOfCapacity: rate },
      { ...amount, seconds: Math.max(amount.seconds, 20) },
    ]);
  }
  return shapes;
}

async function runUntraced(flags: Flags, names: readonly string[], signal: AbortSignal): Promise<void> {
  for (const name of names) {
    for (const [shape, amount] of await shapesOf(flags, name, signal)) {
      printUntraced(await runScenario(name, { shape, amount, apiUrl: null, cgroup: null, signal }));
    }
  }
}

async function scoreAll(flags: Flags, names: readonly string[], signal: AbortSignal): Promise<Cell[]> {
  const cells: Cell[] = [];
  const kinds = (flags.without ?? '').split(',').filter((kind) => kind !== '');
  const extra = flags.tier === undefined ? [] : ['--tier', flags.tier];
  const tracing = await startTracing({ api: flags.api, cgroup: flags.cgroup }, kinds, extra, signal);
  try {
    for (const name of names) {
      for (const [shape, amount] of await shapesOf(flags, name, signal)) {
        const { run, cell } = await scoreCell(name, shape, amount, tracing, signal);
        cells.push(cell);
        if (!flags.json) say(`${textReport([cell])}\n  settled after             ${run.settledAfterMs} ms\n`);
        printExplanations(run, Number(flags.explain));
      }
    }
    return cells;
  } finally {
    await tracing.stop();
  }
}

async function record(
  flags: Flags,
  file: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const name = names[0];
  const concurrency = numbers(flags.concurrency, 'concurrency');
  if (name === undefined || names.length > 1 || concurrency.length !== 1) {
    throw new Error('--record wants one scenario and one --concurrency.');
  }
  await runnable([name], say);
  const cgroup = flags.cgroup ?? createCgroup(`weft-record-${process.pid}`);
  try {
    const weft = await startRecord(
      file,
      cgroup,
      flags.tier === undefined ? [] : ['--tier', flags.tier],
      signal,
    );
    try {
      const shape: LoadShape = { loop: 'closed', concurrency: concurrency[0]! };
      const keepTruth = `${file}.truth`;
      const run = await runScenario(name, {
        shape,
        amount: amountOf(flags),
        apiUrl: null,
        cgroup,
        keepTruth,
        signal,
      });
      printUntraced(run);
    } finally {
      await weft.stop();
    }
  } finally {
    if (flags.cgroup === undefined) await removeCgroup(cgroup);
  }
}

async function scoreReplay(flags: Flags, file: string): Promise<Cell> {
  if (flags.truth === undefined)
    throw new Error('--score-jsonl wants --truth DIR, the folder of the truth logs.');
  const truth = readTruth(readTruthFolder(flags.truth));
  const scored = scoreSpans(truth, await readSpanLines(file));
  printExplanations({ truth, scored }, Number(flags.explain));
  const shape: LoadShape = { loop: 'closed', concurrency: numbers(flags.concurrency, 'concurrency')[0] ?? 1 };
  return cellOf({
    scenario: file,
    shape,
    bar: barFor(shape),
    load: { requestsPerSecond: 0, errors: 0 },
    truth,
    scored,
    lost: {},
    withoutCarriedId: null,
    allowNameless: false,
  });
}

function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
}

function writePage(path: string, cells: readonly Cell[], argv: readonly string[]): void {
  const facts = {
    date: new Date().toISOString().slice(0, 10),
    kernel: release(),
    machine: machine(),
    command: ['weft score', ...argv].join(' '),
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, markdownReport(cells, facts));
  say(`wrote ${path}`);
}

async function run(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const { values: flags, positionals } = parse(argv);
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (flags.record !== undefined) {
    await record(flags, flags.record, positionals, signal);
    return 0;
  }
  const replayed = flags['score-jsonl'];
  const { able, missing } =
    replayed === undefined ? await runnable(positionals, say) : { able: [], missing: [] };
  const whole = replayed === undefined && positionals.length === 0;
  flags.open ??= whole && !flags.untraced ? '30,80,120' : '';
  if (flags.untraced) {
    await runUntraced(flags, able, signal);
    return 0;
  }
  const cells =
    replayed === undefined ? await scoreAll(flags, able, signal) : [await scoreReplay(flags, replayed)];
  if (flags.json) process.stdout.write(`${JSON.stringify({ cells }, null, 1)}\n`);
  else if (cells.length > 0) process.stdout.write(`${textReport(cells)}\n`);
  const page = flags.out ?? (whole ? join(repoRoot(), 'docs', 'ACCURACY.md') : null);
  if (page !== null && cells.length > 0) writePage(page, cells, argv);
  const table = flags['check-table'];
  const below = table === undefined ? [] : belowCommitted(cells, readCommitted(readFileSync(table, 'utf8')));
  for (const sentence of below) say(sentence);
  if (missing.length > 0) say(`${missing.length} scenarios did not run: ${missing.join(', ')}.`);
  return missing.length > 0 || below.length > 0 || (flags.check && !cells.every(meetsBar)) ? 1 : 0;
}

/**
 * The command `weft score`.
 * @param argv arguments after `score`
 * @returns exit code: 0 when all scenarios that nothing excuses ran (with `--check`: and met their bars; with `--check-table`: and reached the table)
 */
export async function scoreMain(argv: readonly string[]): Promise<number> {
  const stop = new AbortController();
  const onSignal = () => stop.abort(new Error('Stopped.'));
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    return await run(argv, stop.signal);
  } catch (error) {
    say(stop.signal.aborted ? 'weft score: stopped' : `weft score: ${(error as Error).message}`);
    return 1;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
