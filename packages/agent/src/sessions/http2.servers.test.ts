import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { MODE } from '@weft/kernel';
import type { SpanRecord } from '@weft/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Arena, canTrace, capture, freePort, hasCommand, listens, until } from '../capture/testing/live.ts';
import { Pipeline } from '../pipeline.ts';
import { LiveProcesses } from '../process/live-processes.ts';

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

  /** Spans of what `run` does, both ends traced: the kernel side and the pipeline, as in the agent's worker. */
  async function traced(run: () => Promise<void>): Promise<readonly SpanRecord[]> {
    const kernel = capture(arena, 'sock', { ringBytes: 32 << 20 });
    const spans: SpanRecord[] = [];
    const processes = new LiveProcesses({ go: () => {}, jvm: () => {}, own: () => {}, gone: () => {} });
    const options = { mask: false, without: [] };
    const pipeline = new Pipeline(processes, options, (span) => spans.push(span), {
      heads: (cookie, received, sent, limit) => kernel.wantHeads(cookie, received, sent, limit),
      wholeCalls: (port) => kernel.setPortVerdict(port, MODE.FULL),
    });
    const { ring } = kernel;
    const drain = () => {
      ring.poll();
      while (ring.next()) pipeline.record(ring, ring.offset, ring.length);
      ring.release();
    };
    const timer = setInterval(drain, 1);
    try {
      await run();
      drain();
      pipeline.finish();
      expect(pipeline.losses.all()).toEqual({});
    } finally {
      clearInterval(timer);
      kernel.close();
    }
    return spans;
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

  /** Spans by kind and name, with what they answered. */
  function summary(spans: readonly SpanRecord[], kind: string): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const span of spans) {
      if (span.kind !== kind || span.attributes['network.protocol.name'] !== 'http') continue;
      const key = `${span.name} ${span.attributes['http.response.status_code'] ?? '-'} ${span.status}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  }

  function joined(spans: readonly SpanRecord[]): boolean {
    const clients = new Set(spans.filter(({ kind }) => kind === 'client').map(({ spanId }) => spanId));
    return spans
      .filter(({ kind }) => kind === 'server')
      .every(({ parentSpanId }) => clients.has(parentSpanId!));
  }

  it.skipIf(!hasCommand('h2load', '--version'))('h2load: every stream of every connection', async () => {
    const spans = await traced(async () => {
      const server = node('answer');
      const port = await firstLine(server);
      await arena.run('h2load', ['-n1000', '-c4', '-m16', `http://127.0.0.1:${port}/page`]);
    });
    expect(summary(spans, 'client')).toEqual({ 'GET /page 200 ok': 1000 });
    expect(summary(spans, 'server')).toEqual({ 'GET /page 200 ok': 1000 });
    expect(joined(spans)).toBe(true);
  });

  it.skipIf(!hasCommand('curl', '--version'))('curl: prior knowledge, an upload, a failure', async () => {
    const spans = await traced(async () => {
      const port = await firstLine(node('answer'));
      const url = (path: string) => `http://127.0.0.1:${port}${path}`;
      const curl = ['-s', '-o', join(arena.folder, 'out'), '--http2-prior-knowledge'];
      await arena.run('curl', [...curl, url('/page?id=7')]);
      await arena.run('curl', [...curl, '--data-binary', `@${SERVICES}`, url('/upload')]);
      await arena.run('curl', [...curl, url('/missing')]);
    });
    expect(summary(spans, 'client')).toEqual({
      'GET /page 200 ok': 1,
      'POST /upload 200 ok': 1,
      'GET /missing 404 error': 1,
    });
    const upload = spans.find(({ name, kind }) => name === 'POST /upload' && kind === 'server');
    expect(upload?.attributes['http.request.body.size']).toBe(readFileSync(SERVICES).length);
    expect(joined(spans)).toBe(true);
  });

  it.skipIf(!hasCommand('nghttpd', '--version'))('nghttp: a push', async () => {
    const spans = await traced(async () => {
      const port = String(await freePort());
      arena.start('nghttpd', ['--no-tls', `-d${arena.folder}`, '-p/=/pushed', port]);
      await until(() => listens(Number(port)), 'nghttpd listens');
      await arena.run('nghttp', ['-n', `http://127.0.0.1:${port}/`]);
    });
    expect(summary(spans, 'client')).toEqual({ 'GET / 404 error': 1, 'GET /pushed 404 error': 1 });
    expect(joined(spans)).toBe(true);
  });
});
