import type { OptionSpec } from './settings/option.ts';
import type { Values } from './settings/values.ts';

/** What a command gets to work with. */
export interface Context {
  readonly values: Values;
  readonly positionals: readonly string[];
  /** Writes to stdout and resolves when it is written: nothing is lost when the process ends then. */
  readonly out: (text: string) => Promise<void>;
  /** Writes a line to stderr. */
  readonly log: (line: string) => void;
}

/** One command of `weft`. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Positional arguments as the usage line shows them: `FILE`, `[SCENARIO…]`; empty for none. */
  readonly positionals: string;
  /** How many positional arguments it takes. */
  readonly arity: { readonly min: number; readonly max: number };
  readonly options: readonly OptionSpec[];
  /** Full command lines that work as they stand. */
  readonly examples: readonly string[];
  /** @returns exit code; throws `CliError` for what the user can mend */
  readonly run: (context: Context) => Promise<number>;
}
