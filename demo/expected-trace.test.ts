import { describe, expect, test } from 'vitest';
import { faultOfTrace, type ShopSpan } from './expected-trace.ts';

type Shape = readonly [service: string, what: string, ...children: Shape[]];

/** A trace in which each call has both its ends: of [service, what, calls…] the server's span is made, and its caller's. */
function spansOf(shape: Shape, caller = 'shoppers', parent: string | null = null, spans: ShopSpan[] = []) {
  const [service, what, ...calls] = shape;
  const [method, path] = what.split(' ');
  const isHttp = path?.startsWith('/') === true;
  const attributes = isHttp
    ? { 'http.request.method': method, 'url.path': path, 'http.response.status_code': 200 }
    : { 'db.query.text': what, 'db.response.returned_rows': 1 };
  const add = (kind: string, by: string, above: string | null) => {
    const spanId = String(spans.length);
    spans.push({ spanId, parentSpanId: above, kind, service: by, name: what, attributes });
    return spanId;
  };
  const served = add('server', service, add('client', caller, parent));
  for (const call of calls) spansOf(call, service, served, spans);
  return spans;
}

const product: Shape = [
  'nginx',
  'GET /products/rope',
  [
    'storefront',
    'GET /products/rope',
    [
      'pricing',
      'GET /prices/rope',
      ['postgres', 'SELECT cents FROM prices WHERE sku = $1'],
      ['postgres', 'SELECT cents FROM prices WHERE sku = $1'],
    ],
    ['orders', 'GET /stock/rope', ['redis-server', 'GET stock:rope']],
  ],
];

describe('a trace of the shop', () => {
  test('is right when it has what the programs do', () => {
    expect(faultOfTrace(spansOf(product), 'GET /products/rope')).toBeNull();
  });

  test('is wrong for another request', () => {
    expect(faultOfTrace(spansOf(product), 'GET /products/anvil')).toMatch(/its root is/);
  });

  test('is wrong without one of its spans, whichever it is', () => {
    const spans = spansOf(product);
    for (const gone of spans) {
      expect(
        faultOfTrace(
          spans.filter((span) => span !== gone),
          'GET /products/rope',
        ),
      ).not.toBeNull();
    }
  });

  test('is wrong with the same call of another request', () => {
    const foreign = spansOf(['redis-server', 'GET stock:rope'], 'orders');
    const spans = spansOf(product);
    const place = spans.find(({ kind, name }) => kind === 'server' && name === 'GET /stock/rope')!.spanId;
    const joined = foreign.map((span) => ({
      ...span,
      spanId: `f${span.spanId}`,
      parentSpanId: span.parentSpanId === null ? place : `f${span.parentSpanId}`,
    }));
    expect(faultOfTrace([...spans, ...joined], 'GET /products/rope')).toMatch(/a call too many/);
  });

  test('is wrong when a span hangs in the wrong place', () => {
    const spans = spansOf(product);
    const nginx = spans.find(({ kind, service }) => kind === 'server' && service === 'nginx')!;
    for (const moved of spans.filter(
      ({ spanId, parentSpanId }) => Number(spanId) > 3 && parentSpanId !== nginx.spanId,
    )) {
      const elsewhere = spans.map((span) =>
        span === moved ? { ...span, parentSpanId: nginx.spanId } : span,
      );
      expect(faultOfTrace(elsewhere, 'GET /products/rope')).not.toBeNull();
    }
  });
});
