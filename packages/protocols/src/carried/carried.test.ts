import { describe, expect, test } from 'vitest';
import { addCarried, carriedIn, settleCarried } from './carried.ts';

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
