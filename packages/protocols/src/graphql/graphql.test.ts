import { describe, expect, test } from 'vitest';
import { bytesOf } from '../testing/recorder.ts';
import { describeRequestText, describeUrlQuery, readRequestText, requestTextOf } from './index.ts';

type Facts = Record<string, unknown>;

/** What a body of that type says, fed in pieces of `step` bytes. */
function body(text: string, { type = 'application/json', mask = true, step = 1_000_000, cut = false } = {}) {
  const request = requestTextOf(type);
  if (request === null) return null;
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += step) {
    readRequestText(request, bytes, at, Math.min(bytes.length, at + step));
  }
  request.cut ||= cut;
  const facts = {};
  const name = describeRequestText(request, facts, mask);
  return [name, facts] as const;
}

function named(name: string, type: string, document: string): readonly [string, Facts] {
  const facts: Facts = { 'graphql.operation.type': type, 'graphql.document': document };
  if (name !== '') facts['graphql.operation.name'] = name;
  return [name === '' ? type : `${type} ${name}`, facts];
}

const NOTHING = ['', {}];
const json = (members: Facts) => JSON.stringify(members);

describe('a body', () => {
  test.each<[string, string, readonly [string, Facts]]>([
    [
      'a name',
      json({ query: 'query Cart { cart { id } }' }),
      named('Cart', 'query', 'query Cart { cart { id } }'),
    ],
    ['no name', json({ query: '{ cart { id } }' }), named('', 'query', '{ cart { id } }')],
    [
      'strings and numbers are hidden, comments go',
      json({
        query:
          '# by me\nmutation Add($n: Int = 7, $s: String = "se\\"cret") @a(b: -1.5e+3) {\n  add(x: """se"cret\n\\""" """, n: $n, ok: true, kind: BOOK) { id }\n}',
      }),
      named(
        'Add',
        'mutation',
        'mutation Add($n: Int = ?, $s: String = ?) @a(b: ?) { add(x: ?, n: $n, ok: true, kind: BOOK) { id } }',
      ),
    ],
    [
      'the operation that is asked for',
      json({ query: 'query A { a } mutation B { b } fragment F on T { c }', operationName: 'B' }),
      named('B', 'mutation', 'query A { a } mutation B { b } fragment F on T { c }'),
    ],
    [
      'variables first, with all kinds of values',
      ' { "variables" : {"a":["}",{"b":"\\"]"}],"query":"no"} , "extensions": null,"operationName":null,"query":"subscription S{s}" }',
      named('S', 'subscription', 'subscription S{s}'),
    ],
    [
      'a list',
      `[${json({ query: 'query One { a }' })},${json({ query: 'query Two { a }' })}]`,
      named('One', 'query', 'query One { a }'),
    ],
    [
      'escapes',
      '{"query":"\\u0071uery\\tA\\u007b a(b: \\"c\\\\\\" d\\") }"}',
      named('A', 'query', 'query A{ a(b: ?) }'),
    ],
    [
      'a persisted query',
      json({
        operationName: 'Cart',
        variables: { id: 'secret' },
        extensions: { persistedQuery: { version: 1 } },
      }),
      ['Cart', { 'graphql.operation.name': 'Cart' }],
    ],
  ])('%s', (_, text, expected) => {
    for (const step of [1_000_000, 1, 7]) expect(body(text, { step })).toEqual(expected);
  });

  test.each([
    '',
    '{}',
    '[]',
    '{"id":7,"query":"{ a }"}',
    '{"query":{"match":{"a":"b"}}}',
    '{"query":"shoes"}',
    '{"query":"mutation testing"}',
    '{"query":"query"}',
    '{"query":"{"}',
    '{"query":"type A { b: Int }"}',
    '{"query":"a } {"}',
    '{"query":7}',
    '{"operationName":"Cart"}',
    '{"operationName":"no name","extensions":{}}',
    '{"variables":{}}',
    '"query"',
    '\x1f\x8b\x08',
  ])('%j is none', (text) => {
    for (const step of [1_000_000, 1]) expect(body(text, { step })).toEqual(NOTHING);
  });

  test('of another type is not looked at; the document alone has a type of its own', () => {
    expect(body(json({ query: '{ a }' }), { type: 'application/jsonlines' })).toBeNull();
    expect(body(json({ query: '{ a }' }), { type: 'text/plain' })).toBeNull();
    const charset = 'Application/JSON; charset=utf-8';
    expect(body(json({ query: '{ a }' }), { type: charset })).toEqual(named('', 'query', '{ a }'));
    expect(body('query A { a }', { type: 'application/graphql' })).toEqual(
      named('A', 'query', 'query A { a }'),
    );
  });

  test('cut anywhere it never shows a literal, nor a name in part', () => {
    const whole = json({
      query: 'mutation Subscribe { a(b: "secret", c: 471147, d: "x\\"secret") }',
      variables: { v: 'secret' },
    });
    for (let length = 0; length < whole.length; length++) {
      const [name, facts] = body(whole.slice(0, length), { cut: true })!;
      expect(['', 'mutation', 'mutation Subscribe']).toContain(name);
      expect(JSON.stringify(facts)).not.toMatch(/secr|47/);
    }
  });

  test('a long one is kept in part', () => {
    const long = json({ query: `query Long { ${'field '.repeat(5000)} }` });
    const request = requestTextOf('application/json')!;
    const bytes = bytesOf(long);
    for (let at = 0; at < bytes.length; at += 100) readRequestText(request, bytes, at, at + 100);
    expect(request.bytes.length).toBeLessThanOrEqual(8_192);
    expect(request.over).toBe(true);
    const facts: Record<string, string> = {};
    expect(describeRequestText(request, facts, true)).toBe('query Long');
    expect(facts['graphql.document']).toHaveLength(2_048);
    const hidden: Record<string, string> = {};
    describeRequestText(request, hidden, false);
    expect(hidden['graphql.document']).toHaveLength(2_048);
  });

  test('without the mask the document stands as it was sent', () => {
    const query = '{ a(b: "value") # why\n}';
    expect(body(json({ query }), { mask: false })![1]).toMatchObject({ 'graphql.document': query });
  });
});

describe('the query of a URL', () => {
  const asked = (query: string, cut = false) => {
    const facts = {};
    return [describeUrlQuery(query, cut, facts, true), facts];
  };
  test.each<[string, readonly [string, Facts]]>([
    [
      `query=${encodeURIComponent('query A { a(b: "c&d=é") }')}&variables=%7B%7D`,
      named('A', 'query', 'query A { a(b: ?) }'),
    ],
    ['x=1&query=query+A{a}query+B{b}&operationName=B', named('B', 'query', 'query A{a}query B{b}')],
    ['operationName=A&extensions=%7B%22persistedQuery%22%3A1%7D', ['A', { 'graphql.operation.name': 'A' }]],
  ])('%s', (query, expected) => expect(asked(query)).toEqual(expected));

  test.each([
    'query=shoes',
    'query=',
    'query=%7B',
    'query=%zz',
    'subquery=%7Ba%7D',
    'operationName=A',
    'page=7',
  ])('%s is none', (query) => expect(asked(query)).toEqual(NOTHING));

  test('cut within a character', () => {
    const query = `query=${encodeURIComponent('query A { a(b: "é')}`;
    for (const length of [1, 2, 3, 4, 5]) {
      expect(asked(query.slice(0, -length), true)).toEqual(named('A', 'query', 'query A { a(b: ?'));
    }
  });
});
