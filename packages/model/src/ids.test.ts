import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fnv1a, hash128, hex32 } from './hash.ts';
import {
  parseSpanId,
  parseTraceId,
  spanIdOf,
  tcpExchangeKey,
  udpExchangeKey,
  unixExchangeKey,
} from './ids.ts';

const word = fc.nat(0xffff_ffff);

describe('hash', () => {
  test.each([
    [0, '00000000'],
    [0xdeadbeef, 'deadbeef'],
    [-1, 'ffffffff'],
    [2 ** 32 + 10, '0000000a'],
  ])('hex of %i', (value, text) => {
    expect(hex32(value)).toBe(text);
  });

  // http://www.isthe.com/chongo/tech/comp/fnv/: test vectors.
  test.each([
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ])('FNV-1a of %j', (text, value) => {
    expect(fnv1a(new TextEncoder().encode(text))).toBe(value);
  });

  test('FNV-1a of the first bytes alone', () => {
    const bytes = new TextEncoder().encode('foobarbaz');
    expect(fnv1a(bytes, 6)).toBe(0xbf9cf968);
    expect(fnv1a(bytes, 100)).toBe(fnv1a(bytes));
  });

  test('every bit of every word changes about half of the bits', () => {
    const bits = (text: string) => BigInt(`0x${text}`);
    const ones = (value: bigint) => value.toString(2).replaceAll('0', '').length;
    const base: [number, number, number, number, number, number, number] = [1, 2, 3, 4, 5, 6, 7];
    const before = bits(hash128(...base));
    for (let at = 0; at < 7; at++) {
      for (let bit = 0; bit < 32; bit++) {
        const changed: typeof base = [...base];
        changed[at] = (changed[at]! ^ (1 << bit)) >>> 0;
        const difference = ones(before ^ bits(hash128(...changed)));
        expect(difference, `word ${at} bit ${bit}`).toBeGreaterThan(24);
        expect(difference, `word ${at} bit ${bit}`).toBeLessThan(104);
      }
    }
  });

  test('no collision among a hundred thousand keys of neighbouring numbers, nor of their first 64 bits', () => {
    const keys = new Set<string>();
    for (let request = 0; request < 320; request++) {
      for (let response = 0; response < 320; response++) {
        keys.add(hash128(1, request * 100, response * 100, 0, 0, 0, 0).slice(0, 16));
      }
    }
    expect(keys.size).toBe(320 * 320);
  });

  test('stays what it is: stored ids depend on it', () => {
    expect(hash128(0, 0, 0, 0, 0, 0, 0)).toMatchInlineSnapshot(`"434c651643c658ea1a92f04afe369ff9"`);
    expect(tcpExchangeKey(1, 2)).toMatchInlineSnapshot(`"4aa6b257869a8b537807a5ef6f414c58"`);
    expect(spanIdOf(tcpExchangeKey(1, 2), 4)).toMatchInlineSnapshot(`"89d58768804d8108"`);
  });
});

describe('exchange keys', () => {
  test('32 hex digits, the same for the same facts, whatever wraps', () => {
    fc.assert(
      fc.property(word, word, fc.nat(3), (request, response, turns) => {
        const key = tcpExchangeKey(request, response);
        expect(key).toMatch(/^[0-9a-f]{32}$/);
        expect(tcpExchangeKey(request + turns * 2 ** 32, response + turns * 2 ** 32)).toBe(key);
      }),
    );
  });

  test('direction, stream and kind of transport tell them apart', () => {
    const keys = [
      tcpExchangeKey(1, 2),
      tcpExchangeKey(2, 1),
      tcpExchangeKey(1, 2, 3),
      unixExchangeKey(1, 2, 0, 0),
      unixExchangeKey(2, 1, 0, 0),
      unixExchangeKey(1, 2, 0, 1),
      unixExchangeKey(1 + 2 ** 32, 2, 0, 0),
      udpExchangeKey(1, 2, 0, 0),
      udpExchangeKey(1, 2, 0, 1),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('span ids', () => {
  test('of each observation point, message and interface', () => {
    const key = tcpExchangeKey(1, 2);
    const ids = new Set<string>();
    for (let point = 0; point < 6; point++) {
      for (let index = 0; index < 8; index++) {
        for (let salt = 0; salt < 4; salt++) ids.add(spanIdOf(key, point, index, salt));
      }
    }
    expect(ids.size).toBe(6 * 8 * 4);
    for (const id of ids) expect(parseSpanId(id)).toBe(id);
  });
});

describe('as carriers and users write them', () => {
  test.each([
    ['00f067aa0ba902b7', '00f067aa0ba902b7'],
    ['00F067AA0BA902B7', '00f067aa0ba902b7'],
    ['0000000000000000', null],
    ['00f067aa0ba902b', null],
    ['00f067aa0ba902b7 ', null],
    ['', null],
  ])('span id %j', (text, id) => {
    expect(parseSpanId(text)).toBe(id);
  });

  test.each([
    ['4bf92f3577b34da6a3ce929d0e0e4736', '4bf92f3577b34da6a3ce929d0e0e4736'],
    ['4BF92F3577B34DA6A3CE929D0E0E4736', '4bf92f3577b34da6a3ce929d0e0e4736'],
    ['0'.repeat(32), null],
    ['4bf92f3577b34da6', null],
    ['g'.repeat(32), null],
  ])('trace id %j', (text, id) => {
    expect(parseTraceId(text)).toBe(id);
  });
});
