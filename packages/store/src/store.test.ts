import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import {
  type Epoch,
  encodeBlock,
  epoch,
  joinIdOf,
  joinPeriod,
  keyedHash,
  nanos,
  type SpanRecord,
  spanIdOf,
  type TraceId,
  tcpExchangeKey,
} from '@weft/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore, type Store } from './client.ts';
import type { StoreEngine } from './migrations/dialect.ts';
import { MIGRATIONS, migrate, migrationTable } from './migrations/migrate.ts';
import { storeProcessEntry } from './process/entry.ts';
import { findByRequestIds, findLinked, MOST_SPANS_OF_ID, type RequestKey } from './queries/linked-spans.ts';
import { insertLosses, lostBetween } from './queries/losses.ts';
import { readSpans } from './queries/read-spans.ts';
import { type SpanFilter, searchSpans } from './queries/search-spans.ts';
import { selectRows } from './queries/select.ts';
import { endpointTraffic } from './queries/services.ts';

const EPOCH: Epoch = epoch(BigInt(Date.now() - 60_000) * 1_000_000n);
const ALL: SpanFilter = {
  from: EPOCH - 1_000_000_000n,
  to: EPOCH + 60_000_000_000n,
  service: null,
  endpoint: null,
  status: null,
  minDuration: null,
  attributes: [],
};
let serial = 0;

function makeSpan(more: Partial<SpanRecord> = {}): SpanRecord {
  serial++;
  const exchangeKey = tcpExchangeKey(serial, 77);
  return {
    spanId: spanIdOf(exchangeKey, 0),
    exchangeKey,
    carriedTraceId: null,
    parentSpanId: null,
    links: [],
    name: 'GET /a',
    kind: 'client',
    observationPoint: 'client-process',
    service: 'shop',
    start: nanos(serial * 1000),
    duration: 5_000_000,
    status: 'ok',
    attributes: {},
    ...more,
  };
}

function encode(records: readonly SpanRecord[]): Uint8Array {
  return encodeBlock(records, { agentId: 'agent', host: 'host', epoch: EPOCH });
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited too long for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('embedded store', { timeout: 30_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-store-test-'));
  let store: Store;
  const started: number[] = [];

  beforeAll(async () => {
    store = await openStore(`chdb:${folder}`, { onStart: (pid) => started.push(pid) });
  }, 30_000);
  afterAll(async () => {
    await store?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('takes each step of the schema once', async () => {
    const rows = await selectRows<{ number: number }>(
      store.client,
      'SELECT number FROM weft_migrations ORDER BY number',
      {},
    );
    expect(rows.map((row) => row.number)).toEqual(MIGRATIONS.map((migration) => migration.number));
    expect(await migrate(store.client, store.engine)).toEqual([]);
  });

  it('has the same schema for a cluster, in words that the engine understands', async () => {
    const cluster: StoreEngine = { kind: 'cluster', cluster: "it's" };
    const statements = [migrationTable, ...MIGRATIONS.map((m) => m.statements)].flatMap((make) =>
      make(cluster),
    );
    expect(statements.filter((sql) => sql.includes('Replicated'))).toHaveLength(5);
    for (const sql of statements) {
      const result = await store.client.query({ query: `EXPLAIN AST ${sql}`, format: 'TabSeparated' });
      expect(await result.text()).toMatch(/^(Create|Alter)Query /);
    }
  });

  it('gives back spans as they were', async () => {
    const parent = makeSpan({ kind: 'server', observationPoint: 'server-process', status: 'error' });
    const span = makeSpan({
      parentSpanId: parent.spanId,
      carriedTraceId: 'ab'.repeat(16) as TraceId,
      name: 'ünïcode \' " \\ \n\n name',
      attributes: { text: 'a\n\nb\0', number: 0.1, big: 2 ** 53 - 1, yes: true, no: false },
      links: [
        {
          spanId: parent.spanId,
          confidence: 0.97,
          chosen: true,
          evidence: [
            { kind: 'unit', key: 'tid 1', confidence: 0.97 },
            { kind: 'wakeup', key: 'tid 2', confidence: 0.5 },
          ],
        },
        { spanId: makeSpan().spanId, confidence: 0.1, chosen: false, evidence: [] },
      ],
    });
    await store.insertSpans([encode([parent]), encode([span])]);
    const found = await readSpans(store, [span, parent], EPOCH);
    expect(found.get(span.spanId)).toEqual({ record: span, agentId: 'agent', host: 'host' });
    expect(found.get(parent.spanId)?.record).toEqual(parent);
  });

  it('finds spans by every key', async () => {
    const carried = 'cd'.repeat(16) as TraceId;
    const root = makeSpan({ carriedTraceId: carried });
    const child = makeSpan({ parentSpanId: root.spanId });
    // Its host decided on no parent but keeps a chosen link.
    const linked = makeSpan({ links: [{ spanId: root.spanId, confidence: 1, chosen: true, evidence: [] }] });
    await store.insertSpans([encode([root, child, linked])]);
    const none = { spans: [], parents: [], exchanges: [], carried: [] };
    const find = async (keys: Partial<Parameters<typeof findLinked>[1]>): Promise<string[]> =>
      (await findLinked(store, { ...none, ...keys }, EPOCH, 100)).map((node) => node.spanId).sort();
    expect(await find({ spans: [root.spanId] })).toEqual([root.spanId]);
    expect(await find({ parents: [root.spanId] })).toEqual([child.spanId, linked.spanId].sort());
    expect(await find({ exchanges: [child.exchangeKey] })).toEqual([child.spanId]);
    expect(await find({ carried: [carried] })).toEqual([root.spanId]);
    expect(await find({ spans: [root.spanId], parents: [root.spanId] })).toHaveLength(3);
    expect(await find({})).toEqual([]);
  });

  it('finds spans by their request ids, of one time, and no more than one too many of a common one', async () => {
    const id = joinIdOf(keyedHash('a request'), 'specific');
    const [target, context] = (['target', 'context'] as const).map((kind) => joinIdOf(keyedHash(kind), kind));
    const first = makeSpan({ joinIds: [id, target!, context!], start: nanos(1e9) });
    const later = makeSpan({ joinIds: [id], start: nanos(1e9 + 2 ** 34) });
    const crowd = joinIdOf(keyedHash('a crowd'), 'vague');
    const many = Array.from({ length: 300 }, (_, i) => makeSpan({ joinIds: [crowd], start: nanos(1e9 + i) }));
    await store.insertSpans([encode([first, later, ...many])]);
    const period = joinPeriod(EPOCH + 1_000_000_000n);
    const find = async (...keys: RequestKey[]) =>
      (await findByRequestIds(store, keys, EPOCH, 10_000)).map((node) => node.spanId);
    expect(await find({ id, period })).toEqual([first.spanId]);
    expect(await find({ id, period: period + 2n })).toEqual([later.spanId]);
    expect(await find({ id: target!, period }, { id: context!, period })).toEqual([]);
    const found = await findByRequestIds(
      store,
      [
        { id: crowd, period },
        { id, period },
      ],
      EPOCH,
      10_000,
    );
    expect(found).toHaveLength(MOST_SPANS_OF_ID + 2);
    expect(found.find((node) => node.spanId === first.spanId)?.joinIds).toEqual(first.joinIds);
  });

  it('searches by every condition, whatever characters the values have', async () => {
    const odd = `it's a "\\' \n\0{x:String} --`;
    const hit = makeSpan({
      service: odd,
      name: odd,
      status: 'error',
      duration: 9_000_000_000,
      attributes: { [odd]: odd, port: 8080, tls: false },
    });
    await store.insertSpans([encode([hit, makeSpan()])]);
    const search = async (more: Partial<SpanFilter>): Promise<string[]> =>
      (await searchSpans(store, { ...ALL, ...more }, null, 1000, EPOCH)).map((node) => node.spanId);
    expect(await search({ service: odd })).toEqual([hit.spanId]);
    expect(await search({ endpoint: odd })).toEqual([hit.spanId]);
    expect(await search({ minDuration: 9_000_000_000n })).toEqual([hit.spanId]);
    expect(await search({ service: odd, status: 'error' })).toEqual([hit.spanId]);
    expect(await search({ service: odd, status: 'ok' })).toEqual([]);
    const attribute = (key: string, value: string): Promise<string[]> =>
      search({ attributes: [{ key, value }] });
    expect(await attribute(odd, odd)).toEqual([hit.spanId]);
    expect(await attribute('port', '8080')).toEqual([hit.spanId]);
    expect(await attribute('port', '8081')).toEqual([]);
    expect(await attribute('tls', 'false')).toEqual([hit.spanId]);
    expect(await attribute('tls', 'true')).toEqual([]);
    expect(await attribute('absent', '')).toEqual([]);
    expect(await attribute('absent', '0')).toEqual([]);
  });

  it('lists spans in one order, page after page', async () => {
    const same = nanos(50_000_000_000);
    const spans = Array.from({ length: 30 }, (_, i) =>
      makeSpan({ service: 'pages', start: i < 10 ? same : nanos(same + i) }),
    );
    await store.insertSpans([encode(spans)]);
    const filter = { ...ALL, service: 'pages' };
    const whole = await searchSpans(store, filter, null, 100, EPOCH);
    const pages: string[] = [];
    for (let after: Parameters<typeof searchSpans>[2] = null; ; ) {
      const page = await searchSpans(store, filter, after, 7, EPOCH);
      pages.push(...page.map((node) => node.spanId));
      const last = page[page.length - 1];
      if (last === undefined) break;
      after = { start: EPOCH + BigInt(last.start), spanId: last.spanId };
    }
    expect(pages).toEqual(whole.map((node) => node.spanId));
    expect(pages).toHaveLength(30);
  });

  it('counts requests and losses', async () => {
    const served = { service: 'counted', kind: 'server', observationPoint: 'server-process' } as const;
    await store.insertSpans([
      encode([
        makeSpan(served),
        makeSpan({ ...served, status: 'error' }),
        makeSpan({ ...served, name: 'GET /b' }),
      ]),
    ]);
    const traffic = (await endpointTraffic(store, ALL.from, ALL.to)).filter(
      (row) => row.service === 'counted',
    );
    expect(traffic.map((row) => [row.name, row.requests, row.errors, row.p95Nano])).toEqual([
      ['GET /a', 2, 1, 5_000_000],
      ['GET /b', 1, 0, 5_000_000],
    ]);
    const time = Math.floor(Date.now() / 1000);
    await insertLosses(store, [{ time, agentId: 'a', cause: 'ring full', count: 3 }]);
    const now = BigInt(time) * 1_000_000_000n;
    expect(await lostBetween(store, now, now)).toEqual({ 'ring full': 3 });
    expect(await endpointTraffic(store, 2n ** 63n, 2n ** 63n)).toEqual([]);
    expect(await lostBetween(store, now - 3_600_000_000_000n, now - 600_000_000_000n)).toEqual({});
  });

  it('answers the unchanged client as a server does', async () => {
    const { client } = store;
    // Many at once, with parameters: each must get its own.
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const result = await client.query({
          query: 'SELECT {n:UInt64} AS n, {s:String} AS s',
          query_params: { n: i, s: `'${i}\\\n` },
          format: 'JSONEachRow',
        });
        return (await result.json<{ n: string; s: string }>())[0];
      }),
    );
    expect(answers).toEqual(answers.map((_, i) => ({ n: String(i), s: `'${i}\\\n` })));
    // Neither parameters nor settings stay behind.
    for (let i = 0; i < 8; i++) {
      await expect(client.query({ query: 'SELECT {n:UInt64}' })).rejects.toMatchObject({ code: '456' });
    }
    await Promise.all(
      Array.from({ length: 8 }, () =>
        client
          .query({ query: 'SELECT 1', clickhouse_settings: { max_block_size: '77' } })
          .then((r) => r.text()),
      ),
    );
    const block = await selectRows<{ v: string }>(
      client,
      "SELECT toString(getSetting('max_block_size')) AS v",
      {},
    );
    expect(block[0]!.v).not.toBe('77');
    await expect(client.query({ query: 'SELECT * FROM nowhere' })).rejects.toMatchObject({
      code: '60',
      type: 'UNKNOWN_TABLE',
    });
    await expect(client.query({ query: 'SELEC' })).rejects.toMatchObject({ code: '62' });
    expect(await client.ping()).toEqual({ success: true });
  });

  it('refuses a second process on its folder, and anyone without the password', async () => {
    await expect(openStore(`chdb:${folder}`)).rejects.toThrow(/is another Weft using it/);
    const url = await listeningUrl(store);
    const stranger = createClient({ url, password: 'wrong', log: { level: ClickHouseLogLevel.OFF } });
    await expect(stranger.query({ query: 'SELECT 1' })).rejects.toMatchObject({ code: '516' });
    await stranger.close();
  });

  it('has exactly the acknowledged batches after kill -9, and goes on', async () => {
    const acknowledged: string[] = [];
    const victim = store.pid();
    let number = 0;
    while (store.pid() === victim) {
      const name = `batch ${number++}`;
      const batch = encode(Array.from({ length: 200 }, () => makeSpan({ service: 'killed', name })));
      const insert = store.insertSpans([batch]).then(
        () => acknowledged.push(name),
        () => undefined,
      );
      // Somewhere in the midst of the sixth.
      if (number === 6) setTimeout(() => process.kill(victim!, 'SIGKILL'), 8);
      await insert;
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(5);
    await until(async () => (await store.client.ping()).success, 'the store to be back');
    const rows = await selectRows<{ name: string; spans: string; linked: string }>(
      store.client,
      `SELECT name, count() AS spans, countIf(span_id IN (SELECT span_id FROM links WHERE kind = 'span')) AS linked
       FROM spans WHERE service = 'killed' GROUP BY name`,
      {},
    );
    for (const name of acknowledged) {
      expect(rows.find((row) => row.name === name)).toEqual({ name, spans: '200', linked: '200' });
    }
    // A batch that was never acknowledged is there as a whole or not at all.
    for (const row of rows) expect(row.spans).toBe('200');
    await store.insertSpans([encode([makeSpan()])]);
    expect(started).toEqual([victim, store.pid()]);
  }, 30_000);
});

/** The address of the embedded store: the only listener of its process. */
async function listeningUrl(store: Store): Promise<string> {
  const result = await store.client.query({ query: 'SELECT 1', format: 'JSON' });
  await result.text();
  const { readFileSync, readdirSync, readlinkSync } = await import('node:fs');
  const pid = store.pid()!;
  const sockets = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      sockets.add(readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch {
      // Closed meanwhile.
    }
  }
  for (const line of readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (fields[3] === '0A' && sockets.has(`socket:[${fields[9]}]`)) {
      return `http://127.0.0.1:${Number.parseInt(fields[1]!.split(':')[1]!, 16)}`;
    }
  }
  throw new Error('the store does not listen');
}

describe('store process', { timeout: 30_000 }, () => {
  it('ends when its parent is gone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weft-store-test-'));
    const child = spawn(process.execPath, [await storeProcessEntry(), '--data', folder], {
      env: { ...process.env, WEFT_STORE_PASSWORD: 'secret' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      const exit = once(child, 'exit');
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      expect(line.toString()).toMatch(/^ready http:\/\/127\.0\.0\.1:\d+\n$/);
      child.stdin.end();
      expect(await exit).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  }, 20_000);

  it('says in one sentence what is wrong with an address', async () => {
    await expect(openStore('sqlite:x')).rejects.toThrow('neither chdb:DIR nor clickhouse://');
    await expect(openStore('chdb:')).rejects.toThrow('write chdb:DIR');
    const program = await storeProcessEntry();
    await expect(openStore(`chdb:${program}/below-a-file`)).rejects.toThrow('cannot be made');
    await expect(openStore('clickhouse://127.0.0.1:1/x')).rejects.toThrow('cannot be used');
  });
});
