import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { GoRuntime } from './go-runtime.ts';
import type { ProcFs } from './proc-fs.ts';
import { readStat } from './process-info.ts';
import { ProcessTable } from './process-table.ts';

const ID = '4c01c3b0d1a5dd9b0a1e2f3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f70';
const GO: GoRuntime = { version: 'go1.26.1', goid: 152, parentGoid: 280, m: 48, schedSp: 56, gTls: -8 };

/** A recorded /proc: path → content, `-> target` for links. */
type Tree = Record<string, string>;

function stat(pid: number, comm: string, startTicks: number): string {
  return `${pid} (${comm}) S 1 ${pid} ${pid} 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 ${startTicks} 1000 10 18446744073709551615 1`;
}

function program(pid: number, comm: string, argv: string, rest: Tree = {}): Tree {
  const root = `/proc/${pid}`;
  const files: Tree = {
    [`${root}/stat`]: stat(pid, comm, pid * 100),
    [`${root}/cmdline`]: `${argv.replaceAll(' ', '\0')}\0`,
    [`${root}/exe`]: `-> /usr/bin/${argv.split(' ')[0]}`,
    [`${root}/cwd`]: '-> /srv',
    [`${root}/cgroup`]: '0::/\n',
    [`${root}/environ`]: 'PATH=/bin\0',
  };
  for (const [name, content] of Object.entries(rest)) files[`${root}/${name}`] = content;
  return files;
}

function setUp(...trees: Tree[]) {
  const tree: Tree = Object.assign({}, ...trees);
  const reads: string[] = [];
  const read = (path: string): string | null => {
    reads.push(path);
    const content = tree[path];
    return content === undefined || content.startsWith('-> ') ? null : content;
  };
  const procFs: ProcFs = {
    readText: read,
    readBytes: (path) => {
      const text = read(path);
      return text === null ? null : Buffer.from(text);
    },
    readLink: (path) => tree[path]?.match(/^-> (.*)/)?.[1] ?? null,
  };
  const clock = { now: 0 };
  const table = new ProcessTable(
    {
      procFs,
      hostHostname: 'node-1',
      inspectGo: (path) => {
        const target = procFs.readLink(path);
        if (target?.endsWith('/odd')) return { unknown: 'version', version: 'go1.99' };
        return target?.endsWith('/catalog') ? GO : null;
      },
    },
    { capacity: 4, lingerMs: 5000, now: () => clock.now },
  );
  return { tree, reads, clock, table };
}

describe('ProcessTable', () => {
  it('tells what is known of a process', () => {
    const { table } = setUp(
      program(7, 'python3', 'python3 orders.py', {
        cgroup: `0::/docker/${ID}\n`,
        environ: 'OTEL_RESOURCE_ATTRIBUTES=service.version=2,service.namespace=shop\0',
      }),
    );
    expect(table.info(7)).toEqual({
      tgid: 7,
      startTicks: 700,
      comm: 'python3',
      executable: '/usr/bin/python3',
      service: 'orders',
      attributes: {
        'process.pid': 7,
        'process.executable.name': 'python3',
        'container.id': ID,
        'service.version': '2',
        'service.namespace': 'shop',
      },
      goRuntime: null,
    });
  });

  it('shares one frozen object and reads /proc once', () => {
    const { table, reads } = setUp(program(7, 'cart', 'cart'));
    const first = table.info(7);
    const count = reads.length;
    expect(table.info(7)).toBe(first);
    expect(reads.length).toBe(count);
    expect(Object.isFrozen(first)).toBe(true);
    expect(Object.isFrozen(first.attributes)).toBe(true);
  });

  it('knows a program whose file was replaced', () => {
    const { table } = setUp(program(7, 'cart', 'cart', { exe: '-> /srv/cart (deleted)' }));
    expect(table.info(7)).toMatchObject({ executable: '/srv/cart', service: 'cart' });
  });

  it('forgets at exec', () => {
    const { table, tree } = setUp(program(7, 'sh', 'sh -c x'));
    expect(table.info(7).service).toBe('sh');
    Object.assign(tree, program(7, 'cart', 'cart'));
    table.exec(7);
    expect(table.info(7).service).toBe('cart');
  });

  it('lets a child be its parent until exec', () => {
    const { table, tree } = setUp(program(7, 'gunicorn', 'python3 orders.py'));
    table.info(7);
    table.fork(8, 7);
    table.fork(9, 8);
    Object.assign(tree, program(8, 'worker', 'cart'));
    expect(table.info(8)).toMatchObject({
      tgid: 8,
      startTicks: 800,
      comm: 'worker',
      service: 'orders',
      attributes: { 'process.pid': 8, 'process.executable.name': 'python3' },
    });
    // A grandchild that is gone already.
    expect(table.info(9)).toMatchObject({
      startTicks: 0,
      service: 'orders',
      attributes: { 'process.pid': 9 },
    });
    table.exec(8);
    expect(table.info(8).service).toBe('cart');
  });

  it('looks up a child of an unknown parent', () => {
    const { table } = setUp(program(8, 'cart', 'cart'));
    table.fork(8, 7);
    expect(table.info(8).service).toBe('cart');
  });

  it('keeps what it knows for late events after the end, then forgets', () => {
    const { table, tree, clock } = setUp(program(7, 'cart', 'cart'));
    table.info(7);
    for (const path of Object.keys(tree)) delete tree[path];
    table.exit(7);
    clock.now = 4999;
    expect(table.info(7).service).toBe('cart');
    clock.now = 5000;
    expect(table.info(7).service).toBe('unknown');
  });

  it('takes a reused number for a new process', () => {
    const { table, tree, clock } = setUp(program(7, 'cart', 'cart'));
    table.info(7);
    table.exit(7);
    Object.assign(tree, program(7, 'billing', 'billing'));
    table.fork(7, 1);
    expect(table.info(7).service).toBe('billing');
    clock.now = 6000;
    table.exit(99);
    table.info(98);
    expect(table.info(7).service).toBe('billing');
  });

  it('says what it can of a process that is gone', () => {
    const { table, tree, clock } = setUp({ '/proc/5/stat': stat(5, 'zombie', 1) });
    table.exec(6, 'curl');
    expect(table.info(6)).toMatchObject({ comm: 'curl', service: 'curl', attributes: { 'process.pid': 6 } });
    expect(table.info(5)).toMatchObject({ comm: 'zombie', service: 'zombie' });
    expect(table.info(4)).toMatchObject({ comm: '', service: 'unknown', startTicks: 0 });
    Object.assign(tree, program(4, 'cart', 'cart'));
    expect(table.info(4).service).toBe('unknown');
    clock.now = 5001;
    expect(table.info(4).service).toBe('cart');
  });

  it('is bounded, and forgets what was not used for longest', () => {
    const { table, reads } = setUp(program(1, 'a', 'a'), program(2, 'b', 'b'));
    table.info(1);
    table.info(2);
    for (let pid = 10; pid < 12; pid++) table.fork(pid, 1);
    table.info(1);
    table.fork(12, 1);
    expect(table.size).toBe(4);
    reads.length = 0;
    table.info(1);
    expect(reads).toEqual([]);
    table.info(2);
    expect(reads).toContain('/proc/2/stat');
    for (let pid = 100; pid < 10_000; pid++) {
      table.exec(pid);
      table.exit(pid);
    }
    expect(table.size).toBe(4);
  });

  it('finds Go programs without looking at the rest, and counts those it cannot read', () => {
    const { table, reads } = setUp(program(7, 'catalog', 'catalog'), program(8, 'odd', 'odd'));
    expect(table.goRuntime(7)).toBe(GO);
    expect(reads).toEqual([]);
    expect(table.info(7).goRuntime).toBe(GO);
    expect(table.info(8).goRuntime).toBeNull();
    expect(table.goRuntime(8)).toBeNull();
    expect([...table.goUnknown]).toEqual([['version go1.99', 1]]);
  });

  it('reads this machine’s /proc', async () => {
    const table = new ProcessTable();
    expect(table.info(process.pid)).toMatchObject({
      tgid: process.pid,
      executable: process.execPath,
      goRuntime: null,
    });
    const child = spawn('sleep', ['60'], {
      env: { ...process.env, OTEL_SERVICE_NAME: 'a nap' },
      stdio: 'ignore',
    });
    try {
      await once(child, 'spawn');
      const pid = child.pid!;
      // The child is this program until its exec.
      const comm = () => {
        table.exec(pid);
        return table.info(pid).comm;
      };
      await expect.poll(comm).toBe('sleep');
      expect(table.info(pid)).toMatchObject({ service: 'a nap' });
      expect(table.info(pid).startTicks).toBeGreaterThan(0);
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(table.info(pid).service).toBe('a nap');
      table.exec(pid, 'sleep');
      expect(table.info(pid)).toMatchObject({ service: 'sleep', startTicks: 0 });
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('readStat', () => {
  it('accepts any name', () => {
    expect(readStat(stat(1, 'a) S (b', 42))).toEqual({ comm: 'a) S (b', startTicks: 42 });
    expect(readStat('')).toBeNull();
    expect(readStat('1 (x')).toBeNull();
    expect(readStat('1 (x) S')).toEqual({ comm: 'x', startTicks: 0 });
  });
});
