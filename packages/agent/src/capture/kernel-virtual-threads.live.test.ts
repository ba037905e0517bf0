import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { KIND, ROLE } from '@weft/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JvmInspector } from '../process/jvm-inspector.ts';
import { Arena, canTrace, capture, drainWhile, TESTDATA } from './testing/live.ts';

const JDKS = '/usr/lib/jvm';

/** The home of a JDK that has virtual threads. */
function jdkHome(): string | undefined {
  const homes = existsSync(JDKS) ? readdirSync(JDKS).map((name) => join(JDKS, name)) : [];
  return homes.find((home) => {
    const file = join(home, 'release');
    const version = existsSync(file) ? /^JAVA_VERSION="(\d+)/m.exec(readFileSync(file, 'utf8')) : null;
    return Number(version?.[1] ?? 0) > 20 && existsSync(join(home, 'bin/javac'));
  });
}

const home = jdkHome();
const THREADS = 20;

describe.skipIf(!canTrace() || home === undefined)('virtual threads', () => {
  let arena: Arena;
  beforeAll(() => {
    arena = new Arena();
  });
  afterAll(() => arena.close());

  it('each message says which one it was, and a platform thread none', { timeout: 120_000 }, async () => {
    execFileSync(join(home!, 'bin/javac'), ['-d', arena.folder, join(TESTDATA, 'VirtualThreads.java')]);
    const traced = capture(arena, 'sock');
    try {
      const args = ['-cp', arena.folder, 'VirtualThreads', String(THREADS)];
      const child = arena.start(join(home!, 'bin/java'), args);
      const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
      expect((await lines.next()).value).toBe('ready');
      const runtime = new JvmInspector().inspect(child.pid!);
      expect(runtime).not.toBeNull();
      traced.setJvmRuntime(child.pid!, runtime!);
      const running = (async () => {
        child.stdin!.write('\n');
        expect((await lines.next()).value).toBe('done');
      })();
      const events = await drainWhile(traced, running);
      expect(traced.lost()).toMatchObject({ kernel_ring_full: 0, kernel_payload_fault: 0 });
      const sent = events
        .filter(({ kind, role }) => kind === KIND.SEND && role === ROLE.ROLE_CLIENT)
        .map((event) => ({ event, text: Buffer.from(event.payload).toString() }));
      expect(sent.length).toBe(5 * (THREADS + 1));
      for (const { event, text } of sent) {
        const [, kind, id] = /^(virtual|platform) (\d+)\n$/.exec(text)!;
        expect(event.goid).toBe(kind === 'virtual' ? Number(id) : 0);
      }
      expect(new Set(sent.map(({ event }) => event.goid)).size).toBe(THREADS + 1);
    } finally {
      traced.close();
    }
  });
});
