import { readFileSync } from 'node:fs';
import type { CaptureOptions, Tier } from '@weft/agent';
import { EVIDENCE_KINDS, type EvidenceKind, type HashKey } from '@weft/model';
import type { Api } from '../api.ts';
import { CliError, reasonOf } from '../errors.ts';
import { internalOption, type OptionSpec, valueSetting } from '../settings/option.ts';
import { choice, choices, integer, list, pids, text, url, type Values, wrong } from '../settings/values.ts';

/** Where everything listens unless told otherwise. */
export const DEFAULT_PORT = 7766;
/** Per cent of one core that the agent may use unless told otherwise. */
export const DEFAULT_CPU_BUDGET = 25;

const TIER_NAMES: readonly Tier[] = ['sock', 'syscall'];

/** What is captured and how: of `agent`, `up` and `record`. */
export const CAPTURE_OPTIONS: readonly OptionSpec[] = [
  valueSetting(
    'tier',
    'TIER',
    `kernel hooks to use: ${TIER_NAMES.join(', ')} (default: the best that works)`,
  ),
  valueSetting('only-cgroup', 'PATH', 'trace only the processes of this cgroup v2 folder'),
  valueSetting('exclude-cgroup', 'PATH', 'do not trace the processes of this cgroup v2 folder'),
  internalOption('exclude-pid', 'list', 'do not trace this process'),
];

export const MASK_OPTION = valueSetting(
  'mask',
  'on|off',
  'mask query strings, SQL literals, command values (default: on)',
);

/** Of `agent`, `up` and `replay`. */
export const WITHOUT_OPTION: OptionSpec = {
  name: 'without',
  kind: 'list',
  placeholder: 'KIND,…',
  help: `switch kinds of evidence off: ${EVIDENCE_KINDS.join(', ')}`,
  setting: true,
};

/** Of `agent`, `up` and `replay`: what carries ids besides the usual headers. */
export const ID_NAME_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'request-id-names',
    kind: 'list',
    placeholder: 'NAME,…',
    help: 'further headers, query parameters and keys in SQL comments that hold request ids',
    setting: true,
  },
  {
    name: 'trace-id-names',
    kind: 'list',
    placeholder: 'NAME,…',
    help: 'the same for trace ids',
    setting: true,
  },
];

/** What is made of it: of `agent` and `up`. */
export const AGENT_OPTIONS: readonly OptionSpec[] = [
  ...CAPTURE_OPTIONS,
  valueSetting('tls', 'on|off', 'read what TLS libraries encrypt, without their keys (default: off)'),
  MASK_OPTION,
  WITHOUT_OPTION,
  ...ID_NAME_OPTIONS,
  valueSetting(
    'id-key-file',
    'FILE',
    'file with 16 hex digits, the same on all hosts: request ids leave this one hashed with them',
  ),
  valueSetting(
    'cpu-budget',
    'PERCENT|off',
    `share of one core the agent may use (default: ${DEFAULT_CPU_BUDGET})`,
  ),
];

export const TOKEN_OPTION = valueSetting(
  'token-file',
  'FILE',
  'file with the token that agents and queries need',
);

/** Where the server is: of the commands that ask it. */
export const API_OPTIONS: readonly OptionSpec[] = [
  valueSetting('url', 'URL', `address of the server (default: http://127.0.0.1:${DEFAULT_PORT})`),
  TOKEN_OPTION,
];

/** `--mask`: true unless switched off. @throws CliError */
export function maskOf(values: Values): boolean {
  return choice(values, 'mask', ['on', 'off']) !== 'off';
}

/** `--without`. @throws CliError */
export function withoutOf(values: Values): readonly EvidenceKind[] {
  return choices(values, 'without', EVIDENCE_KINDS);
}

/** `--request-id-names` and `--trace-id-names`. @throws CliError */
export function idNamesOf(values: Values): Pick<CaptureOptions, 'requestIdNames' | 'traceIdNames'> {
  return {
    requestIdNames: idNames(values, 'request-id-names'),
    traceIdNames: idNames(values, 'trace-id-names'),
  };
}

function idNames(values: Values, option: string): readonly string[] {
  return list(values, option).map((name) => {
    const lower = name.toLowerCase();
    if (!/^[a-z][a-z0-9_.-]{0,63}$/.test(lower)) {
      throw wrong(values, option, 'made of names like x-request-id: letters, digits and -_. only');
    }
    return lower;
  });
}

/** `--id-key-file`; the settings without a key when it is not given. @throws CliError */
function idKeyOf(values: Values): { readonly idKey?: HashKey; readonly idKeyFile?: string } {
  const file = text(values, 'id-key-file');
  if (file === null) return {};
  let key: string;
  try {
    key = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new CliError(`The key file cannot be read (${reasonOf(error)}): name another with --id-key-file.`);
  }
  if (!/^[0-9a-f]{16}$/i.test(key)) {
    throw new CliError(`The key file ${file} must hold 16 hex digits: \`openssl rand -hex 8\` makes some.`);
  }
  const word = (from: number) => Number.parseInt(key.slice(from, from + 8), 16) | 0;
  return { idKey: [word(0), word(8)], idKeyFile: file };
}

/** The capturing side's settings. @throws CliError */
export function captureOptions(values: Values): CaptureOptions {
  return {
    tier: choice(values, 'tier', TIER_NAMES),
    tls: choice(values, 'tls', ['on', 'off']) === 'on',
    mask: maskOf(values),
    without: withoutOf(values),
    cpuBudget: text(values, 'cpu-budget') === 'off' ? null : budget(values),
    onlyCgroup: text(values, 'only-cgroup'),
    excludeCgroup: text(values, 'exclude-cgroup'),
    excludePids: pids(values, 'exclude-pid'),
    ...idNamesOf(values),
    ...idKeyOf(values),
  };
}

function budget(values: Values): number {
  const value = text(values, 'cpu-budget');
  if (value !== null && !/^\d+%?$/.test(value))
    throw wrong(values, 'cpu-budget', 'per cent of one core, or off');
  const plain = value === null ? null : value.replace('%', '');
  const entry =
    plain === null ? new Map() : new Map([['cpu-budget', { value: plain, origin: '--cpu-budget' }]]);
  return integer(entry, 'cpu-budget', 1, 10_000) ?? DEFAULT_CPU_BUDGET;
}

/** The command line that gives an agent these settings. */
export function captureArguments(options: CaptureOptions): readonly string[] {
  const args = ['--mask', options.mask ? 'on' : 'off', '--cpu-budget', String(options.cpuBudget ?? 'off')];
  if (options.tls) args.push('--tls', 'on');
  if (options.tier !== null) args.push('--tier', options.tier);
  if (options.without.length > 0) args.push('--without', options.without.join(','));
  if (options.onlyCgroup !== null) args.push('--only-cgroup', options.onlyCgroup);
  if (options.excludeCgroup !== null) args.push('--exclude-cgroup', options.excludeCgroup);
  if (options.requestIdNames?.length) args.push('--request-id-names', options.requestIdNames.join(','));
  if (options.traceIdNames?.length) args.push('--trace-id-names', options.traceIdNames.join(','));
  if (options.idKeyFile !== undefined) args.push('--id-key-file', options.idKeyFile);
  for (const pid of options.excludePids) args.push('--exclude-pid', String(pid));
  return args;
}

/** The token in a file; null when none is named. @throws CliError */
export function readToken(values: Values): string | null {
  const file = text(values, 'token-file');
  if (file === null) return null;
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new CliError(`The token file cannot be read (${reasonOf(error)}): name another with --token-file.`);
  }
  if (token === '') throw new CliError(`The token file ${file} is empty: write the token into it.`);
  return token;
}

/** The server that a query goes to. @throws CliError */
export function apiOf(values: Values): Api {
  return { url: url(values, 'url') ?? `http://127.0.0.1:${DEFAULT_PORT}`, token: readToken(values) };
}
