import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { KIND, TRANSPORT } from '@weft/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GoInspector } from '../process/go-inspector.ts';
import { Arena, canTrace, capture, drainWhile, hasCommand, type Seen, TESTDATA } from './testing/live.ts';

const GO = ['go', '/usr/local/go/bin/go'].find((go) => hasCommand(go, 'version'));
const PURE = 'package main\n\nfunc touch() {}\n';
const WITH_C = `package main

/*
static __thread char odd[13] = "hello";
static __thread long zeroed[3];
int sum(int i) { zeroed[i % 3]++; return odd[i % 13] + (int)zeroed[1]; }
*/
import "C"

func touch() { C.sum(3) }
`;

const VARIANTS: readonly [name: string, source: string, args: readonly string[]][] = [
  ['plain', PURE, []],
  ['pie', PURE, ['-buildmode=pie']],
  ['stripped', PURE, ['-ldflags=-s -w']],
  ['cgo', WITH_C, []],
];

const CHILDREN = 8;
const JOBS = 100;

describe.skipIf(!canTrace() || GO === undefined)('goroutines', () => {
  let arena: Arena;
  beforeAll(() => {
    arena = new Arena();
  });
  afterAll(() => arena.close());

  /** Builds a variant of the program once. */
  async function program(name: string, source: string, args: readonly string[]): Promise<string> {
    const folder = join(arena.folder, `source-${name}`);
    const binary = join(arena.folder, name);
    if (existsSync(binary)) return binary;
    cpSync(join(TESTDATA, 'goroutines'), folder, { recursive: true });
    writeFileSync(join(folder, 'touch.go'), source);
    const env = { ...process.env, CGO_ENABLED: '1', GOTOOLCHAIN: 'local', GOFLAGS: '-buildvcs=false' };
    await promisify(execFile)(GO!, ['build', ...args, '-o', binary, '.'], { cwd: folder, env });
    return binary;
  }

  /** Runs it under tracing. @returns what it sent over TCP, each with its text */
  async function sends(binary: string, mode: string, count: number): Promise<[Seen, string][]> {
    const traced = capture(arena, 'sock');
    try {
      const child = arena.start(binary, [mode, String(count)]);
      const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
      expect((await lines.next()).value).toBe('ready');
      const runtime = new GoInspector().inspect(`/proc/${child.pid}/exe`);
      if (runtime === null || 'unknown' in runtime) throw new Error(`not known: ${JSON.stringify(runtime)}`);
      traced.setGoRuntime(child.pid!, runtime);
      const running = (async () => {
        child.stdin!.write('\n');
        expect((await lines.next()).value).toBe('done');
      })();
      const events = await drainWhile(traced, running);
      expect(traced.lost()).toMatchObject({ kernel_ring_full: 0, kernel_payload_fault: 0 });
      return events
        .filter(({ kind, transport }) => kind === KIND.SEND && transport === TRANSPORT.TCP)
        .map((event) => [event, Buffer.from(event.payload).toString()]);
    } finally {
      traced.close();
    }
  }

  it.each(VARIANTS)('%s: who writes, and who created it', { timeout: 120_000 }, async (...variant) => {
    const found = await sends(await program(...variant), 'ids', CHILDREN);
    expect(found.length).toBe(4 * CHILDREN * 5);
    const hasParents = !/go1\.(19|20)\b/.test(execFileSync(GO!, ['version'], { encoding: 'utf8' }));
    for (const [event, text] of found) {
      const [, id, parent] = /^id (\d+) (\d+)\n$/.exec(text)!;
      expect([event.goid, event.parentGoid]).toEqual([Number(id), hasParents ? Number(parent) : 0]);
    }
    expect(new Set(found.map(([event]) => event.goid)).size).toBe(4 * CHILDREN);
  });

  it.each(VARIANTS)('%s: for whom a worker writes', { timeout: 120_000 }, async (...variant) => {
    const found = await sends(await program(...variant), 'waiters', JOBS);
    const askers = askersOf(found);
    expect(askers.length).toBe(4 * JOBS);
    expect(new Set(askers).size).toBe(4);
    expect(new Set(found.map(([event]) => event.goid)).size).toBe(1);
    expect(found.map(([event]) => event.waiterGoid)).toEqual(askers);
  });

  it('who handed over and parked: mostly known, never wrong', { timeout: 120_000, retry: 2 }, async () => {
    const found = await sends(await program(...VARIANTS[0]!), 'handovers', JOBS);
    const askers = askersOf(found);
    const wrong = found.filter(
      ([{ handoverGoid, waiterGoid, askerGoid }], at) =>
        ![0, askers[at]].includes(handoverGoid) ||
        ![0, askers[at]].includes(waiterGoid) ||
        // Each asker answers to the main goroutine.
        ![0, 1].includes(askerGoid),
    );
    expect(wrong).toEqual([]);
    const known = found.filter(([event]) => event.handoverGoid !== 0 || event.askerGoid !== 0);
    expect(known.length).toBeGreaterThan(askers.length / 2);
    expect(known.some(([event]) => event.askerGoid === 1)).toBe(true);
  });
});

/** For which goroutine each send says it was made. */
function askersOf(found: readonly [Seen, string][]): number[] {
  return found.map(([, text]) => Number(/^for (\d+)\n$/.exec(text)![1]));
}
