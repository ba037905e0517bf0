import { describe, expect, it } from 'vitest';
import { HttpError } from './http-error.ts';
import {
  decodeCursor,
  duration,
  encodeCursor,
  limit,
  onlyKnown,
  status,
  terms,
  timeWindow,
} from './parameters.ts';

function query(text: string): URLSearchParams {
  return new URLSearchParams(text);
}

describe('query parameters', () => {
  it('reads durations with their unit', () => {
    const read = (text: string): bigint | null =>
      duration(new URLSearchParams({ minDuration: text }), 'minDuration');
    expect([
      read('10ms'),
      read('1.5s'),
      read('3µs'),
      read('2us'),
      read('7ns'),
      read('2m'),
      read('1h'),
      read(''),
    ]).toEqual([10_000_000n, 1_500_000_000n, 3000n, 2000n, 7n, 120_000_000_000n, 3_600_000_000_000n, null]);
    for (const bad of ['10', 'ms', '-1s', '1e9s', '999999999999h', '1 s'])
      expect(() => read(bad)).toThrow(HttpError);
  });

  it('has the last hour as its window', () => {
    const now = 1_760_000_000_000_000_000n;
    const window = timeWindow(query(''), now);
    expect(window.to >= now).toBe(true);
    expect(window.to - window.from).toBe(3_600_000_000_000n);
    expect(timeWindow(query('from=5&to=7'), now)).toEqual({ from: 5n, to: 7n });
    expect(() => timeWindow(query('from=8&to=7'), now)).toThrow('exchange them');
    expect(() => timeWindow(query('from=now'), now)).toThrow('Unix nanoseconds');
    expect(() => timeWindow(query('from=9999999999999999999'), now)).toThrow(HttpError);
  });

  it('reads terms apart by spaces, quoted values included', () => {
    const read = (q: string): unknown =>
      terms(new URLSearchParams({ q })).map((term) => [term.key, term.value]);
    expect(read('a=1 http.route=/x=y  b= c="d e \\" f"')).toEqual([
      ['a', '1'],
      ['http.route', '/x=y'],
      ['b', ''],
      ['c', 'd e " f'],
    ]);
    expect(read('')).toEqual([]);
    expect(() => read('nonsense')).toThrow('attribute=value');
    expect(() => read('=x')).toThrow(HttpError);
    expect(() => read(Array.from({ length: 17 }, (_, i) => `a${i}=1`).join(' '))).toThrow('leave some out');
  });

  it('refuses what it does not know', () => {
    expect(() => onlyKnown(query('limitt=5'), ['limit'])).toThrow('this path takes limit');
    expect(() => limit(query('limit=1001'))).toThrow('1 to 1000');
    expect(() => limit(query('limit=x'))).toThrow(HttpError);
    expect(() => status(query('status=bad'))).toThrow('unset, ok, error');
    expect([limit(query('')), limit(query('limit=1000'))]).toEqual([50, 1000]);
  });

  it('takes back the cursors that it gave, and no others', () => {
    const cursor = encodeCursor(['12', 'ab']);
    expect(decodeCursor(query(`cursor=${cursor}`), [/^\d+$/, /^\w+$/])).toEqual(['12', 'ab']);
    expect(() => decodeCursor(query(`cursor=${cursor}`), [/^\d+$/])).toThrow('begin anew');
    expect(() => decodeCursor(query('cursor=%7B%7D'), [/^\d+$/])).toThrow(HttpError);
    expect(decodeCursor(query(''), [])).toBeNull();
  });
});
