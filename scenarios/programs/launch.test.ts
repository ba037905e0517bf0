import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { cgroup2Mount } from './cgroup.ts';
import { createProgramGroup } from './launch.ts';
import { accepts, freePorts } from './ports.ts';

/** Gone, or a zombie that nobody has reaped yet. */
function gone(pid: number): boolean {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('The condition did not come true.');
    await sleep(20);
  }
}

describe('cgroup2Mount', () => {
  test('finds the unified hierarchy among others, spaces included', () => {
    const mounts = 'tmpfs /sys/fs/cgroup tmpfs ro 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n';
    expect(cgroup2Mount(mounts)).toBeNull();
    expect(cgroup2Mount(`${mounts}cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n`)).toBe(
      '/sys/fs/cgroup/unified',
    );
    expect(cgroup2Mount('none /a\\040b cgroup2 rw 0 0')).toBe('/a b');
  });
});

describe('createProgramGroup', () => {
  const listener = (port: number) => ({
    name: 'listener',
    command: process.execPath,
    args: ['-e', `require('http').createServer((q, r) => r.end('x')).listen(${port}, '127.0.0.1')`],
    port,
  });

  test('a program listens when start returns, and its port is free after stop', async () => {
    const [port] = await freePorts(1);
    const group = createProgramGroup(null);
    try {
      const program = await group.start(listener(port!));
      expect(await accepts(port!)).toBe(true);
      await group.stop();
      expect(gone(program.pid)).toBe(true);
      expect(await accepts(port!)).toBe(false);
    } finally {
      await group.stop();
    }
  });

  test('a program that ends before it listens is named with its last words', async () => {
    const [port] = await freePorts(1);
    const group = createProgramGroup(null);
    try {
      const failing = {
        name: 'failing',
        command: '/bin/sh',
        args: ['-c', 'echo no luck >&2; exit 3'],
        port: port!,
      };
      await expect(group.start(failing)).rejects.toThrow(/failing ended with code 3.*no luck/);
      const absent = { name: 'absent', command: '/nonexistent/program', args: [], port: port! };
      await expect(group.start(absent)).rejects.toThrow(/absent ended.*ENOENT/);
    } finally {
      await group.stop();
    }
  });

  test('programs, their children and their data go when the starter is killed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weft-guard-'));
    try {
      const data = join(folder, "it's data $HOME");
      mkdirSync(data);
      writeFileSync(join(data, 'file'), 'x');
      const entry = join(folder, 'entry.ts');
      const launch = new URL('./launch.ts', import.meta.url).pathname;
      writeFileSync(
        entry,
        `import { createProgramGroup } from ${JSON.stringify(launch)};
         const group = createProgramGroup(null);
         group.owns(${JSON.stringify(data)});
         const args = ['-c', 'sleep 600 & echo $!; wait'];
         const program = await group.start({ name: 'parent', command: '/bin/sh', args });
         const timer = setInterval(() => {
           const child = program.stdout().trim();
           if (child === '') return;
           clearInterval(timer);
           console.log(program.pid + ' ' + child);
           setInterval(() => {}, 1000);
         }, 10);`,
      );
      const outfile = join(folder, 'entry.mjs');
      await build({
        entryPoints: [entry],
        bundle: true,
        platform: 'node',
        format: 'esm',
        outfile,
        logLevel: 'error',
      });
      const starter = spawn(process.execPath, [outfile], { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      starter.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      try {
        await until(() => text.endsWith('\n'));
      } finally {
        starter.kill('SIGKILL');
      }
      const pids = text.trim().split(' ').map(Number);
      expect(pids).toHaveLength(2);
      await until(() => pids.every(gone) && !existsSync(data));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
