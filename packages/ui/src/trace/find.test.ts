import { describe, expect, it } from 'vitest';
import { exchange, makeSpan, makeTrace } from '../testing/traces.ts';
import { groupAttributes, searchTerm } from './attributes.ts';
import { findRows } from './find.ts';
import { traceRows } from './rows.ts';

describe('findRows', () => {
  const { rows } = traceRows(
    makeTrace([
      ...exchange(1, null, 'load', 'shop', [0, 9], [1, 8]),
      makeSpan({
        id: 3,
        parent: 2,
        service: 'Billing',
        from: 2,
        to: 5,
        more: { attributes: { 'url.path': '/pay/7', 'http.response.status_code': 503 }, status: 'error' },
      }),
    ]),
  );

  it('looks at service, name, values and state', () => {
    for (const text of [
      'billing',
      ' PAY/7',
      'error',
      '503',
      'url.path=/pay/7',
      'http.response.status_code=503',
    ]) {
      expect([text, findRows(rows, text)]).toEqual([text, [1]]);
    }
    expect(findRows(rows, 'load')).toEqual([0]);
    expect(findRows(rows, 'url.path=/pay')).toEqual([]);
    expect(findRows(rows, '  ')).toBeNull();
  });
});

describe('attributes', () => {
  it('stand under headings, in order', () => {
    const groups = groupAttributes({
      'process.pid': 1,
      'url.path': '/',
      'http.request.method': 'GET',
      'weft.opaque': true,
      custom: 'x',
    });
    expect(groups.map(({ title, entries }) => [title, entries.map(([key]) => key)])).toEqual([
      ['HTTP', ['http.request.method', 'url.path']],
      ['Process', ['process.pid']],
      ['Weft', ['weft.opaque']],
      ['Other', ['custom']],
    ]);
  });

  it('become terms that the server reads', () => {
    expect(searchTerm('url.path', '/orders/7')).toBe('url.path=/orders/7');
    expect(searchTerm('db.query.text', 'SELECT "a" \\ b')).toBe('db.query.text="SELECT \\"a\\" \\\\ b"');
  });
});
