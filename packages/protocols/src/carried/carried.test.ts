import { describe, expect, test } from 'vitest';
import {
  addCarried,
  addRequestId,
  type CarrierName,
  carriedIn,
  type RankedIds,
  settleCarried,
} from './carried.ts';

type Ids = RankedIds | null;

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('carriedIn', () => {
  test.each([
    ['traceparent', `00-${TRACE}-${SPAN}-01`],
    ['traceparent', `00-${TRACE}-${SPAN}-00`],
    ['traceparent', `01-${TRACE}-${SPAN}-01`],
    ['traceparent', `cc-${TRACE}-${SPAN}-01-what-comes-later`],
    ['b3', `${TRACE}-${SPAN}`],
    ['b3', `${TRACE}-${SPAN}-1`],
    ['b3', `${TRACE}-${SPAN}-d-05e3ac9a4f6e3b90`],
    ['uber-trace-id', `${TRACE}:${SPAN}:0:1`],
    ['uber-trace-id', `${TRACE}%3A${SPAN}%3a0%3A1`],
    ['b3', `${TRACE.toUpperCase()}-${SPAN}`],
  ])('%s: %s', (name, value) => {
    expect(carriedIn(name, value)).toEqual({ traceId: TRACE, spanId: SPAN });
  });

  test('short ids are padded', () => {
    expect(carriedIn('b3', `${SPAN}-${SPAN}`)?.traceId).toBe(`0000000000000000${SPAN}`);
    expect(carriedIn('uber-trace-id', 'abc:1:0:1')).toEqual({
      traceId: '00000000000000000000000000000abc',
      spanId: '0000000000000001',
    });
  });

  test.each([
    ['traceparent', ''],
    ['traceparent', `00-${TRACE}-${SPAN}`],
    ['traceparent', `00-${TRACE}-${SPAN}-01-more`],
    ['traceparent', `01-${TRACE}-${SPAN}-01more`],
    ['traceparent', `ff-${TRACE}-${SPAN}-01`],
    ['traceparent', `0g-${TRACE}-${SPAN}-01`],
    ['traceparent', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['traceparent', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['traceparent', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['traceparent', `00-${TRACE}-${SPAN}-0x`],
    ['traceparent', `00_${TRACE}-${SPAN}-01`],
    ['b3', '0'],
    ['b3', 'd'],
    ['b3', `${TRACE.slice(1)}-${SPAN}`],
    ['b3', `${'0'.repeat(32)}-${SPAN}`],
    ['b3', `${TRACE}-`],
    ['uber-trace-id', `${TRACE}:${SPAN}:0`],
    ['uber-trace-id', `0:0:0:0`],
    ['uber-trace-id', `${TRACE}1:${SPAN}:0:1`],
    ['uber-trace-id', 'x'.repeat(10_000)],
    ['x-request-id', TRACE],
    ['x-datadog-trace-id', '18446744073709551616'],
    ['x-datadog-trace-id', '0'],
    ['x-datadog-trace-id', 'abc'],
    ['x-amzn-trace-id', 'Root=1-67891233-abc'],
    ['sw8', '1-%%%-YQ==-3'],
    ['sw8', `1-${btoa('trace')}-${btoa('segment')}`],
    ['sofa-traceid', 'short'],
  ])('refuses %s: %s', (name, value) => {
    expect(carriedIn(name, value)).toBeNull();
  });
});

describe('several carriers in one message', () => {
  test('two B3 headers complete each other, in any order', () => {
    const forth = addCarried(addCarried(null, 'x-b3-traceid', TRACE), 'x-b3-spanid', SPAN);
    const back = addCarried(addCarried(null, 'x-b3-spanid', SPAN), 'x-b3-traceid', TRACE);
    expect(settleCarried(forth)).toEqual({ traceId: TRACE, spanId: SPAN });
    expect(settleCarried(back)).toEqual(settleCarried(forth));
  });

  test('traceparent wins wherever it stands, an invalid one does not', () => {
    const uber = addCarried(null, 'uber-trace-id', 'abc:1:0:1');
    const both = addCarried(uber, 'traceparent', `00-${TRACE}-${SPAN}-01`);
    expect(settleCarried(both)?.traceId).toBe(TRACE);
    expect(settleCarried(addCarried(both, 'uber-trace-id', 'abc:1:0:1'))?.traceId).toBe(TRACE);
    expect(settleCarried(addCarried(uber, 'traceparent', 'no'))?.spanId).toBe('0000000000000001');
  });

  test('a span id without a trace id is nothing', () => {
    expect(settleCarried(addCarried(null, 'x-b3-spanid', SPAN))).toBeNull();
    expect(settleCarried(null)).toBeNull();
  });
});

describe('vendors', () => {
  test('Datadog: decimal halves, the upper one in the tags, in any order', () => {
    const headers: readonly (readonly [CarrierName, string])[] = [
      ['x-datadog-trace-id', '1311768467463790320'],
      ['x-datadog-parent-id', '18446744073709551615'],
      ['x-datadog-tags', '_dd.p.dm=-1,_dd.p.tid=640cfd8d00000000'],
    ];
    const ids = { traceId: '640cfd8d00000000123456789abcdef0', spanId: 'f'.repeat(16) };
    for (const list of [headers, headers.toReversed()]) {
      expect(
        settleCarried(list.reduce<Ids>((best, [name, value]) => addCarried(best, name, value), null)),
      ).toEqual(ids);
    }
    expect(settleCarried(addCarried(null, 'x-datadog-trace-id', '255'))?.traceId).toBe(
      'ff'.padStart(32, '0'),
    );
    expect(settleCarried(addCarried(null, 'x-datadog-tags', headers[2]![1]))).toBeNull();
  });

  test('AWS: the root, and the parent if there is one', () => {
    const root = 'Root=1-67891233-abcdef012345678912345678';
    const traceId = '67891233abcdef012345678912345678';
    expect(carriedIn('x-amzn-trace-id', root)).toEqual({ traceId, spanId: null });
    expect(carriedIn('x-amzn-trace-id', `Self=1-1-2;${root};Parent=463ac35c9f6413ad;Sampled=1`)).toEqual({
      traceId,
      spanId: '463ac35c9f6413ad',
    });
  });

  test('SkyWalking: hex is itself, other texts are hashed and kept', () => {
    const sw8 = (trace: string, span = '3') =>
      `1-${btoa(trace)}-${btoa('segment')}-${span}-${btoa('shop')}-${btoa('i')}-${btoa('/')}-${btoa('h')}`;
    const plain = carriedIn('sw8', sw8(TRACE));
    expect(plain).toEqual({ traceId: TRACE, spanId: expect.stringMatching(/^[0-9a-f]{16}$/) });
    const text = 'a1.52.15770880';
    const hashed = carriedIn('sw8', sw8(text));
    expect(hashed).toEqual({
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      spanId: plain?.spanId,
      original: text,
    });
    expect(carriedIn('sw6', sw8(text))).toEqual(hashed);
    expect(carriedIn('sw8', sw8('a1.52.15770881'))?.traceId).not.toBe(hashed?.traceId);
    expect(carriedIn('sw8', sw8(text, '4'))?.spanId).not.toBe(hashed?.spanId);
    expect(settleCarried(addCarried(null, 'sw8', sw8(text)))).toEqual(hashed);
  });

  test('SOFA', () => {
    const value = '0a0fe91b1614155123456100112345';
    expect(carriedIn('rpc_trace_context.sofatraceid', value)).toEqual({
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      spanId: null,
      original: value,
    });
  });
});

describe('request ids', () => {
  const settled = (...headers: (readonly [CarrierName, string])[]) =>
    settleCarried(headers.reduce<Ids>((best, [name, value]) => addCarried(best, name, value), null));

  test('beside a trace id and without one; the value is not in it', () => {
    const alone = settled(['x-request-id', TRACE]);
    expect(alone).toMatchObject({ traceId: null, requestIds: [{ name: 'x-request-id', specific: true }] });
    expect(JSON.stringify(alone)).not.toContain(TRACE);
    const both = settled(['x-request-id', TRACE], ['traceparent', `00-${TRACE}-${SPAN}-01`]);
    expect(both).toEqual({ traceId: TRACE, spanId: SPAN, requestIds: alone?.requestIds });
  });

  test('the same value under another name, in capitals or braces, is the same', () => {
    const uuid = '9b2c1f6e-1c7d-4b7a-9f55-0d6f6f2f7b10';
    const hashes = [
      settled(['x-request-id', uuid]),
      settled(['x-correlation-id', `{${uuid.toUpperCase()}}`]),
    ].map((ids) => ids?.requestIds?.[0]?.hash);
    expect(hashes[0]).toBe(hashes[1]);
    expect(settled(['x-request-id', uuid], ['x-bfe-log-id', uuid])?.requestIds).toHaveLength(1);
    expect(settleCarried(addCarried(null, 'x-request-id', uuid, [1, 2]))?.requestIds?.[0]?.hash).not.toBe(
      hashes[0],
    );
  });

  test('a UUID is the same after Envoy has written into it why it traces', () => {
    const hash = (value: string) => settled(['x-request-id', value])?.requestIds?.[0]?.hash;
    expect(hash('9b2c1f6e-1c7d-9b7a-9f55-0d6f6f2f7b10')).toBe(hash('9b2c1f6e-1c7d-4b7a-9f55-0d6f6f2f7b10'));
    expect(hash('9b2c1f6e-1c7d-4b7b-9f55-0d6f6f2f7b10')).not.toBe(
      hash('9b2c1f6e-1c7d-4b7a-9f55-0d6f6f2f7b10'),
    );
    expect(hash('9b2c1f6e_1c7d_9b7a_9f55_0d6f6f2f7b10')).not.toBe(
      hash('9b2c1f6e_1c7d_4b7a_9f55_0d6f6f2f7b10'),
    );
  });

  test.each([
    ['00000000000000000001', false],
    ['request-of-the-shop', false],
    ['10000042', false],
    ['Zk3qW8xTn2bV5rLp', true],
  ])('%s: specific %s', (value, specific) => {
    expect(settled(['x-request-id', value])?.requestIds?.[0]?.specific).toBe(specific);
  });

  test('bounded', () => {
    expect(settled(['x-request-id', '1'])).toBeNull();
    expect(settled(['x-request-id', 'x'.repeat(5000)])).toBeNull();
    let ids: Ids = null;
    for (let i = 0; i < 100; i++) ids = addRequestId(ids, 'x-mine', `request-${i}`);
    expect(settleCarried(ids)?.requestIds).toHaveLength(4);
  });
});
