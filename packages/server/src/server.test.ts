import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get as httpGet, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants, gzipSync } from 'node:zlib';
import {
  type AgentReport,
  BLOCK_CONTENT_TYPE,
  type Epoch,
  encodeBlock,
  epoch,
  joinIdOf,
  keyedHash,
  nanos,
  type SpanId,
  type SpanJson,
  type SpanRecord,
  spanIdOf,
  type TraceId,
  type TraceJson,
  type TraceSummaryJson,
  tcpExchangeKey,
} from '@weft/model';
import { BlockRefused, findLinked, openStore, type Store } from '@weft/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assembleAll } from './assembly/assemble.ts';
import { Collection } from './assembly/collect.ts';
import { weave } from './assembly/weave.ts';
import { IngestQueue } from './ingest/queue.ts';
import { startServer, type WeftServer } from './server.ts';

const EPOCH: Epoch = epoch(BigInt(Date.now() - 300_000) * 1_000_000n);
let serial = 0;

/** A request from `client` to `server`, seen at both ends. */
function exchange(
  client: string,
  server: string,
  start: number,
  parent: SpanId | null,
  more: Partial<SpanRecord> = {},
): SpanRecord[] {
  serial++;
  const exchangeKey = tcpExchangeKey(serial, 4711);
  const common = {
    exchangeKey,
    carriedTraceId: null,
    name: `GET /${server}`,
    status: 'ok',
    attributes: { 'url.path': `/${server}/${serial}`, 'server.port': 80 },
    ...more,
  } as const;
  return [
    {
      ...common,
      spanId: spanIdOf(exchangeKey, 0),
      parentSpanId: parent,
      links:
        parent === null
          ? []
          : [
              {
                spanId: parent,
                confidence: 1,
                chosen: true,
                evidence: [{ kind: 'unit', key: 'tid 1', confidence: 1 }],
              },
            ],
      kind: 'client',
      observationPoint: 'client-process',
      service: client,
      start: nanos(start),
      duration: 1000,
    },
    {
      ...common,
      spanId: spanIdOf(exchangeKey, 4),
      parentSpanId: spanIdOf(exchangeKey, 0),
      links: [],
      kind: 'server',
      observationPoint: 'server-process',
      service: server,
      start: nanos(start + 100),
      duration: 800,
    },
  ];
}

/** A chain of requests through these services; each hop starts `step` ns after the one before. */
function chain(services: readonly string[], start: number, step = 200): SpanRecord[] {
  const spans: SpanRecord[] = [];
  for (let i = 0; i + 1 < services.length; i++) {
    const parent = spans[spans.length - 1]?.spanId ?? null;
    spans.push(...exchange(services[i]!, services[i + 1]!, start + i * step, parent));
  }
  return spans;
}

/** A GET whose path and body are left as they are. */
function getRaw(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number | undefined; headers: IncomingHttpHeaders; body: Buffer }> {
  return new Promise((resolve, reject) => {
    httpGet(url, { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    }).on('error', reject);
  });
}

function report(more: Partial<AgentReport> = {}): AgentReport {
  return {
    agentId: 'agent-1',
    hostname: 'host',
    version: '1',
    tier: 'sock',
    hooks: { 'tp_btf/sock_recv_length': 'attached' },
    events: 12,
    capturedBytes: 3400,
    spans: 3,
    lost: { 'ring full': 2 },
    cpuSeconds: 1.5,
    residentBytes: 1e6,
    tracedShare: 1,
    payloadBytes: 4096,
    settledUntilUnixNano: '1760000000000000000',
    ...more,
  };
}

describe('server over the embedded store', { timeout: 30_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-server-test-'));
  let store: Store;
  let server: WeftServer;

  beforeAll(async () => {
    store = await openStore(`chdb:${folder}`);
    server = await startServer({ listen: '127.0.0.1:0', store, version: '9.9', insertIntervalMs: 0 });
  }, 30_000);
  afterAll(async () => {
    await server?.close();
    await store?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function post(
    records: readonly SpanRecord[],
    query = '',
    encoding: 'br' | 'gzip' | 'identity' = 'br',
  ): Promise<Response> {
    const block = encodeBlock(records, { agentId: 'agent-1', host: 'host', epoch: EPOCH });
    const body =
      encoding === 'br' ? brotliCompressSync(block) : encoding === 'gzip' ? gzipSync(block) : block;
    return fetch(`${server.url}/api/v1/ingest?agent=agent-1&host=host${query}`, {
      method: 'POST',
      headers: { 'content-type': BLOCK_CONTENT_TYPE, 'content-encoding': encoding },
      body: new Uint8Array(body),
    });
  }

  async function ingest(records: readonly SpanRecord[]): Promise<void> {
    const response = await post(records);
    expect(await response.json()).toEqual({ spans: records.length });
  }

  async function get<T>(path: string, status = 200): Promise<T> {
    const response = await fetch(server.url + path);
    const value = (await response.json()) as T;
    expect([response.status, response.status === 200 ? null : value]).toEqual([
      status,
      status === 200 ? null : value,
    ]);
    return value;
  }

  async function everyPage<T>(path: string, list: string): Promise<T[]> {
    const all: T[] = [];
    let cursor = '';
    do {
      const page: Record<string, unknown> = await get(`${path}${cursor === '' ? '' : `&cursor=${cursor}`}`);
      all.push(...(page[list] as T[]));
      cursor = (page['nextCursor'] as string | null) ?? '';
    } while (cursor !== '');
    return all;
  }

  const window = (from: number, to: number): string =>
    `from=${EPOCH + BigInt(from)}&to=${EPOCH + BigInt(to)}`;

  it('shows a trace as soon as its batch is acknowledged, the same by any of its ids', async () => {
    const spans = chain(['load', 'nginx', 'shop', 'db'], 1_000_000);
    // Each host ships its own spans, and the last come first.
    await ingest(spans.slice(3).reverse());
    await ingest(spans.slice(0, 3));
    const [expected] = assembleAll(spans, EPOCH);
    const { completeness, settled, ...rest } = expected!;
    expect(settled).toBe(true);
    for (const id of [
      spans[0]!.exchangeKey,
      spans[4]!.exchangeKey,
      spans[3]!.spanId,
      spans[0]!.exchangeKey.toUpperCase(),
    ]) {
      const trace = await get<TraceJson>(`/api/v1/traces/${id}`);
      expect(trace).toMatchObject(rest);
      expect(trace.completeness).toEqual(completeness);
    }
    expect(rest.spans.map((span) => span.parentSpanId)).toEqual([
      null,
      ...spans.slice(0, 5).map((span) => span.spanId),
    ]);
    expect(rest.spans[1]!.links).toMatchObject([
      { spanId: spans[0]!.spanId, confidence: 1, chosen: true, evidence: [{ kind: 'tcp-seq' }] },
    ]);
    const list = await get<{ traces: TraceSummaryJson[]; nextCursor: null }>(
      `/api/v1/traces?${window(0, 2_000_000)}&service=db`,
    );
    expect(list).toEqual({
      traces: [
        {
          traceId: rest.traceId,
          rootService: 'load',
          rootName: 'GET /nginx',
          startTimeUnixNano: (EPOCH + 1_000_000n).toString(),
          durationNano: '1400',
          spanCount: 6,
          services: ['db', 'load', 'nginx', 'shop'],
          status: 'ok',
          truncated: false,
        },
      ],
      nextCursor: null,
    });
  });

  it('has one trace with several roots where only the carried trace id is common', async () => {
    const carriedTraceId = 'ab'.repeat(16) as TraceId;
    const [, first] = exchange('x', 'front', 5_000_000, null, { carriedTraceId });
    const [, second] = exchange('x', 'back', 5_000_500, null, { carriedTraceId });
    await ingest([second!, first!]);
    const trace = await get<TraceJson>(`/api/v1/traces/${second!.exchangeKey}`);
    expect(trace.traceId).toBe(carriedTraceId);
    expect(trace.spans.map((span) => [span.service, span.parentSpanId])).toEqual([
      ['front', null],
      ['back', null],
    ]);
    expect(trace.completeness.linked).toBe(0.5);
  });

  it('joins what a proxy that is not traced lies between, by request id, wherever one begins to look', async () => {
    const ids = (text: string) => ({ joinIds: [joinIdOf(keyedHash(text), 'specific')] });
    /** The call alone, or the request alone: what lies between is not seen. */
    const call = (start: number, parent: SpanId | null, text: string) => ({
      ...exchange('front', 'x', start, parent, ids(text))[0]!,
      duration: 9000,
      attributes: { 'network.peer.address': '10.0.0.9', 'network.peer.port': 8080 },
    });
    const request = (start: number, text: string) => ({
      ...exchange('x', 'back', start, null, ids(text))[1]!,
      duration: 5000,
      name: 'GET /x',
    });
    const joined: SpanRecord[] = [];
    for (let i = 0; i < 20; i++) {
      const one = call(70_000_000 + i * 20_000, null, `one ${i}`);
      const two = request(one.start + 1000, `one ${i}`);
      joined.push(one, two, ...exchange('back', 'db', two.start + 100, two.spanId));
    }
    // Two hundred and more at one time with the same id: it says nothing.
    const common = Array.from({ length: 150 }, (_, i) => [
      call(80_000_000 + i * 20_000, null, 'all'),
      request(80_001_000 + i * 20_000, 'all'),
    ]).flat();
    await ingest([...joined, ...common]);

    for (const id of [joined[0]!.exchangeKey, joined[1]!.exchangeKey, joined[1]!.spanId, joined[3]!.spanId]) {
      const trace = await get<TraceJson>(`/api/v1/traces/${id}`);
      expect(trace.traceId).toBe(joined[0]!.exchangeKey);
      expect(trace.spans.map((span) => span.spanId)).toEqual(joined.slice(0, 4).map((span) => span.spanId));
      expect(trace.completeness.linked).toBe(1);
      expect(trace.spans[1]).toMatchObject({
        parentSpanId: joined[0]!.spanId,
        attributes: { 'weft.untraced': true, 'weft.untraced.address': '10.0.0.9:8080' },
        links: [
          { spanId: joined[0]!.spanId, confidence: 0.97, chosen: true, evidence: [{ kind: 'carried-id' }] },
        ],
      });
    }
    for (const filter of ['', '&service=back', '&service=db']) {
      const listed = await everyPage<TraceSummaryJson>(
        `/api/v1/traces?${window(70_000_000, 70_999_000)}${filter}&limit=7`,
        'traces',
      );
      expect(listed).toHaveLength(20);
      expect(listed.every((trace) => trace.spanCount === 4 && trace.rootService === 'front')).toBe(true);
    }
    const whole = new Map(
      assembleAll(joined, EPOCH).flatMap((trace) => trace.spans.map((span) => [span.spanId, span])),
    );
    const spans = await everyPage<SpanJson>(
      `/api/v1/spans?${window(70_000_000, 70_999_000)}&limit=9`,
      'spans',
    );
    expect(spans).toHaveLength(80);
    for (const span of spans) expect(span).toEqual(whole.get(span.spanId));

    const alone = await get<TraceJson>(`/api/v1/traces/${common[1]!.spanId}`);
    expect(alone.spans.map((span) => [span.spanId, span.links])).toEqual([[common[1]!.spanId, []]]);
  });

  it('lists each matching trace once, latest first, however small the pages', async () => {
    const base = 10_000_000;
    const all: SpanRecord[] = [];
    const starts: number[] = [];
    for (let i = 0; i < 42; i++) {
      // Long and short ones overlap, some begin at the same moment.
      const start = base + (i % 14) * 1000;
      starts.push(start);
      all.push(...chain(['load', 'a', 'b', 'c'], start, [200, 3000, 45_000][i % 3]));
    }
    await ingest(all);
    const range = window(base, base + 1_000_000);
    const expected = assembleAll(all, EPOCH).map((trace) => trace.traceId);
    for (const [filter, limit] of [
      ['', 7],
      ['&service=c', 7],
      ['&service=c&endpoint=GET%20/c', 1000],
      ['&q=server.port%3D80', 50],
    ] as const) {
      const found = await everyPage<TraceSummaryJson>(
        `/api/v1/traces?${range}${filter}&limit=${limit}`,
        'traces',
      );
      expect(found.map((trace) => trace.traceId).sort()).toEqual([...expected].sort());
      const times = found.map((trace) => Number(BigInt(trace.startTimeUnixNano) - EPOCH));
      expect(times).toEqual([...starts].sort((a, b) => b - a));
      expect(found.every((trace) => trace.spanCount === 6)).toBe(true);
    }
    const spans = await everyPage<SpanJson>(`/api/v1/spans?${range}&limit=47`, 'spans');
    const byId = new Map(
      assembleAll(all, EPOCH).flatMap((trace) => trace.spans.map((span) => [span.spanId, span])),
    );
    expect(spans).toHaveLength(all.length);
    for (const span of spans) expect(span).toEqual(byId.get(span.spanId));
  }, 20_000);

  it('finds one call by what it carries', async () => {
    const spans = chain(['load', 'needle', 'deep'], 30_000_000);
    await ingest(spans);
    const path = String(spans[3]!.attributes['url.path']);
    const query = `q=${encodeURIComponent(`url.path=${path} server.port=80`)}&${window(29_000_000, 31_000_000)}`;
    const { traces } = await get<{ traces: TraceSummaryJson[] }>(`/api/v1/traces?${query}`);
    expect(traces.map((trace) => trace.traceId)).toEqual([spans[0]!.exchangeKey]);
    const found = await get<{ spans: SpanJson[] }>(`/api/v1/spans?${query}`);
    expect(found.spans.map((span) => [span.spanId, span.traceId])).toEqual([
      [spans[3]!.spanId, spans[0]!.exchangeKey],
      [spans[2]!.spanId, spans[0]!.exchangeKey],
    ]);
  });

  it('reads large traces whole, and says so when it does not', async () => {
    const [client, served] = exchange('load', 'wide', 35_000_000, null);
    const calls = Array.from({ length: 2500 }, (_, i) =>
      exchange('wide', 'leaf', 35_000_100 + i, served!.spanId),
    ).flat();
    await ingest([client!, served!, ...calls]);
    const trace = await get<TraceJson>(`/api/v1/traces/${calls[77]!.exchangeKey}`);
    expect([trace.traceId, trace.spans.length, trace.truncated]).toEqual([client!.exchangeKey, 5002, false]);
    expect(trace.completeness.linked).toBe(1);

    const seeds = await findLinked(
      store,
      { spans: [calls[77]!.spanId], parents: [], exchanges: [], carried: [] },
      EPOCH,
      10,
    );
    const part = new Collection(store, EPOCH, 500);
    await part.add(seeds);
    const [woven] = weave([...part.nodes.values()]);
    expect(woven!.traceId).toBe(client!.exchangeKey);
    expect(woven!.spans.length).toBeLessThan(1100);
    expect(woven!.spans.some((span) => part.unexplored.has(span.node.spanId))).toBe(true);
  });

  it('tells services and their rates', async () => {
    await ingest([
      ...exchange('rates-client', 'rates', 40_000_000, null),
      ...exchange('rates-client', 'rates', 41_000_000, null, { status: 'error' }),
    ]);
    const { services } = await get<{ services: Record<string, unknown>[] }>('/api/v1/services');
    expect(services.find((one) => one['service'] === 'rates')).toMatchObject({
      requests: 2,
      errors: 1,
      endpoints: [{ endpoint: 'GET /rates', requests: 2, errors: 1, p50Nano: '800' }],
    });
    expect(services.find((one) => one['service'] === 'rates-client')).toMatchObject({
      requests: 0,
      endpoints: [],
    });
  });

  it('knows its agents, what they lost and what is settled', async () => {
    const settled = BigInt(Date.now() - 5000) * 1_000_000n;
    const send = (body: unknown): Promise<Response> =>
      fetch(`${server.url}/api/v1/report`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const now = BigInt(Date.now()) * 1_000_000n;
    expect((await send(report({ agentId: 'late', settledUntilUnixNano: now.toString() }))).status).toBe(200);
    const response = await send(report({ agentId: 'late', tier: '' }));
    expect(response.status).toBe(200);
    const bad = await send({ ...report(), lost: { x: 'many' } });
    expect([bad.status, await bad.json()]).toEqual([
      400,
      { error: "The report's field lost is missing or wrong." },
    ]);
    const { agents } = await get<{ agents: Record<string, unknown>[] }>('/api/v1/agents');
    expect(agents.find((agent) => agent['agentId'] === 'late')).toMatchObject({
      live: true,
      events: 12,
      capturedBytes: 3400,
      lost: { 'ring full': 2 },
    });
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('weft_lost_total{cause="ring full"} 2\n');
    expect(metrics).toMatch(/^weft_agent_captured_bytes_total\{agent="late"\} 3400$/m);
    expect(metrics).toMatch(/^weft_spans_ingested_total [1-9]\d*$/m);
    const empty = await fetch(`${server.url}/api/v1/ingest?agent=agent-1&settled=${now + 1n}`, {
      method: 'POST',
    });
    expect(await empty.json()).toEqual({ spans: 0 });
    const health = await get<Record<string, string>>('/api/v1/health');
    expect(health).toMatchObject({ status: 'ok', version: '9.9' });
    expect(BigInt(health['settledUntilUnixNano']!) >= settled).toBe(true);
  });

  it('refuses what is no block, with the reason, and takes the next', async () => {
    const good = exchange('p', 'q', 50_000_000, null);
    expect((await post(good, '', 'gzip')).status).toBe(200);
    expect((await post(good, '', 'identity')).status).toBe(200);
    const send = async (
      body: Uint8Array<ArrayBuffer>,
      headers: Record<string, string>,
      query = '?agent=a',
    ): Promise<unknown[]> => {
      const response = await fetch(`${server.url}/api/v1/ingest${query}`, { method: 'POST', headers, body });
      return [response.status, ((await response.json()) as { error: string }).error];
    };
    const type = { 'content-type': BLOCK_CONTENT_TYPE };
    const bytes = new Uint8Array(100).fill(7);
    expect(await send(bytes, type)).toEqual([400, expect.stringContaining('malformed')]);
    expect(await send(bytes, { ...type, 'content-encoding': 'br' })).toEqual([
      400,
      expect.stringContaining('not valid br'),
    ]);
    expect(await send(bytes, { ...type, 'content-encoding': 'zstd' })).toEqual([
      415,
      expect.stringContaining('use br'),
    ]);
    expect(await send(bytes, { 'content-type': 'text/plain' })).toEqual([
      415,
      expect.stringContaining(BLOCK_CONTENT_TYPE),
    ]);
    expect(await send(bytes, type, '')).toEqual([400, expect.stringContaining('agent')]);
    const bomb = brotliCompressSync(new Uint8Array(80 << 20), {
      params: { [constants.BROTLI_PARAM_QUALITY]: 1 },
    });
    expect(await send(new Uint8Array(bomb), { ...type, 'content-encoding': 'br' })).toEqual([
      413,
      expect.stringContaining('smaller batches'),
    ]);
    expect((await post(good)).status).toBe(200);
    // Sent four times, there once.
    const trace = await get<TraceJson>(`/api/v1/traces/${good[0]!.exchangeKey}`);
    expect(trace.spans).toHaveLength(2);
  });

  it('does not let a batch that cannot be stored harm those that share its insert', async () => {
    const queue = new IngestQueue(store, 0);
    const encode = (records: readonly SpanRecord[]): Uint8Array =>
      encodeBlock(records, { agentId: 'agent-1', host: 'host', epoch: EPOCH });
    const good = [1, 2, 3].map((n) => exchange('good', 'shared', 55_000_000 + n, null));
    // A hundred and one days at once are more partitions than the engine takes.
    const bad = Array.from({ length: 101 }, (_, day) =>
      exchange('bad', 'shared', day * 86_400e9, null),
    ).flat();
    const outcomes = await Promise.allSettled(
      [good[0]!, good[1]!, bad, good[2]!].map((one) => queue.add(encode(one))),
    );
    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(outcomes[2]).toMatchObject({ reason: expect.any(BlockRefused) });
    const { spans } = await get<{ spans: SpanJson[] }>(
      `/api/v1/spans?service=shared&${window(54_000_000, 56_000_000)}`,
    );
    expect(spans).toHaveLength(3);
  });

  it('answers bad questions with one sentence', async () => {
    const ask = async (path: string): Promise<unknown[]> => {
      const response = await fetch(server.url + path);
      return [response.status, ((await response.json()) as { error: string }).error];
    };
    expect(await ask('/api/v1/traces?limit=0')).toEqual([
      400,
      'Parameter limit must be 1 to 1000: use cursor for more.',
    ]);
    expect(await ask('/api/v1/traces?limitt=1')).toEqual([
      400,
      expect.stringContaining('Unknown parameter "limitt"'),
    ]);
    expect(await ask('/api/v1/spans?minDuration=10')).toEqual([400, expect.stringContaining('like 10ms')]);
    expect(await ask('/api/v1/traces/xyz')).toEqual([400, expect.stringContaining('32 hexadecimal digits')]);
    expect(await ask(`/api/v1/traces/${'e'.repeat(32)}`)).toEqual([
      404,
      expect.stringContaining('never seen'),
    ]);
    expect(await ask('/api/v2/x')).toEqual([404, expect.stringContaining('/api/v2/x')]);
    expect(await ask('/api/v1/ingest')).toEqual([405, expect.stringContaining('POST only')]);
    expect((await fetch(`${server.url}/openapi.json`)).status).toBe(200);
    expect(await (await fetch(server.url)).text()).toContain('/api/v1/traces');
  });

  it('says who may listen, and where', async () => {
    await expect(startServer({ listen: `127.0.0.1:${server.port}`, store })).rejects.toThrow(
      `Port ${server.port} on 127.0.0.1 is in use: stop the program that has it, or choose another port.`,
    );
    await expect(startServer({ listen: 'nonsense', store })).rejects.toThrow('no host:port');
    const guarded = await startServer({ listen: '127.0.0.1:0', store, token: 'secret' });
    try {
      const ask = async (path: string, token: string): Promise<number> =>
        (await fetch(guarded.url + path, { headers: { authorization: `Bearer ${token}` } })).status;
      expect(await ask('/api/v1/traces', 'wrong')).toBe(401);
      expect(await ask('/api/v1/traces', 'secret')).toBe(200);
      expect(await ask('/api/v1/health', 'wrong')).toBe(200);
    } finally {
      await guarded.close();
    }
  });

  it('serves the page beside the API, without a token, and lets browsers keep what never changes', async () => {
    const page = join(folder, 'page');
    mkdirSync(join(page, 'assets'), { recursive: true });
    const index = '<!doctype html><title>page</title>';
    writeFileSync(join(page, 'index.html'), index);
    writeFileSync(join(page, 'assets/index-abc123.js'), 'x();'.repeat(200));
    writeFileSync(join(page, 'assets/font-abc123.woff2'), 'font');
    writeFileSync(join(page, 'stamp.json'), '{}');
    const pages = await startServer({ listen: '127.0.0.1:0', store, page, token: 'secret' });
    try {
      const ask = (path: string, headers: Record<string, string> = {}) => getRaw(pages.url + path, headers);
      for (const path of ['/', '/?service=shop', `/traces/${'a'.repeat(32)}?span=1`, '/index.html']) {
        const found = await ask(path);
        expect([found.status, found.body.toString()]).toEqual([200, index]);
        expect(found.headers).toMatchObject({
          'content-type': 'text/html; charset=utf-8',
          'cache-control': 'no-cache',
          'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
          'x-content-type-options': 'nosniff',
        });
      }
      const { etag } = (await ask('/')).headers;
      const again = await ask('/', { 'if-none-match': `W/"other", ${etag}` });
      expect([again.status, again.body.length]).toEqual([304, 0]);
      expect((await ask('/', { 'if-none-match': '"other"' })).status).toBe(200);

      const script = await ask('/assets/index-abc123.js', { 'accept-encoding': 'gzip, br' });
      expect(script.headers).toMatchObject({
        'content-type': 'text/javascript; charset=utf-8',
        'content-encoding': 'br',
        'cache-control': 'public, max-age=31536000, immutable',
      });
      expect(brotliDecompressSync(script.body).toString()).toBe('x();'.repeat(200));
      const font = await ask('/assets/font-abc123.woff2', { 'accept-encoding': 'br' });
      expect([font.headers['content-type'], font.body.toString()]).toEqual(['font/woff2', 'font']);

      for (const path of ['/assets/none.js', '/stamp.json', '/assets/../../weft.mdb', '/traces/a/b']) {
        expect((await ask(path, { authorization: 'Bearer secret' })).status).toBe(404);
      }
      expect((await ask('/api/v1/traces')).status).toBe(401);
      expect((await ask('/api/v1/nothing', { authorization: 'Bearer secret' })).headers['content-type']).toBe(
        'application/json',
      );
      await expect(
        startServer({ listen: '127.0.0.1:0', store, page: join(folder, 'nowhere') }),
      ).rejects.toThrow('The page cannot be read');
    } finally {
      await pages.close();
    }
  });

  it('tells agents to come again while the store is down, and loses nothing that it acknowledged', async () => {
    const before = exchange('before', 'kill', 60_000_000, null);
    const after = exchange('after', 'kill', 61_000_000, null);
    await ingest(before);
    process.kill(store.pid()!, 'SIGKILL');
    const refused = await post(after);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    let again = refused;
    for (const end = Date.now() + 20_000; again.status !== 200 && Date.now() < end; )
      again = await post(after);
    expect(again.status).toBe(200);
    const { spans } = await get<{ spans: SpanJson[] }>(
      `/api/v1/spans?service=kill&${window(59_000_000, 62_000_000)}`,
    );
    expect(spans.map((span) => span.spanId)).toEqual([after[1]!.spanId, before[1]!.spanId]);
  }, 30_000);
});
