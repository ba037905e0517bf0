import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LAST_RANGES,
  NO_SEARCH,
  queryWindow,
  readSearch,
  type SearchState,
  writeSearch,
} from './search-state.ts';
import { readTraceState, type TraceState, writeTraceState } from './trace-state.ts';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const ids = fc.uniqueArray(hex(16), { maxLength: 5 }).map((list) => new Set(list));

const searchState: fc.Arbitrary<SearchState> = fc.record({
  service: fc.option(text),
  endpoint: fc.option(text),
  status: fc.option(fc.constantFrom('ok', 'error', 'unset')),
  minDuration: fc.option(fc.constantFrom('10ms', '1.5s', '3µs')),
  q: fc.oneof(fc.constant(''), text),
  range: fc.oneof(
    fc.constantFrom(...LAST_RANGES.keys()).map((minutes) => ({ kind: 'last' as const, minutes })),
    fc
      .tuple(fc.bigInt({ min: 0n, max: 10n ** 18n }), fc.bigInt({ min: 1n, max: 10n ** 15n }))
      .map(([from, length]) => ({ kind: 'between' as const, from: String(from), to: String(from + length) })),
  ),
  live: fc.boolean(),
  at: fc.option(hex(32)),
});

const traceState: fc.Arbitrary<TraceState> = fc.record({
  span: fc.option(hex(16)),
  depth: fc.option(fc.nat({ max: 999 })),
  toggled: ids,
  unfolded: ids,
  zoom: fc.option(
    fc
      .tuple(fc.nat(), fc.integer({ min: 1, max: 1e9 }))
      .map(([from, length]) => ({ from, to: from + length })),
  ),
  find: fc.oneof(fc.constant(''), text),
});

describe('states in the URL', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(searchState, traceState, (search, trace) => {
        expect(readSearch(writeSearch(search))).toEqual(search);
        expect(readTraceState(writeTraceState(trace))).toEqual(trace);
      }),
    );
  });

  it('are short when nothing is special', () => {
    expect(writeSearch(NO_SEARCH)).toBe('');
    expect(writeTraceState(readTraceState(''))).toBe('');
  });

  it('are read from anything, what makes no sense left out', () => {
    fc.assert(
      fc.property(fc.string(), (search) => {
        expect(() => [readSearch(search), readTraceState(search)]).not.toThrow();
      }),
    );
    expect(readSearch('?status=broken&minDuration=fast&from=9&to=3&last=1y&at=x')).toEqual(NO_SEARCH);
    expect(readTraceState('?span=1&depth=-1&zoom=9-3&toggled=a.b')).toEqual(readTraceState(''));
  });

  it('give the window that the API takes', () => {
    expect(queryWindow({ kind: 'last', minutes: 5 }, 1_000_000)).toEqual({ from: '700000000000', to: null });
    expect(queryWindow({ kind: 'between', from: '1', to: '2' }, 0)).toEqual({ from: '1', to: '2' });
  });
});
