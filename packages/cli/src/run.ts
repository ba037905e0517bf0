import { existsSync, readFileSync } from 'node:fs';
import { COMMANDS } from './commands/index.ts';
import { CliError, USAGE_EXIT_CODE, usageError } from './errors.ts';
import { commandHelp, overview } from './help.ts';
import type { OptionSpec } from './settings/option.ts';
import { parseCommandLine, resolveSettings, type Sources } from './settings/resolve.ts';
import { parseFlatYaml } from './settings/yaml.ts';
import { VERSION } from './version.ts';

/** What a call of `weft` sees of the world. */
export interface World {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => Promise<void>;
  readonly log: (line: string) => void;
}

/**
 * Runs one command line.
 * @returns its exit code
 * @throws CliError for what the user can mend
 */
export async function run(world: World): Promise<number> {
  const [name, ...rest] = world.argv;
  if (name === '--version' || name === '-v') {
    await world.out(`weft ${VERSION}\n`);
    return 0;
  }
  if (name === '--help' || name === '-h' || (name === 'help' && rest.length === 0)) {
    await world.out(overview(COMMANDS));
    return 0;
  }
  if (name === undefined) {
    world.log(overview(COMMANDS).trimEnd());
    return USAGE_EXIT_CODE;
  }
  const command = COMMANDS.find((candidate) => candidate.name === (name === 'help' ? rest[0] : name));
  if (command === undefined) {
    throw usageError(
      `There is no command \`weft ${name === 'help' ? rest[0] : name}\`: see \`weft --help\`.`,
    );
  }
  const { out, log } = world;
  if (command.name === 'score' && name !== 'help') {
    // The scorer reads its own options.
    return await command.run({ values: new Map(), positionals: rest, out, log });
  }
  if (name === 'help' || asksForHelp(rest)) {
    await out(commandHelp(command));
    return 0;
  }
  const { given, positionals } = parseCommandLine(command.name, command.options, rest);
  if (positionals.length < command.arity.min) {
    throw usageError(
      `\`weft ${command.name}\` needs ${command.positionals}: see \`weft ${command.name} --help\`.`,
    );
  }
  if (positionals.length > command.arity.max) {
    const extra = positionals[command.arity.max];
    throw usageError(
      `\`weft ${command.name}\` does not know what to do with "${extra}": see \`weft ${command.name} --help\`.`,
    );
  }
  const values = resolveSettings(command.options, allOptions(), given, {
    environment: world.environment,
    file: settingsFile(world.environment),
  });
  return await command.run({ values, positionals, out, log });
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).some((arg) => arg === '--help' || arg === '-h');
}

function allOptions(): readonly OptionSpec[] {
  return COMMANDS.flatMap((command) => command.options);
}

/** weft.yaml of the current folder, or the file that WEFT_CONFIG names. @throws CliError */
function settingsFile(environment: World['environment']): Sources['file'] {
  const named = environment['WEFT_CONFIG'];
  const name = named ?? 'weft.yaml';
  if (!existsSync(name)) {
    if (named === undefined) return null;
    throw new CliError(`There is no settings file ${name}: correct or unset WEFT_CONFIG.`);
  }
  return { name, content: parseFlatYaml(readFileSync(name, 'utf8')) };
}
