import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HpackDecoder } from './decoder.ts';
import { decodeHuffman } from './huffman.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const everything: ReadonlySet<string> = new (class extends Set<string> {
  override has(): boolean {
    return true;
  }
})();

function decode(decoder: HpackDecoder, text: string): string[] | null {
  const bytes = hex(text);
  if (!decoder.decode(bytes, 0, bytes.length)) return null;
  return decoder.fields.slice(0, decoder.count).map(({ name, value }) => `${name}: ${value}`);
}

const GET = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
const SECOND = [...GET, 'cache-control: no-cache'];
const THIRD = [
  ...[':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com'],
  'custom-key: custom-value',
];
const ANSWER = [
  ...[':status: 302', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:21 GMT'],
  'location: https://www.example.com',
];
const LAST = [
  ...[':status: 200', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:22 GMT'],
  ...['location: https://www.example.com', 'content-encoding: gzip'],
  'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
];
/** The examples of C.5 and C.6 have a table of 256 bytes. */
const SMALL_TABLE = '3fe101';

describe('RFC 7541 Appendix C', () => {
  test.each([
    ['C.2.1', '400a637573746f6d2d6b65790d637573746f6d2d686561646572', ['custom-key: custom-header']],
    ['C.2.2', '040c2f73616d706c652f70617468', [':path: /sample/path']],
    ['C.2.3', '100870617373776f726406736563726574', ['password: secret']],
    ['C.2.4', '82', [':method: GET']],
  ])('%s', (_, bytes, fields) => {
    expect(decode(new HpackDecoder(everything), bytes)).toEqual(fields);
  });

  test.each([
    [
      'C.3, requests without Huffman coding',
      '828684410f7777772e6578616d706c652e636f6d',
      '828684be58086e6f2d6361636865',
      '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
      [GET, SECOND, THIRD],
    ],
    [
      'C.4, requests with Huffman coding',
      '828684418cf1e3c2e5f23a6ba0ab90f4ff',
      '828684be5886a8eb10649cbf',
      '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
      [GET, SECOND, THIRD],
    ],
    [
      'C.5, responses without Huffman coding, with eviction',
      `${SMALL_TABLE}4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d`,
      '4803333037c1c0bf',
      '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
      [ANSWER, [':status: 307', ...ANSWER.slice(1)], LAST],
    ],
    [
      'C.6, responses with Huffman coding, with eviction',
      `${SMALL_TABLE}488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3`,
      '4883640effc1c0bf',
      '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
      [ANSWER, [':status: 307', ...ANSWER.slice(1)], LAST],
    ],
  ])('%s', (_, first, second, third, expected) => {
    const decoder = new HpackDecoder(everything);
    expect([first, second, third].map((bytes) => decode(decoder, bytes))).toEqual(expected);
  });
});

describe('a table that is older than the watch', () => {
  test('what was added before is unknown, what is added is known from then on', () => {
    const decoder = new HpackDecoder(everything);
    decoder.forget();
    expect(decode(decoder, '82bec0')).toEqual([':method: GET', ': ', ': ']);
    expect(decode(decoder, '400161016240016301 64')).toEqual(['a: b', 'c: d']);
    expect(decode(decoder, 'bebfc0')).toEqual(['c: d', 'a: b', ': ']);
  });

  test('a literal whose name is unknown is added all the same: the others keep their places', () => {
    const decoder = new HpackDecoder(everything);
    decoder.forget();
    expect(decode(decoder, '4001610162 7f000178')).toEqual(['a: b', ': x']);
    expect(decode(decoder, 'bebf')).toEqual([': x', 'a: b']);
  });

  test('emptied by its sender, it is known as a whole', () => {
    const decoder = new HpackDecoder(everything);
    decoder.forget();
    expect(decode(decoder, '203fe11f4001610162')).toEqual(['a: b']);
    expect(decode(decoder, 'be')).toEqual(['a: b']);
    expect(decode(decoder, 'bf')).toBeNull();
  });
});

describe('what is no header block', () => {
  test.each([
    ['index 0', '80'],
    ['an index that nobody added', 'be'],
    ['an index that goes on for ever', 'ffffffffffffffffff'],
    ['a cut index', 'ff'],
    ['a name that is longer than the block', '400a6162'],
    ['no name', '40000161'],
    ['no value', '400161'],
    ['a size update after a field', '8220'],
    ['EOS', '400161 84ffffffff'],
    ['padding that is not the begin of EOS', '4001618101'],
    ['eight bits of padding', '40016181ff'],
  ])('%s', (_, bytes) => {
    expect(decode(new HpackDecoder(everything), bytes)).toBeNull();
  });

  test('after it the table is unknown, not wrong', () => {
    const decoder = new HpackDecoder(everything);
    decode(decoder, '4001610162');
    expect(decode(decoder, '80')).toBeNull();
    expect(decode(decoder, 'be')).toEqual([': ']);
  });
});

test('values that nobody asked for are not kept, and count for the table', () => {
  const decoder = new HpackDecoder(new Set(['a']));
  // The table holds 64 bytes: the entry of 34 bytes, not also the one of 36.
  expect(decode(decoder, '3f2140016101624001630378 7979')).toEqual(['a: b', 'c: ']);
  expect(decode(decoder, 'be')).toEqual(['c: ']);
  expect(decode(decoder, 'bf')).toBeNull();
});

test('a table that its peer may make larger than is kept loses its end, not its order', () => {
  const decoder = new HpackDecoder(everything);
  const large = `40016a7fa10f${'61'.repeat(2080)}`;
  expect(decode(decoder, `3fe1ff3f${large}`)).toHaveLength(1);
  for (let i = 0; i < 40; i++) decode(decoder, large);
  expect(decode(decoder, 'be')?.[0]).toBe(`j: ${'a'.repeat(2080)}`);
  expect(decode(decoder, 'e4')).toEqual([': ']);
});

test('any bytes: an answer, not an exception', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 8 }), (blocks) => {
      const decoder = new HpackDecoder(everything);
      for (const block of blocks) {
        const isGood = decoder.decode(block, 0, block.length);
        if (isGood) expect(decoder.count).toBeLessThanOrEqual(block.length);
      }
    }),
    { numRuns: 2_000, seed: 1 },
  );
});

test('every symbol decodes to itself, whatever follows', () => {
  // The codes of RFC 7541 Appendix B for ten symbols of different lengths, as bits.
  const codes: Record<string, string> = {
    '0': '00000',
    a: '00011',
    t: '01001',
    A: '100001',
    z: '1111011',
    '&': '11111000',
    '!': '1111111000',
    '#': '111111111010',
    '<': '111111111111100',
    '\\': '1111111111111110000',
  };
  for (const first of Object.keys(codes)) {
    for (const second of Object.keys(codes)) {
      const bits = codes[first]! + codes[second]!;
      const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
      const bytes = Uint8Array.from(padded.match(/.{8}/g)!, (byte) => Number.parseInt(byte, 2));
      const out = new Uint8Array(16);
      const length = decodeHuffman(bytes, 0, bytes.length, out);
      expect(Buffer.from(out.subarray(0, length)).toString()).toBe(first + second);
    }
  }
});
