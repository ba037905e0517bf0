import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SpanRecord } from '@weft/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Arena, canTrace } from '../capture/testing/live.ts';
import { recordEvents } from '../recording/record.ts';
import { replayRecording } from '../recording/replay.ts';

const SERVICES = fileURLToPath(new URL('testing/http2-services.mjs', import.meta.url));

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return line;
  throw new Error('it ended without a word');
}

describe.skipIf(!canTrace())('HTTP/2, live', () => {
  let arena: Arena;
  beforeAll(() => {
    arena = new Arena();
  });
  afterAll(() => arena.close());

  const node = (...args: string[]) => arena.start(process.execPath, [SERVICES, ...args]);

  /** Spans of what `run` does, both ends traced. */
  async function traced(run: () => Promise<void>): Promise<readonly SpanRecord[]> {
    const file = join(arena.folder, `${performance.now()}.weft`);
    const stop = new AbortController();
    let recording: Promise<unknown> = Promise.resolve();
    await new Promise<void>((started, failed) => {
      recording = recordEvents(file, {
        ...{ tier: null, mask: false, without: [], cpuBudget: null, excludeCgroup: null, excludePids: [] },
        ...{ onlyCgroup: arena.cgroup, seconds: null, pid: null, signal: stop.signal, started },
      });
      recording.catch(failed);
    });
    try {
      await run();
    } finally {
      stop.abort();
      await recording;
    }
    const { records, losses } = replayRecording(new Uint8Array(readFileSync(file)), { mask: false });
    expect(losses).toEqual({});
    return records;
  }

  /** How the client spans whose method begins with `method` are linked to the requests they were made for. */
  function links(spans: readonly SpanRecord[], method: string) {
    const result = { right: 0, wrong: 0, missing: 0 };
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    for (const span of spans) {
      const called = span.attributes['rpc.method'];
      if (span.kind !== 'client' || typeof called !== 'string' || !called.startsWith(method)) continue;
      const parent = span.parentSpanId === null ? undefined : byId.get(span.parentSpanId);
      if (parent === undefined) result.missing++;
      else if (parent.attributes['url.path'] === `/work/${called.slice(method.length)}`) result.right++;
      else result.wrong++;
    }
    return result;
  }

  it.each([
    ['one request at a time', 300, 1, 1],
    ['eight connections', 2_000, 8, 8],
    ['eight requests at a time on one connection', 2_000, 8, 1],
  ])('%s', { timeout: 60_000 }, async (_, count, workers, sessions) => {
    const spans = await traced(async () => {
      const programs: ChildProcess[] = [];
      const start = async (...args: string[]) => {
        const program = node(...args);
        programs.push(program);
        return firstLine(program);
      };
      const backend = await start('backend');
      const front = await start('front', backend);
      expect(await start('load', front, String(count), String(workers), String(sessions))).toBe('done');
      // They end with their standard input.
      const ended = programs.map((program) => once(program, 'exit'));
      for (const program of programs) program.stdin!.end();
      await Promise.all(ended);
    });
    const named = (kind: string, name: string) =>
      spans.filter((span) => span.kind === kind && span.name.startsWith(name));
    for (const kind of ['client', 'server']) {
      expect(named(kind, 'GET /work/')).toHaveLength(count);
      expect(named(kind, 'shop.Stock/')).toHaveLength(2 * count);
    }
    const ids = new Set(spans.map((span) => span.spanId));
    expect(spans.filter((span) => span.kind === 'server').every((span) => ids.has(span.parentSpanId!))).toBe(
      true,
    );
    for (const method of ['First', 'Then']) {
      const { right, wrong, missing } = links(spans, method);
      expect(right + wrong + missing).toBe(count);
      expect(right / count, `${method}: ${wrong} wrong, ${missing} missing`).toBeGreaterThan(0.99);
      expect(wrong).toBeLessThanOrEqual(count / 500);
    }
  });
});
