import { parseArgs } from 'node:util';
import type { Result } from '@weft/model';
import { codeOf, usageError } from '../errors.ts';
import { environmentName, type OptionSpec } from './option.ts';
import type { Entry, Values } from './values.ts';
import type { YamlValue } from './yaml.ts';

/** The sources of settings, strongest first: command line, environment, weft.yaml. */
export interface Sources {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Null: there is no such file. */
  readonly file: { readonly name: string; readonly content: Result<ReadonlyMap<string, YamlValue>> } | null;
}

/**
 * `WEFT_…` names that are no settings of a command: where programs of the demo and the scenarios lie, and
 * which settings file is read.
 */
const OTHER_VARIABLES = [
  'WEFT_CONFIG',
  'WEFT_GO',
  'WEFT_MARIADB',
  'WEFT_MARIADB_CLIENT',
  'WEFT_MARIADB_INSTALL_DB',
  'WEFT_NGINX',
  'WEFT_POSTGRES',
  'WEFT_PYTHON',
  'WEFT_REDIS',
  'WEFT_WRK',
];

/** Options and positional arguments of a command line, as given. @throws CliError */
export function parseCommandLine(
  command: string,
  options: readonly OptionSpec[],
  argv: readonly string[],
): { readonly given: Values; readonly positionals: readonly string[] } {
  const hint = `see \`weft ${command} --help\``;
  const config = Object.fromEntries(
    options.map((option) => [
      option.name,
      option.kind === 'flag'
        ? { type: 'boolean' as const }
        : { type: 'string' as const, multiple: option.kind === 'list' },
    ]),
  );
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...argv], options: config, allowPositionals: true, strict: true });
  } catch (error) {
    throw usageError(commandLineProblem(error, command, hint));
  }
  const given = new Map<string, Entry>();
  for (const option of options) {
    const value = parsed.values[option.name];
    if (value === undefined) continue;
    const plain = Array.isArray(value) ? value.flatMap((item) => splitList(String(item))) : value;
    given.set(option.name, { value: plain, origin: `--${option.name}` });
  }
  return { given, positionals: parsed.positionals };
}

function commandLineProblem(error: unknown, command: string, hint: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const option = /'(--?[^' =]+)/.exec(message)?.[1] ?? '';
  switch (codeOf(error)) {
    case 'ERR_PARSE_ARGS_UNKNOWN_OPTION':
      return `\`weft ${command}\` has no option ${option}: ${hint}.`;
    case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE':
      return `${/does not take/.test(message) ? `${option} takes no value` : `${option} needs a value`}: ${hint}.`;
    default:
      return `${message.split('\n')[0]}: ${hint}.`;
  }
}

/**
 * The settings of one call: the command line over the environment over weft.yaml.
 * @param options of this command
 * @param allOptions of all commands: a file serves them all, and a key that none of them has is an error
 * @throws CliError
 */
export function resolveSettings(
  options: readonly OptionSpec[],
  allOptions: readonly OptionSpec[],
  given: Values,
  sources: Omit<Sources, 'argv'>,
): Values {
  const known = new Map(allOptions.filter((option) => option.setting).map((option) => [option.name, option]));
  const values = new Map<string, Entry>();
  for (const [name, entry] of [
    ...fromFile(sources.file, known),
    ...fromEnvironment(sources.environment, known),
    ...given,
  ]) {
    if (options.some((option) => option.name === name)) values.set(name, entry);
  }
  return values;
}

function fromFile(
  file: Sources['file'],
  known: ReadonlyMap<string, OptionSpec>,
): (readonly [string, Entry])[] {
  if (file === null) return [];
  if (!file.content.ok) throw usageError(`${file.name}: ${file.content.error}.`);
  return [...file.content.value].map(([key, value]) => {
    const option = known.get(key);
    if (option === undefined) {
      throw usageError(
        `${file.name}: \`${key}\` is no setting; the settings are ${[...known.keys()].join(', ')}.`,
      );
    }
    return [key, read(option, value, `${key} in ${file.name}`)] as const;
  });
}

function fromEnvironment(
  environment: Sources['environment'],
  known: ReadonlyMap<string, OptionSpec>,
): (readonly [string, Entry])[] {
  const byVariable = new Map([...known.values()].map((option) => [environmentName(option.name), option]));
  const found: (readonly [string, Entry])[] = [];
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith('WEFT_') || value === undefined || OTHER_VARIABLES.includes(variable)) continue;
    const option = byVariable.get(variable);
    if (option === undefined) {
      throw usageError(`${variable} in the environment is no setting: unset it, or see \`weft --help\`.`);
    }
    found.push([option.name, read(option, value, variable)]);
  }
  return found;
}

/** Text of the environment or a file as the option's kind wants it. */
function read(option: OptionSpec, value: YamlValue, origin: string): Entry {
  switch (option.kind) {
    case 'flag':
      if (value === 'true' || value === '1' || value === 'yes' || value === 'on')
        return { value: true, origin };
      if (value === 'false' || value === '0' || value === 'no' || value === 'off' || value === '') {
        return { value: false, origin };
      }
      throw usageError(`${origin} must be true or false, not "${String(value)}".`);
    case 'list':
      return { value: typeof value === 'string' ? splitList(value) : value, origin };
    case 'value':
      if (typeof value !== 'string') throw usageError(`${origin} must be one value, not a list.`);
      return { value, origin };
  }
}

function splitList(value: string): readonly string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
