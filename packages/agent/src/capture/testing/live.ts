import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { KIND } from '@weft/kernel';
import type { Tier } from '../../options.ts';
import { kernelObject } from '../../paths.ts';
import { cgroupMount } from '../cgroup.ts';
import { KernelCapture, type KernelCaptureOptions } from '../kernel-capture.ts';
import { SocketEvent } from '../socket-event.ts';

/** What programs of the tests are compiled from. */
export const TESTDATA = fileURLToPath(new URL('../../../../kernel/testdata/', import.meta.url));

/** Can eBPF programs be tried here? They need root, cgroup v2, a kernel with BTF and the built object. */
export function canTrace(): boolean {
  if (process.getuid?.() !== 0 || cgroupMount() === null || !existsSync('/sys/kernel/btf/vmlinux'))
    return false;
  try {
    return existsSync(kernelObject());
  } catch {
    return false;
  }
}

export function hasCommand(name: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(name, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** One event as a test wants it: an object of its own, payload copied. */
export interface Seen {
  readonly kind: number;
  readonly transport: number;
  readonly role: number;
  readonly flags: number;
  readonly tgid: number;
  readonly tid: number;
  readonly time: number;
  readonly goid: number;
  readonly parentGoid: number;
  readonly handoverGoid: number;
  readonly askerGoid: number;
  readonly waiterGoid: number;
  readonly cookie: number;
  readonly peerCookie: number;
  readonly position: number;
  readonly otherPosition: number;
  readonly length: number;
  readonly skipped: number;
  readonly syscall: number;
  readonly localPort: number;
  readonly remotePort: number;
  /** Null: this event does not tell. */
  readonly local: Uint8Array | null;
  readonly remote: Uint8Array | null;
  readonly payload: Uint8Array;
}

/** A folder and a cgroup of a test's own, and what it started in them. `close` ends it all, whatever happened. */
export class Arena {
  readonly folder = mkdtempSync(join(tmpdir(), 'weft-kernel-'));
  readonly cgroup: string;
  readonly #children: ChildProcess[] = [];

  constructor() {
    this.cgroup = join(cgroupMount() ?? '', `weft-test-${process.pid}-${Date.now()}`);
    mkdirSync(this.cgroup);
  }

  /** Compiles a program of the test data. @returns its path */
  compile(source: string): string {
    const program = join(this.folder, source.replace(/\.c$/, ''));
    execFileSync('gcc', ['-O1', '-Wall', '-Werror', '-o', program, join(TESTDATA, source), '-lpthread']);
    return program;
  }

  /** Starts a program inside the cgroup: it moves there before it executes, so that no call of it is missed. */
  start(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(
      '/bin/sh',
      ['-c', 'echo $$ > "$0" && exec "$@"', join(this.cgroup, 'cgroup.procs'), program, ...args],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    this.#children.push(child);
    return child;
  }

  /** Runs a program inside the cgroup to its end. @throws Error unless it exits with 0 */
  async run(program: string, args: readonly string[]): Promise<void> {
    const child = this.start(program, args);
    const [code, signal] = await once(child, 'exit');
    if (code !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${code ?? signal}`);
  }

  /** A killed program is listed no more a moment before the cgroup can go. */
  #removed(): boolean {
    if (readFileSync(join(this.cgroup, 'cgroup.procs'), 'utf8') !== '') return false;
    try {
      rmdirSync(this.cgroup);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    writeFileSync(join(this.cgroup, 'cgroup.kill'), '1');
    await until(() => this.#removed(), 'the cgroup is empty');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits for a condition. @throws Error after 20 s */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await sleep(5);
  }
}

/** A port of 127.0.0.1 that nobody uses. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Somebody listens on a TCP port, as the kernel lists it. */
export function listens(port: number): boolean {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  return ['tcp', 'tcp6'].some((file) =>
    readFileSync(`/proc/net/${file}`, 'utf8')
      .split('\n')
      .some((line) => line.slice(0, 50).includes(end) && line.includes(' 0A ')),
  );
}

/** Traces an arena's cgroup. */
export function capture(
  arena: Arena,
  tier: Tier,
  special: Partial<Pick<KernelCaptureOptions, 'refuse' | 'ringBytes' | 'tls' | 'monotonicEpoch'>> = {},
): KernelCapture {
  return KernelCapture.start({
    tier,
    tls: false,
    mask: false,
    without: [],
    cpuBudget: null,
    onlyCgroup: arena.cgroup,
    excludeCgroup: null,
    excludePids: [],
    object: kernelObject(),
    onlyPid: null,
    monotonicEpoch: process.hrtime.bigint(),
    ...special,
  });
}

/** Takes all events of sockets out of the ring. */
export function drain(from: KernelCapture): Seen[] {
  const { ring } = from;
  const event = new SocketEvent();
  const seen: Seen[] = [];
  ring.poll();
  while (ring.next()) {
    const kind = ring.bytes[ring.offset]!;
    if (kind > KIND.CLOSE) continue;
    event.read(ring, ring.offset);
    seen.push({
      ...event,
      local: event.address('local'),
      remote: event.address('remote'),
      payload: event.payload().slice(),
    });
  }
  ring.release();
  return seen;
}

/** Drains until the promise is settled: large runs do not fit into the ring. */
export async function drainWhile(from: KernelCapture, running: Promise<unknown>): Promise<Seen[]> {
  let over = false;
  const end = running.finally(() => {
    over = true;
  });
  end.catch(() => {});
  const seen: Seen[] = [];
  while (!over) {
    seen.push(...drain(from));
    await sleep(1);
  }
  await end;
  seen.push(...drain(from));
  return seen;
}

/** Transfers alone, of TCP, UDP and Unix sockets. */
export function transfers(events: readonly Seen[]): Seen[] {
  return events.filter(({ kind }) => kind === KIND.SEND || kind === KIND.RECV);
}
