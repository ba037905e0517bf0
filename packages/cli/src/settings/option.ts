/** One option of a command. */
export interface OptionSpec {
  /** As after `--`: `only-cgroup`. The same name in weft.yaml, and `WEFT_ONLY_CGROUP` in the environment. */
  readonly name: string;
  /** `flag` takes no value, `list` may be repeated and may hold commas. */
  readonly kind: 'flag' | 'value' | 'list';
  /** The value's name in the help: `PATH`. */
  readonly placeholder?: string;
  readonly help: string;
  /** Whether it may also come from the environment and weft.yaml; a one-off like `--json` may not. */
  readonly setting: boolean;
  /** Between our own processes; not in the help. */
  readonly internal?: boolean;
}

/** Name of an option's environment variable. */
export function environmentName(option: string): string {
  return `WEFT_${option.toUpperCase().replaceAll('-', '_')}`;
}

/** Shorthand for a setting with a value. */
export function valueSetting(name: string, placeholder: string, help: string): OptionSpec {
  return { name, kind: 'value', placeholder, help, setting: true };
}

/** Shorthand for a yes/no switch that only the command line has. */
export function switchOption(name: string, help: string): OptionSpec {
  return { name, kind: 'flag', help, setting: false };
}

/** Shorthand for an option between our own processes. */
export function internalOption(name: string, kind: OptionSpec['kind'], help: string): OptionSpec {
  return { name, kind, placeholder: 'X', help, setting: false, internal: true };
}
