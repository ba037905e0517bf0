import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SpanJson, TraceJson, TraceListJson } from '@weft/model';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { allSpans, get, settled } from '../failures/testing/spans.ts';
import { Stage } from '../failures/testing/stage.ts';
import { type RunningCommand, waitFor } from '../testing/processes.ts';
import { freePorts } from './testing/ports.ts';
import { envoy, haproxy, nginx, type ProxyKind, programOf } from './testing/proxies.ts';

const SERVICES = fileURLToPath(new URL('testing/services.mjs', import.meta.url));
const COUNT = 1_000;
const WORKERS = 8;

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

/** load → proxy → middle → proxy → back, the proxy in a cgroup that is not traced; two hops over one proxy. */
interface System {
  readonly url: string;
  readonly front: number;
  /** Where the proxy sends what comes to `front`, and what comes from middle. */
  readonly middle: number;
  readonly inner: number;
  readonly back: number;
}

async function portOf(program: RunningCommand): Promise<number> {
  const line = () => /^port (\d+)$/m.exec(program.stdout())?.[1];
  return Number(await waitFor(() => `no port: ${program.stderr()}`, 20_000, line));
}

async function start(proxy: ProxyKind): Promise<System> {
  const program = programOf(proxy.name);
  if (program === null) throw new Error(`there is no ${proxy.name}: \`npm run test:all\` sets it up`);
  const weft = await stage.up('--cpu-budget', 'off', '--exclude-cgroup', stage.excluded);
  const [front, inner] = await freePorts(2);
  const back = await portOf(stage.traced(process.execPath, SERVICES, 'back'));
  const middle = await portOf(stage.traced(process.execPath, SERVICES, 'middle', String(inner)));
  const file = join(stage.folder, proxy.file);
  const hops = [
    { port: front!, upstream: middle },
    { port: inner!, upstream: back },
  ];
  writeFileSync(file, proxy.config(hops, stage.folder));
  const running = stage.untraced(program, ...proxy.args(file, stage.folder));
  await waitFor(running.stderr, 20_000, () =>
    fetch(`http://127.0.0.1:${front}/ready`).then(
      (response) => response.status === 200,
      () => false,
    ),
  );
  return { url: weft.url, front: front!, middle, inner: inner!, back };
}

/** What became of the requests that went to a port behind the proxy, by the length of their bodies. */
interface Joins {
  right: number;
  wrong: number;
  certainlyWrong: number;
  missing: number;
}

/** The spans of a run, and how the two requests of each are joined to the calls that they came from. */
async function run(system: System, ids: string): Promise<{ spans: SpanJson[]; joins: Joins }> {
  const from = BigInt(Date.now()) * 1_000_000n;
  const args = [String(system.front), String(COUNT), String(WORKERS), ids];
  const load = stage.traced(process.execPath, SERVICES, 'load', ...args);
  expect(await load.ended, load.stderr()).toBe(0);
  await settled(system.url);
  const spans = await allSpans(system.url, `&from=${from}&q=${encodeURIComponent('url.path=/work')}`);
  const length = (span: SpanJson) => Number(span.attributes['http.request.body.size']);
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const joins: Joins = { right: 0, wrong: 0, certainlyWrong: 0, missing: 0 };
  const ways = [
    { server: system.middle, client: system.front },
    { server: system.back, client: system.inner },
  ];
  for (const { server, client } of ways) {
    const calls = new Map<number, SpanJson>();
    for (const span of spans) {
      if (span.kind === 'client' && span.attributes['network.peer.port'] === client)
        calls.set(length(span), span);
    }
    const requests = spans.filter(
      (span) => span.kind === 'server' && span.attributes['server.port'] === server,
    );
    // Whoever is not seen is missing.
    joins.missing += COUNT - requests.length;
    expect(calls.size).toBe(COUNT);
    for (const request of requests) {
      const caller = calls.get(length(request));
      const wrong = request.links.filter((link) => link.spanId !== caller?.spanId);
      joins.certainlyWrong += wrong.filter((link) => link.confidence >= 0.99).length;
      if (request.parentSpanId === null) joins.missing++;
      else if (request.parentSpanId === caller?.spanId) joins.right++;
      else joins.wrong++;
      if (request.parentSpanId === null) continue;
      expect(byId.has(request.parentSpanId)).toBe(true);
      expect(request.attributes).toMatchObject({
        'weft.untraced': true,
        'weft.untraced.address': `127.0.0.1:${client}`,
      });
      expect(request.links.find((link) => link.chosen)?.evidence[0]?.kind).toBe('carried-id');
    }
  }
  return { spans, joins };
}

describe.each([nginx, haproxy, envoy])('$name, which is not traced', (proxy) => {
  test('is passed, by ids of requests, of responses alone, and by ids that are used again', {
    timeout: 180_000,
  }, async () => {
    const system = await start(proxy);
    for (const ids of ['fresh', 'none']) {
      const { spans, joins } = await run(system, ids);
      // The proxy itself is in no span.
      expect(spans).toHaveLength(4 * COUNT);
      expect(joins.right).toBeGreaterThanOrEqual(2 * COUNT * 0.99);
      expect(joins.wrong).toBe(0);

      // What lies behind it is of one trace with what lies before it, by any id, in listings too.
      const request = spans.find(
        (span) => span.attributes['server.port'] === system.back && span.kind === 'server',
      )!;
      const trace = await get<TraceJson>(system.url, `/api/v1/traces/${request.spanId}`);
      expect(trace.spans.map((span) => span.kind)).toEqual(['client', 'server', 'client', 'server']);
      expect(trace.spans.map((span) => span.parentSpanId)).toEqual([
        null,
        ...trace.spans.slice(0, 3).map((span) => span.spanId),
      ]);
      expect(trace.traceId).toBe(request.traceId);
      const query = `from=${request.startTimeUnixNano}&to=${BigInt(request.startTimeUnixNano) + 1n}`;
      const { traces } = await get<TraceListJson>(system.url, `/api/v1/traces?${query}`);
      expect(traces.find(({ traceId }) => traceId === trace.traceId)).toMatchObject({ spanCount: 4 });
    }
    const { joins } = await run(system, '20');
    expect(joins.certainlyWrong).toBe(0);
    expect(joins.wrong).toBeLessThanOrEqual(2 * COUNT * 0.002);
    // One after another they are told apart by their times; side by side they are left alone.
    expect(joins.right).toBeGreaterThan(COUNT);
  });
});
