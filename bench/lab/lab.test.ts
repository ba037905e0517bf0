import { request } from 'node:http';
import { decodeSpans, encodeBlock, epoch, nanos, type SpanRecord } from '@weft/model';
import { describe, expect, test } from 'vitest';
import { SpanHistory } from './history.ts';
import { parseWrk } from './load.ts';
import { countSpans } from './otlp.ts';
import { cpuSeconds, residentBytes } from './processes.ts';
import { rowsOf, startSink } from './sink.ts';

const span: SpanRecord = {
  spanId: '1111111111111111' as SpanRecord['spanId'],
  exchangeKey: '22222222222222222222222222222222' as SpanRecord['exchangeKey'],
  carriedTraceId: null,
  parentSpanId: null,
  links: [],
  name: 'GET /b',
  kind: 'server',
  observationPoint: 'server-process',
  service: 's',
  start: nanos(1),
  duration: 2,
  status: 'ok',
  attributes: {},
};
const blockOf = (count: number) =>
  encodeBlock(
    Array.from({ length: count }, () => span),
    { agentId: 'a', host: 'h', epoch: epoch(0n) },
  );

describe('the sink', () => {
  test('reads the number of rows off a block without decoding it', () => {
    for (const count of [0, 1, 127, 128, 20_000]) expect(rowsOf(blockOf(count))).toBe(count);
    expect(rowsOf(new Uint8Array())).toBe(0);
  });

  test('counts what an agent posts', async () => {
    const sink = await startSink();
    const post = (path: string, body: Uint8Array | string) =>
      new Promise<number>((resolve, reject) => {
        const sent = request(`${sink.url}${path}`, { method: 'POST' }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode ?? 0));
        });
        sent.on('error', reject).end(body);
      });
    try {
      expect(await post('/api/v1/ingest?agent=a', blockOf(3))).toBe(200);
      expect(await post('/api/v1/ingest?agent=a', blockOf(4))).toBe(200);
      expect(await post('/api/v1/report', JSON.stringify({ lost: { kernel_shed: 5 } }))).toBe(200);
      expect(sink.spans()).toBe(7);
      expect(sink.report()?.lost['kernel_shed']).toBe(5);
      expect(sink.lastNames()).toEqual(['GET /b', 'GET /b', 'GET /b', 'GET /b']);
    } finally {
      await sink.stop();
    }
  });
});

describe('a history', () => {
  const key = span.exchangeKey;
  const child: SpanRecord = {
    ...span,
    spanId: '3333333333333333' as SpanRecord['spanId'],
    parentSpanId: span.spanId,
    links: [{ spanId: span.spanId, evidence: [], confidence: 0.9, chosen: true }],
    start: nanos(5),
  };

  test('repeats what was recorded with ids and paths of its own, at the time that it is given', () => {
    const history = new SpanHistory([span, child]);
    const from = 1_700_000_000_000_000_000n;
    const decode = (block: Uint8Array) => {
      const spans = decodeSpans(block, epoch(from));
      if (!spans.ok) throw new Error(spans.error);
      return spans.value.map(({ record }) => record);
    };
    const first = decode(history.next(from).bytes);
    const second = decode(history.next(from + 1_000n).bytes);
    expect([...first, ...second].map((record) => record.start)).toEqual([0, 4, 1_000, 1_004]);
    const ids = [...first, ...second].map((record) => record.spanId);
    expect(new Set([...ids, span.spanId, child.spanId]).size).toBe(6);
    for (const [parent, below] of [first, second]) {
      expect(below?.parentSpanId).toBe(parent?.spanId);
      expect(below?.links[0]?.spanId).toBe(parent?.spanId);
      expect(below?.exchangeKey).toBe(parent?.exchangeKey);
      expect(below?.exchangeKey).not.toBe(key);
      expect(below?.attributes['url.path']).toBe(parent?.attributes['url.path']);
    }
    expect(first[0]?.attributes['url.path']).not.toBe(second[0]?.attributes['url.path']);
  });
});

describe('the OTLP receiver', () => {
  const field = (number: number, content: readonly number[]) => [
    (number << 3) | 2,
    content.length,
    ...content,
  ];
  const spans = (count: number) => Array.from({ length: count }, () => field(2, [8, 1])).flat();
  const scope = (count: number) => field(2, [...field(1, [10, 1, 65]), ...spans(count)]);

  test('counts the spans of a request and nothing else', () => {
    const resource = field(1, field(2, [1, 2, 3]));
    const one = field(1, [...resource, ...scope(2), ...scope(3)]);
    expect(countSpans(Uint8Array.from([...one, ...field(1, scope(1))]))).toBe(6);
    expect(countSpans(new Uint8Array())).toBe(0);
  });

  test('refuses what is cut off', () => {
    expect(() => countSpans(Uint8Array.from(field(1, scope(2)).slice(0, -1)))).toThrow(/no OTLP/);
  });
});

describe("wrk's report", () => {
  const report = `Running 1s test @ http://127.0.0.1:1/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   401.14us  211.00us   4.10ms   75.00%
  Latency Distribution
     50%  380.00us
     75%  450.00us
     90%  610.00us
     99%    1.20ms
  87312 requests in 1.10s, 105.32MB read
Requests/sec:  79374.55
Transfer/sec:     95.75MB
`;

  test('is read', () => {
    expect(parseWrk(report)).toEqual({
      ...{ requests: 87_312, perSecond: 79_374.55, errors: 0 },
      ...{ p50: 0.38, p99: 1.2 },
    });
    expect(parseWrk(report.replace('1.20ms', '2.00s')).p99).toBe(2000);
    expect(parseWrk(report.replaceAll('%', '')).p99).toBeNaN();
  });

  test('errors of all kinds count', () => {
    const errors = '  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 5\n';
    expect(parseWrk(report.replace('Requests/sec', `${errors}Requests/sec`)).errors).toBe(15);
  });

  test('something else is refused', () => {
    expect(() => parseWrk('unable to connect to 127.0.0.1:1 Connection refused')).toThrow(/no result/);
  });
});

test('CPU and memory of a process', () => {
  const before = cpuSeconds(process.pid);
  const until = process.cpuUsage().user + 60_000;
  while (process.cpuUsage().user < until);
  expect(cpuSeconds(process.pid)).toBeGreaterThan(before);
  const { now, most } = residentBytes(process.pid);
  expect(now).toBeGreaterThan(10 * 2 ** 20);
  expect(most).toBeGreaterThanOrEqual(now * 0.9);
});
