import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from './commands/index.ts';
import { CliError } from './errors.ts';
import { run } from './run.ts';
import { parseCommandLine } from './settings/resolve.ts';
import { VERSION } from './version.ts';

async function weft(argv: string[], environment: Record<string, string> = {}) {
  let stdout = '';
  let stderr = '';
  try {
    const code = await run({
      argv,
      environment,
      out: async (text) => {
        stdout += text;
      },
      log: (line) => {
        stderr += `${line}\n`;
      },
    });
    return { code, stdout, stderr };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { code: error.exitCode, stdout, stderr: `${error.message}\n` };
  }
}

describe('help', () => {
  test('names every command', async () => {
    const { code, stdout } = await weft(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toContain(`  ${command.name} `);
    expect((await weft(['help'])).stdout).toBe(stdout);
  });

  test('no command at all is a mistake, and says what there is', async () => {
    const { code, stdout, stderr } = await weft([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: weft COMMAND');
  });

  test('of every command but score has an example that can be parsed', async () => {
    for (const command of COMMANDS) {
      const { code, stdout } = await weft(['help', command.name]);
      expect(code).toBe(0);
      expect(command.examples.length).toBeGreaterThan(0);
      expect(stdout).not.toContain('--supervised');
      for (const example of command.examples) {
        expect(stdout).toContain(`  ${example}\n`);
        const [program, name, ...rest] = example.split(' ');
        expect([program, name]).toEqual(['weft', command.name]);
        if (command.name === 'score') continue;
        const { positionals } = parseCommandLine(command.name, command.options, rest);
        expect(positionals.length).toBeGreaterThanOrEqual(command.arity.min);
        expect(positionals.length).toBeLessThanOrEqual(command.arity.max);
        expect((await weft([command.name, '--help'])).stdout).toBe(stdout);
      }
    }
  });

  test('the version is that of the package', async () => {
    const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    expect(manifest.version).toBe(VERSION);
    expect((await weft(['--version'])).stdout).toBe(`weft ${VERSION}\n`);
  });
});

describe('mistakes are one sentence and exit code 2', () => {
  test.each([
    [['nonsense'], 'There is no command `weft nonsense`: see `weft --help`.'],
    [['trace'], '`weft trace` needs ID: see `weft trace --help`.'],
    [['traces', 'x'], '`weft traces` does not know what to do with "x": see `weft traces --help`.'],
    [['trace', 'xyz'], '"xyz" is no trace id: it has 32 hex digits, as `weft traces` lists them.'],
    [['up', '--port', '-1'], null],
    [['up', '--tier', 'best'], '--tier must be one of sock, syscall, not "best".'],
    [['up', '--cpu-budget', 'half'], '--cpu-budget must be per cent of one core, or off, not "half".'],
    [['up', '--mask', 'no'], '--mask must be one of on, off, not "no".'],
    [
      ['up', '--demo', '--only-cgroup', 'x'],
      '--demo traces the demo alone: leave either --demo or --only-cgroup out.',
    ],
    [['agent'], 'An agent needs a server to send to: name its address with --server http://HOST:7766.'],
    [['server', '--listen', '7766'], '--listen must be HOST:PORT like 127.0.0.1:7766, not "7766".'],
  ])('%j', async (argv, sentence) => {
    const { code, stdout, stderr } = await weft(argv);
    expect([code, stdout]).toEqual([2, '']);
    if (sentence !== null) expect(stderr).toBe(`${sentence}\n`);
    expect(stderr.trimEnd()).toMatch(/^[^\n]+\.$/);
  });

  test('a settings file that is not there, or wrong', async () => {
    expect(await weft(['traces'], { WEFT_CONFIG: '/nonexistent/weft.yaml' })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'There is no settings file /nonexistent/weft.yaml: correct or unset WEFT_CONFIG.\n',
    });
    const folder = mkdtempSync(join(tmpdir(), 'weft-run-'));
    try {
      const file = join(folder, 'weft.yaml');
      writeFileSync(file, 'colour: blue\n');
      const { code, stderr } = await weft(['traces'], { WEFT_CONFIG: file });
      expect(code).toBe(2);
      expect(stderr).toContain('`colour` is no setting');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a file that is not there', async () => {
    expect(await weft(['replay', '/nonexistent.weft', '--jsonl'])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'There is no file /nonexistent.weft: name a recording, pcap or pcapng.\n',
    });
  });
});
