import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import {
  type DetectionTrial,
  type FuzzResult,
  fuzzAll,
  PROTOCOLS,
  recordedStreams,
  tryDetection,
} from '@weft/protocols';
import { repoRoot } from '../scenarios/programs/index.ts';

const HELP = `Usage: npm run fuzz -- [--seconds 60 | --each 60] [--inputs N] [--seed N] [--samples 1000000]
Feeds random and mutated bytes to all parsers, then shows detection streams that begin anywhere, and noise.
Exit code 1 when a parser failed or kept memory, or more than 1 in 100 000 was taken for a protocol that it is not.

  --seconds N   so long, all parsers in turn
  --each N      so long for each parser
  --inputs N    at least so many, however long they take
  --seed N      of the first input, as a failure names it
  --samples N   of each kind for detection
`;
const SHOWN = 20;
/** After the first inputs, when all code is compiled and all tables are full, memory may move by so much. */
const MOST_GROWTH = 16 << 20;
const WARM_UP = 0.1;
const BAR = 1e-5;
/** Numbers among zeros are harder than what the bar is about, and never seen in such pure form. */
const HARDER = 'small numbers';

interface Settings {
  readonly seconds: number;
  readonly inputs: number;
  readonly samples: number;
  readonly seed: number;
}

/** @returns what was asked for; an error in words */
function settingsOf(argv: readonly string[]): Settings | string | null {
  const options = {
    seconds: { type: 'string', default: '60' },
    each: { type: 'string' },
    inputs: { type: 'string', default: '0' },
    samples: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    help: { type: 'boolean', default: false },
  } as const;
  try {
    const { values } = parseArgs({ args: [...argv], options, strict: true });
    if (values.help) return null;
    const [inputs, samples, seed] = [Number(values.inputs), Number(values.samples), Number(values.seed)];
    const seconds =
      values.each === undefined ? Number(values.seconds) : Number(values.each) * PROTOCOLS.length;
    if (!(seconds > 0)) return '--seconds and --each want a number greater than 0.';
    if (!Number.isSafeInteger(seed)) return '--seed wants a whole number, as a failure names it.';
    if (!(inputs >= 0 && samples >= 0)) return '--inputs and --samples want a number.';
    return { seconds, inputs, samples, seed };
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * The command `npm run fuzz`.
 * @returns exit code: 0 when no parser failed
 */
export function fuzzMain(argv: readonly string[]): number {
  const settings = settingsOf(argv);
  if (settings === null) {
    process.stdout.write(HELP);
    return 0;
  }
  if (typeof settings === 'string') {
    process.stderr.write(`fuzz: ${settings}\n`);
    return 2;
  }
  const { seconds, inputs, samples, seed } = settings;
  process.stderr.write(`fuzzing all parsers for ${seconds} s, first seed ${seed} …\n`);
  const first = fuzzAll(seconds * WARM_UP, seed, inputs * WARM_UP);
  const before = memory();
  const rest = fuzzAll(seconds * (1 - WARM_UP), seed + first.inputs, inputs - first.inputs);
  const growth = memory() - before;
  const isGood = report(first, rest, growth);
  if (samples === 0) return isGood ? 0 : 1;
  process.stderr.write('showing detection what begins anywhere …\n');
  const file = join(repoRoot(), 'packages/protocols/fixtures/streams.json.gz');
  const trials = tryDetection(recordedStreams(gunzipSync(readFileSync(file)).toString()), samples, seed);
  for (const trial of trials) process.stdout.write(`${describeTrial(trial)}\n`);
  const isRight = trials.every(({ kind, wrong }) => kind === HARDER || wrong / samples < BAR);
  return isGood && isRight ? 0 : 1;
}

function report(first: FuzzResult, rest: FuzzResult, growth: number): boolean {
  const failures = [...first.failures, ...rest.failures];
  for (const failure of failures.slice(0, SHOWN)) process.stderr.write(`  ${failure}\n`);
  let [inputs, detected] = [0, 0];
  for (const [name, share] of rest.shares) {
    inputs += share.inputs;
    detected += share.detected;
    process.stdout.write(
      `  ${name.padEnd(12)} ${percent(share.detected / share.inputs)} of its inputs recognised\n`,
    );
  }
  process.stdout.write(
    `${first.inputs + rest.inputs} inputs, ${percent(detected / inputs)} recognised, ${failures.length} failures, memory ${(growth / 2 ** 20).toFixed(1)} MiB more\n`,
  );
  return failures.length === 0 && inputs > 0 && growth < MOST_GROWTH;
}

/** With none wrong in n the true share is below 3/n, with 95 % confidence. */
function describeTrial({ kind, samples, right, wrong, examples }: DetectionTrial): string {
  const bound = (wrong + 1.96 * Math.sqrt(wrong) + 3) / samples;
  const shares = `${percent(right / samples)} recognised, ${wrong} wrong of ${samples}`;
  const line = `  ${kind.padEnd(24)} ${shares} (at most ${(bound * 1e5).toFixed(2)} in 100 000)`;
  return [line, ...examples.map((example) => `    ${example}`)].join('\n');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function memory(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = fuzzMain(process.argv.slice(2));
}
