import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SpanJson, TraceJson } from '@weft/model';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cgroupMount } from './cgroup.ts';
import {
  commandOf,
  descendants,
  isRunning,
  type RunningCommand,
  readyUrl,
  start,
  startWeft,
  WEFT,
  waitFor,
} from './testing/processes.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Talks to itself over HTTP for ever. */
const TALKER = `
  const http = require('node:http');
  const server = http.createServer((request, response) => response.end('hello'));
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    setInterval(() => http.get({ port, path: '/x' }, (response) => response.resume()), 50);
  });
`;

/** Everything must be gone so long after Ctrl-C. */
const STOP_MS = 5000;

let folder = '';
let started: RunningCommand[] = [];
let seen: number[] = [];
/** A cgroup that nobody is in: `up` would trace the whole host, and this one runs other things too. */
let nowhere = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-up-'));
  started = [];
  seen = [];
  const mount = cgroupMount(readFileSync('/proc/mounts', 'utf8'));
  if (mount === null) throw new Error('these tests need cgroup v2');
  nowhere = join(mount, `weft-nowhere-${process.pid}`);
  mkdirSync(nowhere);
});

afterEach(async () => {
  for (const weft of started) {
    for (const pid of [...seen, ...descendants(weft.pid), weft.pid]) {
      if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    }
    await weft.ended;
  }
  rmSync(folder, { recursive: true, force: true });
  rmdirSync(nowhere);
});

function weft(...args: string[]): RunningCommand {
  const running = startWeft(...args);
  started.push(running);
  return running;
}

/** `weft up` on a port and a data folder of its own, with all its processes. */
async function up(...args: string[]) {
  const running = weft('up', '--port', '0', '--data', folder, ...args);
  const url = await readyUrl(running);
  const pids = descendants(running.pid);
  seen.push(...pids);
  const child = (name: string) => {
    const pid = descendants(running.pid).find((candidate) =>
      commandOf(candidate).includes(`weft.js ${name} `),
    );
    if (pid === undefined) throw new Error(`no ${name} below ${running.pid}`);
    return pid;
  };
  return { running, url, pids, child };
}

function portOpen(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function nothingLeft(pids: readonly number[], url: string): Promise<void> {
  await waitFor(
    () => `still there: ${pids.filter(isRunning).map(commandOf).join(' | ')}`,
    STOP_MS,
    () => !pids.some(isRunning),
  );
  expect(await portOpen(url)).toBe(false);
}

const inCgroup = () => ['--only-cgroup', nowhere];

describe('weft up', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} ends everything, in good order`, async () => {
      const { running, url, pids } = await up(...inCgroup());
      expect(pids.length).toBeGreaterThanOrEqual(3);
      expect((await fetch(`${url}/api/v1/health`)).status).toBe(200);
      expect(running.stdout()).toBe(`ready ${url}\n`);
      const asked = Date.now();
      process.kill(running.pid, signal);
      expect(await running.ended).toBe(0);
      expect(Date.now() - asked).toBeLessThan(STOP_MS);
      await nothingLeft(pids, url);
      expect(running.stderr()).not.toContain('is killed');
    });
  }

  test('Ctrl-C in a terminal reaches all processes, and is one request to stop', async () => {
    const { running, url, pids } = await up(...inCgroup());
    process.kill(-running.pid, 'SIGINT');
    expect(await running.ended).toBe(0);
    await nothingLeft(pids, url);
    expect(running.stderr()).not.toMatch(/ended \(|Error/);
  });

  test('a stop while it starts leaves nothing behind', async () => {
    const running = weft('up', '--port', '0', '--data', folder, ...inCgroup());
    const pids = await waitFor(
      () => 'no child',
      20_000,
      () => {
        const found = descendants(running.pid);
        return found.length > 0 && found;
      },
    );
    seen.push(...pids);
    process.kill(running.pid, 'SIGTERM');
    expect(await running.ended).toBe(0);
    await waitFor(
      () => descendants(running.pid).map(commandOf).join(' | '),
      STOP_MS,
      () => !pids.some(isRunning),
    );
    expect(running.stdout()).toBe('');
  });

  test('when it is killed, its children end by themselves', async () => {
    const { running, url, pids } = await up(...inCgroup());
    process.kill(running.pid, 'SIGKILL');
    await running.ended;
    await nothingLeft(pids, url);
  });

  test('a server that dies comes back at the same address; so does the agent', async () => {
    const { running, url, child } = await up(...inCgroup());
    process.kill(child('server'), 'SIGKILL');
    await waitFor(running.stderr, 20_000, () => running.stderr().includes('The server works again.'));
    expect(running.stderr()).toContain('The server ended (SIGKILL); it is started again in 0.5 s.');
    expect((await fetch(`${url}/api/v1/health`)).status).toBe(200);
    process.kill(child('agent'), 'SIGKILL');
    await waitFor(running.stderr, 20_000, () => running.stderr().includes('The agent works again.'));
    const pids = descendants(running.pid);
    seen.push(...pids);
    process.kill(running.pid, 'SIGTERM');
    expect(await running.ended).toBe(0);
    await nothingLeft(pids, url);
  });

  test('the demo: one assembled trace in the terminal, and nothing left of it', async () => {
    const { running, url } = await up('--demo');
    const id = await waitFor(
      () => `${running.stdout()}${running.stderr()}`,
      60_000,
      () => /^trace ([0-9a-f]{32})$/m.exec(running.stdout())?.[1],
    );
    const trace = (await (await fetch(`${url}/api/v1/traces/${id}`)).json()) as TraceJson;
    const services = new Set(trace.spans.map((span) => span.service));
    expect(services.size).toBeGreaterThanOrEqual(3);
    for (const service of services) expect(running.stdout()).toContain(service);
    const mount = cgroupMount(readFileSync('/proc/mounts', 'utf8'))!;
    const cgroup = join(mount, `weft-demo-${running.pid}`);
    expect(readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').trim().split('\n').length).toBeGreaterThan(3);
    const pids = descendants(running.pid);
    seen.push(...pids);
    process.kill(running.pid, 'SIGINT');
    expect(await running.ended).toBe(0);
    await nothingLeft(pids, url);
    expect(existsSync(cgroup)).toBe(false);
  });
});

describe('npm start', () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`leaves nothing behind when npm gets ${signal}`, async () => {
      const running = start('npm', ['--prefix', ROOT, 'start', '--', '--port', '0', '--data', folder]);
      started.push(running);
      const url = await readyUrl(running);
      const pids = descendants(running.pid);
      seen.push(...pids);
      expect(pids.some((pid) => commandOf(pid).includes('weft.js demo '))).toBe(true);
      process.kill(running.pid, signal);
      await running.ended;
      await nothingLeft(pids, url);
    });
  }
});

describe('what is traced', () => {
  test('others, and never a process of our own', async () => {
    // Supervisor, server, store, agent and a program all live in the cgroup that is traced.
    const inside = (...command: string[]) => {
      const running = start('/bin/sh', [
        '-c',
        'echo $$ > "$0/cgroup.procs" && exec "$@"',
        nowhere,
        ...command,
      ]);
      started.push(running);
      return running;
    };
    const running = inside(process.execPath, WEFT, 'up', '--port', '0', '--data', folder, ...inCgroup());
    const url = await readyUrl(running);
    seen.push(...descendants(running.pid));
    const program = inside(process.execPath, '-e', TALKER);
    const own = () => [running.pid, ...descendants(running.pid)];
    const pids = new Set(own());
    const tracedPids = async () => {
      const { spans } = (await (await fetch(`${url}/api/v1/spans?limit=1000`)).json()) as {
        spans: readonly SpanJson[];
      };
      return new Set(spans.map((span) => span.attributes['process.pid']));
    };
    await waitFor(
      () => `the program is not seen\n${running.stderr()}`,
      20_000,
      async () => (await tracedPids()).has(program.pid),
    );
    const serverPid = descendants(running.pid).find((pid) => commandOf(pid).includes('weft.js server '))!;
    process.kill(serverPid, 'SIGKILL');
    await waitFor(running.stderr, 20_000, () => running.stderr().includes('The server works again.'));
    for (const pid of own()) pids.add(pid);
    seen.push(...pids);
    // What happened around the restart has arrived when later requests have.
    const later = String(BigInt(Date.now()) * 1_000_000n);
    await waitFor(
      () => `nothing new is seen\n${running.stderr()}`,
      20_000,
      async () => {
        const answer = (await (await fetch(`${url}/api/v1/spans?limit=1&from=${later}`)).json()) as {
          spans: readonly SpanJson[];
        };
        return answer.spans.length > 0;
      },
    );
    expect([...(await tracedPids())]).toEqual([program.pid]);
  });
});

describe('what cannot work is one sentence and leaves nothing', () => {
  let server: Server | null = null;
  afterEach(() => {
    server?.close();
    server = null;
  });

  async function refused(running: RunningCommand): Promise<string> {
    const code = await running.ended;
    expect(code, running.stderr()).toBe(1);
    expect(running.stdout()).toBe('');
    const lines = running.stderr().trim().split('\n');
    expect(lines.at(-1)).toMatch(/^[A-Z].*: .*\.$/);
    return lines.at(-1)!;
  }

  test('a port in use', async () => {
    server = createServer();
    const port = await new Promise<number>((resolve) => {
      server?.listen(0, '127.0.0.1', () => {
        const address = server?.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const running = weft('up', '--port', String(port), '--data', join(folder, 'data'));
    expect(await refused(running)).toContain(`Port ${port} on 127.0.0.1 is in use`);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('no rights', async () => {
    for (const command of ['up', 'doctor'] as const) {
      const args = command === 'up' ? ['up', '--port', '0', '--data', join(folder, 'data')] : ['doctor'];
      const drop = ['--bounding-set', '-all', '--inh-caps', '-all', process.execPath, WEFT];
      const running = start('/usr/bin/setpriv', [...drop, ...args]);
      started.push(running);
      if (command === 'up') {
        expect(await refused(running)).toBe(
          'Capturing loads programs into the kernel and needs root: run it with sudo.',
        );
      } else {
        expect(await running.ended).toBe(1);
        expect(running.stdout()).toContain('✗ tier sock');
      }
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a cgroup that is not there', async () => {
    const running = weft('up', '--port', '0', '--data', folder, '--only-cgroup', '/nonexistent/cgroup');
    expect(await refused(running)).toContain('/nonexistent/cgroup');
  });

  test('data that another Weft uses', async () => {
    await up(...inCgroup());
    const second = weft('up', '--port', '0', '--data', folder, ...inCgroup());
    expect(await refused(second)).toMatch(/store|folder/);
  });
});
