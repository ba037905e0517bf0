import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { fuzzAll, PROTOCOLS } from '@weft/protocols';

const HELP = `Usage: npm run fuzz -- [--seconds 60 | --each 60] [--seed N]
Feeds random and mutated bytes to all parsers. Exit code 1 when one of them failed.

  --seconds N   so long, all parsers in turn
  --each N      so long for each parser
`;
const SHOWN = 20;

/**
 * The command `npm run fuzz`.
 * @returns exit code: 0 when no parser failed
 */
export function fuzzMain(argv: readonly string[]): number {
  const options = {
    seconds: { type: 'string', default: '60' },
    each: { type: 'string' },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  } as const;
  let values: { seconds: string; each?: string | undefined; seed?: string | undefined; help: boolean };
  try {
    values = parseArgs({ args: [...argv], options, strict: true }).values;
  } catch (error) {
    process.stderr.write(`fuzz: ${(error as Error).message}\n`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const seconds = values.each === undefined ? Number(values.seconds) : Number(values.each) * PROTOCOLS.length;
  if (!(seconds > 0)) {
    process.stderr.write('fuzz: --seconds and --each want a number greater than 0.\n');
    return 2;
  }
  const seed = values.seed === undefined ? undefined : Number(values.seed);
  if (seed !== undefined && !Number.isSafeInteger(seed)) {
    process.stderr.write('fuzz: --seed wants a whole number, as a failure names it.\n');
    return 2;
  }
  process.stderr.write(`fuzzing all parsers for ${seconds} s …\n`);
  const { inputs, failures } = fuzzAll(seconds, seed);
  for (const failure of failures.slice(0, SHOWN)) process.stderr.write(`  ${failure}\n`);
  process.stdout.write(`${inputs} inputs, ${failures.length} failures\n`);
  return failures.length === 0 && inputs > 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = fuzzMain(process.argv.slice(2));
}
