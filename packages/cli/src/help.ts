import type { Command } from './command.ts';
import { environmentName, type OptionSpec } from './settings/option.ts';

/** The text of `weft --help`. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  const lines = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return `weft: distributed traces of programs that know nothing of it

Usage: weft COMMAND [options]

${lines.join('\n')}

  weft COMMAND --help    options and examples of a command
  weft --version

Settings come from the command line, then from the environment (WEFT_PORT for --port), then from
weft.yaml in the current folder or the file that WEFT_CONFIG names (\`port: 7766\`).

Example: weft up --demo
`;
}

/** The text of `weft COMMAND --help`. */
export function commandHelp(command: Command): string {
  const shown = command.options.filter((option) => option.internal !== true);
  const usage = ['weft', command.name, command.positionals, shown.length === 0 ? '' : '[options]'];
  const parts = [
    `${command.name}: ${command.summary}`,
    `Usage: ${usage.filter((word) => word !== '').join(' ')}`,
  ];
  if (shown.length > 0) parts.push(`Options:\n${optionLines(shown).join('\n')}`);
  if (shown.some((option) => option.setting)) {
    const example = shown.find((option) => option.setting)!.name;
    parts.push(
      `Marked * may also be set by ${environmentName(example)} or \`${example}:\` in weft.yaml, and so on.`,
    );
  }
  parts.push(`Examples:\n${command.examples.map((example) => `  ${example}`).join('\n')}`);
  return `${parts.join('\n\n')}\n`;
}

function optionLines(options: readonly OptionSpec[]): readonly string[] {
  const forms = options.map(
    (option) => `--${option.name}${option.kind === 'flag' ? '' : ` ${option.placeholder}`}`,
  );
  const width = Math.max(...forms.map((form) => form.length));
  return options.map(
    (option, i) => `  ${forms[i]!.padEnd(width)} ${option.setting ? '*' : ' '} ${option.help}`,
  );
}
