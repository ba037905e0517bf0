import { describe, expect, test } from 'vitest';
import { CliError } from '../errors.ts';
import { environmentName, type OptionSpec, switchOption, valueSetting } from './option.ts';
import { parseCommandLine, resolveSettings } from './resolve.ts';
import {
  choice,
  duration,
  flag,
  integer,
  list,
  parseDuration,
  pids,
  text,
  url,
  type Values,
} from './values.ts';
import { parseFlatYaml } from './yaml.ts';

const OPTIONS: readonly OptionSpec[] = [
  valueSetting('port', 'PORT', ''),
  valueSetting('only-cgroup', 'PATH', ''),
  { name: 'without', kind: 'list', help: '', setting: true },
  { name: 'fast', kind: 'flag', help: '', setting: true },
  switchOption('json', ''),
];
const OTHERS: readonly OptionSpec[] = [valueSetting('listen', 'ADDRESS', '')];

function resolve(
  argv: string[],
  environment: Record<string, string> = {},
  yaml: string | null = null,
): Values {
  const { given } = parseCommandLine('up', OPTIONS, argv);
  const file = yaml === null ? null : { name: 'weft.yaml', content: parseFlatYaml(yaml) };
  return resolveSettings(OPTIONS, [...OPTIONS, ...OTHERS], given, { environment, file });
}

function problem(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(CliError);
    expect((error as CliError).exitCode).toBe(2);
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

describe('precedence', () => {
  test('flags over environment over file', () => {
    const yaml = 'port: 1\nonly-cgroup: from-file\nwithout: [unit]\n';
    const environment = { WEFT_PORT: '2', WEFT_ONLY_CGROUP: 'from-environment' };
    const all = resolve(['--port', '3'], environment, yaml);
    expect([text(all, 'port'), text(all, 'only-cgroup'), list(all, 'without')]).toEqual([
      '3',
      'from-environment',
      ['unit'],
    ]);
    expect(text(resolve([], {}, yaml), 'port')).toBe('1');
    expect(text(resolve([]), 'port')).toBeNull();
  });

  test('a flag can be taken back where it has a value of its own', () => {
    expect(flag(resolve([], { WEFT_FAST: 'true' }), 'fast')).toBe(true);
    expect(flag(resolve([], { WEFT_FAST: '0' }, 'fast: yes'), 'fast')).toBe(false);
    expect(flag(resolve(['--fast'], { WEFT_FAST: '0' }), 'fast')).toBe(true);
  });

  test('a setting of another command is no error and no value', () => {
    const values = resolve([], { WEFT_LISTEN: 'x' }, 'listen: y');
    expect(values.size).toBe(0);
  });
});

describe('what is refused', () => {
  test('unknown keys, wherever they stand', () => {
    expect(problem(() => resolve(['--prt', '1']))).toBe(
      '`weft up` has no option --prt: see `weft up --help`.',
    );
    expect(problem(() => resolve([], { WEFT_PRT: '1' }))).toMatch(
      /^WEFT_PRT in the environment is no setting/,
    );
    expect(problem(() => resolve([], {}, 'prt: 1'))).toMatch(/^weft\.yaml: `prt` is no setting/);
    // --json belongs to one call and not to a file.
    expect(problem(() => resolve([], {}, 'json: true'))).toMatch(/`json` is no setting/);
  });

  test('flags with a value, options without one', () => {
    expect(problem(() => resolve(['--json=1']))).toBe('--json takes no value: see `weft up --help`.');
    expect(problem(() => resolve(['--port']))).toBe('--port needs a value: see `weft up --help`.');
    expect(problem(() => resolve(['--port', '--json']))).toMatch(/^--port needs a value|ambiguous/);
    expect(problem(() => resolve([], { WEFT_FAST: 'perhaps' }))).toBe(
      'WEFT_FAST must be true or false, not "perhaps".',
    );
    expect(problem(() => resolve([], {}, 'port: [1, 2]'))).toBe(
      'port in weft.yaml must be one value, not a list.',
    );
  });

  test('the message names where the value came from', () => {
    expect(problem(() => integer(resolve([], { WEFT_PORT: 'x' }), 'port', 0, 65_535))).toBe(
      'WEFT_PORT must be a whole number from 0 to 65535, not "x".',
    );
    expect(problem(() => integer(resolve([], {}, 'port: 70000'), 'port', 0, 65_535))).toMatch(
      /^port in weft\.yaml/,
    );
    expect(problem(() => choice(resolve(['--port', 'x']), 'port', ['a', 'b']))).toBe(
      '--port must be one of a, b, not "x".',
    );
  });
});

describe('values', () => {
  const of = (value: string | string[]) => new Map([['x', { value, origin: '--x' }]]);

  test('lists: repeated, with commas, or both', () => {
    expect(list(resolve(['--without', 'a,b', '--without', 'c']), 'without')).toEqual(['a', 'b', 'c']);
    expect(pids(of(['1', '22']), 'x')).toEqual([1, 22]);
    expect(problem(() => pids(of(['0']), 'x'))).toMatch(/a process id/);
  });

  test('durations', () => {
    expect(['10ms', '1.5h', '3us', '3µs', '2d', '7ns'].map(parseDuration)).toEqual([
      10e6, 5400e9, 3000, 3000, 172_800e9, 7,
    ]);
    for (const bad of ['', '10', 'ms', '-1s', '1 s', '1m30s', 'Infinitys'])
      expect(parseDuration(bad), bad).toBeNull();
    expect(problem(() => duration(of('soon'), 'x'))).toMatch(/a duration like 10ms/);
  });

  test('addresses', () => {
    expect(url(of('http://h:1/'), 'x')).toBe('http://h:1');
    expect(problem(() => url(of('h:1'), 'x'))).toMatch(/an address like/);
    expect(problem(() => url(of('http://'), 'x'))).toMatch(/an address like/);
  });

  test('names in the environment', () => {
    expect(environmentName('only-cgroup')).toBe('WEFT_ONLY_CGROUP');
  });
});

describe('parseFlatYaml', () => {
  const read = (source: string) => {
    const result = parseFlatYaml(source);
    return result.ok ? Object.fromEntries(result.value) : result.error;
  };

  test('keys, comments, quotes, lists', () => {
    expect(
      read(
        '---\n# a comment\nport: 7766 # here\ndata: "/a # b"\nurl: http://h:1/#x\nempty: []\nwithout: [unit, "tcp-seq"]\nkinds:\n  - a\n  - b # c\n',
      ),
    ).toEqual({
      port: '7766',
      data: '/a # b',
      url: 'http://h:1/#x',
      empty: [],
      without: ['unit', 'tcp-seq'],
      kinds: ['a', 'b'],
    });
    expect(read('')).toEqual({});
    expect(read('port: 1\r\ndata: x\r\n')).toEqual({ port: '1', data: 'x' });
  });

  test('what it cannot read it names by line', () => {
    expect(read('port: 1\nnonsense')).toBe('line 2 is not of the form `key: value`');
    expect(read('port:1')).toBe('line 1 is not of the form `key: value`');
    expect(read('server:\n  port: 1')).toBe('line 2 is not of the form `key: value`');
    expect(read('port: 1\nport: 2')).toBe('line 2 sets `port` a second time');
    expect(read('a: {b: 1}')).toMatch(/^line 1 uses a form of YAML/);
    expect(read('  - x')).toBe('line 1 is not of the form `key: value`');
  });
});
