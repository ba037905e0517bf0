import { usageError } from '../errors.ts';

/** A setting's value and where it came from, for messages: `--port`, `WEFT_PORT`, `port in weft.yaml`. */
export interface Entry {
  readonly value: string | boolean | readonly string[];
  readonly origin: string;
}

/** The settings of one call, by option name. */
export type Values = ReadonlyMap<string, Entry>;

/** Text of an option; null when it was not given. */
export function text(values: Values, name: string): string | null {
  const entry = values.get(name);
  return entry !== undefined && typeof entry.value === 'string' ? entry.value : null;
}

/** Whether a flag was given. */
export function flag(values: Values, name: string): boolean {
  return values.get(name)?.value === true;
}

/** All values of a list option. */
export function list(values: Values, name: string): readonly string[] {
  const entry = values.get(name);
  return entry !== undefined && typeof entry.value === 'object' ? entry.value : [];
}

/** A whole number within bounds, or the default. @throws CliError */
export function integer(values: Values, name: string, min: number, max: number): number | null {
  const value = text(values, name);
  if (value === null) return null;
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < min || number > max) {
    throw wrong(values, name, `a whole number from ${min} to ${max}`);
  }
  return number;
}

/** Pids of a list option. @throws CliError */
export function pids(values: Values, name: string): readonly number[] {
  return list(values, name).map((value) => {
    if (!/^[1-9]\d{0,9}$/.test(value)) throw wrong(values, name, 'a process id');
    return Number(value);
  });
}

const UNIT_NANOS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
};

/** Nanoseconds of a duration like `10ms` or `1.5h`; null when it is none. */
export function parseDuration(value: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)$/.exec(value);
  return match === null ? null : Math.round(Number(match[1]) * UNIT_NANOS[match[2]!]!);
}

/** Nanoseconds of a duration option; null when it was not given. @throws CliError */
export function duration(values: Values, name: string): number | null {
  const value = text(values, name);
  if (value === null) return null;
  const parsed = parseDuration(value);
  if (parsed === null) throw wrong(values, name, 'a duration like 10ms, 30s, 5m or 2h');
  return parsed;
}

/** An option with an address of the web. @throws CliError */
export function url(values: Values, name: string): string | null {
  const value = text(values, name);
  if (value === null) return null;
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) {
    throw wrong(values, name, 'an address like http://127.0.0.1:7766');
  }
  return value.replace(/\/+$/, '');
}

/** One of some words; null when it was not given. @throws CliError */
export function choice<T extends string>(values: Values, name: string, words: readonly T[]): T | null {
  const value = text(values, name);
  if (value === null) return null;
  const found = words.find((word) => word === value);
  if (found === undefined) throw wrong(values, name, `one of ${words.join(', ')}`);
  return found;
}

/** Each item of a list is one of some words. @throws CliError */
export function choices<T extends string>(values: Values, name: string, words: readonly T[]): readonly T[] {
  return list(values, name).map((value) => {
    const found = words.find((word) => word === value);
    if (found === undefined) throw wrong(values, name, `made of ${words.join(', ')}`);
    return found;
  });
}

/** The error for a value of the wrong form. */
export function wrong(values: Values, name: string, expected: string): Error {
  const entry = values.get(name);
  const given = typeof entry?.value === 'object' ? entry.value.join(',') : String(entry?.value);
  return usageError(`${entry?.origin ?? `--${name}`} must be ${expected}, not "${given}".`);
}
