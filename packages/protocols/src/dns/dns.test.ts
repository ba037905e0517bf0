import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { detectProtocol } from '../registry.ts';
import {
  datagram,
  dnsText,
  frame,
  nameOf,
  POINTER,
  questionOf,
  RESPONSE,
  recordOf,
  u16,
} from '../testing/dns-messages.ts';
import { bytesOf, createFeeder, createRecorder } from '../testing/recorder.ts';
import { dns } from './index.ts';

const QUESTION = questionOf('www.example.com');
const ADDRESS = recordOf(POINTER, 1, '\x0a\x00\x00\x07');
const OPT = recordOf('\x00', 41, '');

function start(datagrams = true) {
  const recorder = createRecorder();
  const parser = dns.createParser(recorder, { mask: true, datagrams });
  return { ...recorder, ...createFeeder(parser), parser };
}

describe('a question and its answer', () => {
  test('over UDP', () => {
    const c = start();
    c.feed(TO_SERVER, datagram({ id: 4711, questions: [QUESTION], additional: [OPT] }));
    const answers = [
      recordOf(POINTER, 5, `${nameOf('cdn.example.net')}`),
      recordOf(POINTER, 1, '\x0a\x00\x00\x07'),
      recordOf(POINTER, 28, `\x20\x01\x0d\xb8${'\x00'.repeat(11)}\x01`),
    ];
    c.feed(TO_CLIENT, datagram({ id: 4711, flags: RESPONSE, questions: [QUESTION], answers }));
    expect(c.messages).toEqual([
      expect.objectContaining({
        kind: 'request',
        name: 'DNS A',
        attributes: {
          'dns.question.name': 'www.example.com',
          'weft.dns.question.type': 'A',
          'weft.dns.id': 4711,
        },
      }),
      expect.objectContaining({
        kind: 'response',
        status: 'ok',
        attributes: { 'weft.dns.response.code': 'NOERROR', 'dns.answers': '10.0.0.7,2001:db8::1' },
      }),
    ]);
    expect(c.causes).toEqual([]);
  });

  test.each([
    [0x8182, 'SERVFAIL'],
    [0x8183, 'NXDOMAIN'],
    [0x8185, 'REFUSED'],
    [0x818e, 'RCODE14'],
  ])('flags %i are %s', (flags, code) => {
    const c = start();
    c.feed(TO_CLIENT, datagram({ flags, questions: [QUESTION] }));
    expect(c.messages[0]).toMatchObject({
      status: 'error',
      attributes: { 'weft.dns.response.code': code, 'error.type': code },
    });
  });

  test('EDNS gives the code its upper bits', () => {
    const c = start();
    const bad = recordOf('\x00', 41, '', '\x01\x00\x00\x00');
    c.feed(TO_CLIENT, datagram({ flags: RESPONSE, questions: [QUESTION], additional: [bad] }));
    expect(c.messages[0]?.attributes['weft.dns.response.code']).toBe('BADVERS');
  });

  test.each([
    [0x2400, 6, 'DNS NOTIFY SOA', 'NOTIFY'],
    [0x2800, 6, 'DNS UPDATE', 'UPDATE'],
    [0x0100, 65, 'DNS HTTPS', undefined],
    [0x0100, 1234, 'DNS TYPE1234', undefined],
  ])('flags %i, type %i: %s', (flags, type, name, opcode) => {
    const c = start();
    c.feed(TO_SERVER, datagram({ flags, questions: [questionOf('example.com', type)] }));
    expect(c.messages[0]?.name).toBe(name);
    expect(c.messages[0]?.attributes['weft.dns.opcode']).toBe(opcode);
  });

  test('several questions', () => {
    const c = start();
    c.feed(TO_SERVER, datagram({ questions: [QUESTION, `${POINTER}${u16(28)}${u16(1)}`] }));
    expect(c.messages[0]?.attributes).toMatchObject({
      'weft.dns.questions': 2,
      'dns.question.name': 'www.example.com',
    });
  });

  test('names that cannot be printed', () => {
    const c = start();
    c.feed(TO_SERVER, datagram({ questions: [`\x04a.\x00"\x01\t\x00${u16(1)}${u16(1)}`] }));
    c.feed(TO_SERVER, datagram({ questions: [questionOf('', 2)] }));
    expect(c.messages.map((m) => m.attributes['dns.question.name'])).toEqual(['a\\.\\000\\".\\t', '.']);
  });

  test('an answer that did not fit', () => {
    const c = start();
    c.feed(TO_CLIENT, datagram({ flags: 0x8380, questions: [QUESTION] }));
    expect(c.messages[0]?.attributes['weft.dns.truncated']).toBe(true);
  });
});

describe('pairing', () => {
  const pairingIds = (datagrams: readonly (readonly [0 | 1, Uint8Array])[]) => {
    const ids: (number | string | null)[] = [];
    const recorder = createRecorder();
    const sink = {
      ...recorder,
      message: (message: Parameters<typeof recorder.message>[0]) => {
        ids.push(message.pairingId);
        recorder.message(message);
      },
    };
    const feeder = createFeeder(dns.createParser(sink, { mask: true, datagrams: true }));
    for (const [side, bytes] of datagrams) feeder.feed(side, bytes);
    return ids;
  };

  test('one id of two clients is two queries; spelling does not matter', () => {
    const [a, b, answerB, answerA] = pairingIds([
      [TO_SERVER, datagram({ questions: [questionOf('a.example')] })],
      [TO_SERVER, datagram({ questions: [questionOf('b.example')] })],
      [TO_CLIENT, datagram({ flags: RESPONSE, questions: [questionOf('b.example')] })],
      [TO_CLIENT, datagram({ flags: RESPONSE, questions: [questionOf('A.Example')] })],
    ]);
    expect(a).not.toBe(b);
    expect([answerA, answerB]).toEqual([a, b]);
  });

  test('an answer without the question is paired by its id', () => {
    const [query, answer] = pairingIds([
      [TO_SERVER, datagram({ id: 9, questions: [QUESTION] })],
      [TO_CLIENT, datagram({ id: 9, flags: 0x8185 })],
    ]);
    expect(answer).toBe(query);
  });

  test('a query that is sent again is one query', () => {
    const c = start();
    const query = datagram({ questions: [QUESTION] });
    const answer = datagram({ flags: RESPONSE, questions: [QUESTION], answers: [ADDRESS] });
    for (const bytes of [query, query, query]) c.feed(TO_SERVER, bytes);
    c.feed(TO_CLIENT, answer);
    c.feed(TO_SERVER, query);
    c.feed(TO_CLIENT, answer);
    expect(c.messages.map((m) => [m.kind, m.attributes['weft.dns.retransmissions']])).toEqual([
      ['request', undefined],
      ['response', 2],
      ['request', undefined],
      ['response', undefined],
    ]);
  });

  test('what nobody answers is bounded', () => {
    const c = start();
    for (let i = 0; i < 10_000; i++) c.feed(TO_SERVER, datagram({ id: i, questions: [QUESTION] }));
    c.feed(TO_SERVER, datagram({ id: 9_999, questions: [QUESTION] }));
    c.feed(TO_SERVER, datagram({ id: 0, questions: [QUESTION] }));
    expect(c.messages).toHaveLength(10_001);
  });
});

describe('streams', () => {
  const first = { id: 1, questions: [questionOf('a.example')] };
  const second = { id: 2, questions: [questionOf('b.example', 28)] };
  const text = (bytes: Uint8Array) => String.fromCharCode(...bytes);

  test('pipelined queries, answered out of order, in reads of any size', () => {
    const whole = start(false);
    const asked = text(frame(first)) + text(frame(second));
    const answered =
      text(frame({ ...second, flags: RESPONSE })) +
      text(frame({ ...first, flags: RESPONSE, answers: [ADDRESS] }));
    whole.feed(TO_SERVER, asked);
    whole.feed(TO_CLIENT, answered);
    expect(whole.messages.map((m) => [m.kind, m.start, m.end])).toEqual([
      ['request', 1000, 1000 + asked.length / 2],
      ['request', 1000 + asked.length / 2, 1000 + asked.length],
      ['response', 5000, 5000 + asked.length / 2],
      ['response', 5000 + asked.length / 2, 5000 + answered.length],
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (sizes) => {
        const cut = start(false);
        for (const [side, bytes] of [
          [TO_SERVER, asked],
          [TO_CLIENT, answered],
        ] as const) {
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = sizes[i % sizes.length]!;
            cut.feed(side, bytes.slice(at, at + size));
            at += size;
          }
        }
        expect(cut.messages).toEqual(whole.messages);
        expect(cut.causes).toEqual([]);
      }),
    );
  });

  test('a large answer: what is not needed need not be copied', () => {
    const answers = Array.from({ length: 900 }, () => ADDRESS);
    const bytes = frame({ ...first, flags: RESPONSE, answers });
    const c = start(false);
    c.feed(TO_SERVER, frame(first));
    c.feed(TO_CLIENT, bytes.slice(0, 4000));
    expect(c.parser.neededFrom(TO_CLIENT)).toBe(5000 + bytes.length);
    c.gap(TO_CLIENT, bytes.length - 4000);
    c.feed(TO_CLIENT, frame({ ...second, flags: RESPONSE }));
    expect(c.messages.map((m) => m.kind)).toEqual(['request', 'response', 'response']);
    expect(String(c.messages[1]?.attributes['dns.answers']).split(',')).toHaveLength(16);
    expect(c.causes).toEqual([]);
  });

  test('a gap is counted once, and the next good message is read', () => {
    const c = start(false);
    c.feed(TO_SERVER, frame(first).slice(0, 1));
    c.gap(TO_SERVER, 100);
    c.feed(TO_SERVER, '\x00\x00\x00nonsense');
    c.feed(TO_SERVER, frame(second));
    expect(c.messages.map((m) => m.name)).toEqual(['DNS AAAA']);
    expect(c.causes).toEqual(['to-server gap']);
  });

  test('a zone transfer is one answer, as long as it lasts', () => {
    const c = start(false);
    const zone = questionOf('example', 252);
    c.feed(TO_SERVER, frame({ questions: [zone] }));
    c.feed(TO_CLIENT, frame({ flags: RESPONSE, questions: [zone], answers: [ADDRESS] }));
    c.feed(
      TO_CLIENT,
      frame({ flags: RESPONSE, answers: [recordOf(nameOf('x.example'), 1, '\x01\x02\x03\x04')] }),
    );
    expect(c.messages[1]?.end).toBe(-1);
    const last = c.at(TO_CLIENT);
    c.finish(TO_CLIENT);
    expect(c.messages.map((m) => [m.name, m.end])).toEqual([
      ['DNS AXFR', c.at(TO_SERVER)],
      ['', last],
    ]);
  });
});

describe('refuses', () => {
  const good = dnsText({ questions: [QUESTION] });
  const response = dnsText({ flags: RESPONSE, questions: [QUESTION], answers: [ADDRESS] });
  test.each([
    ['a reserved bit', dnsText({ flags: 0x0140, questions: [QUESTION] })],
    ['an unknown operation', dnsText({ flags: 0x7900, questions: [QUESTION] })],
    ['a query with a result', dnsText({ flags: 0x0103, questions: [QUESTION] })],
    ['a query without a question', dnsText({})],
    ['an unknown class', dnsText({ questions: [questionOf('a', 1, 2)] })],
    ['a label of 64 bytes', dnsText({ questions: [`\x40${'a'.repeat(64)}\x00${u16(1)}${u16(1)}`] })],
    [
      'a name of 256 bytes',
      dnsText({ questions: [questionOf(['a', 'b', 'c', 'd', 'e'].map((l) => l.repeat(62)).join('.'))] }),
    ],
    ['a pointer to itself', dnsText({ questions: [`${POINTER}${u16(1)}${u16(1)}`] })],
    ['a pointer forwards', dnsText({ questions: [`\xc0\x20${u16(1)}${u16(1)}`] })],
    ['a pointer loop', dnsText({ questions: [`\x01a${POINTER}${u16(1)}${u16(1)}`] })],
    ['something behind it', `${good}x`],
    ['a question in the wrong direction', response],
  ])('%s', (_, text) => {
    const c = start();
    c.feed(TO_SERVER, text);
    expect(c.messages).toEqual([]);
    expect(c.causes).toEqual(['to-server message']);
    c.feed(TO_SERVER, good);
    expect(c.messages).toHaveLength(1);
  });
});

describe('detection', () => {
  const query = { questions: [QUESTION] };
  test('by the message alone, over both transports', () => {
    for (const bytes of [datagram(query), frame(query)]) {
      expect(detectProtocol(bytes, null)?.protocol.name).toBe('dns');
      expect(dns.detect(bytes, TO_CLIENT)).toBe(0);
      expect(dns.sideOf(bytes)).toBe(TO_SERVER);
    }
    const answer = datagram({ ...query, flags: RESPONSE, answers: [ADDRESS] });
    expect(detectProtocol(answer, TO_CLIENT)?.protocol.name).toBe('dns');
    expect(dns.sideOf(answer)).toBe(TO_CLIENT);
  });

  test('what a capture cut off behind the question', () => {
    const bytes = datagram({ ...query, flags: RESPONSE, answers: [ADDRESS] });
    expect(dns.detect(bytes.slice(0, bytes.length - 3), null)).toBeGreaterThan(0.6);
    expect(dns.detect(bytes.slice(0, 20), null)).toBe(0);
  });

  test('a length that came alone waits for more', () => {
    const bytes = frame(query);
    expect(dns.detect(bytes.slice(0, 1), TO_SERVER)).toBeCloseTo(0.3);
    expect(dns.detect(bytes.slice(0, 2), TO_SERVER)).toBeCloseTo(0.3);
    expect(dns.detect(bytes.slice(0, 20), TO_SERVER)).toBeCloseTo(0.3);
    expect(dns.detect(bytesOf('GE'), TO_SERVER)).toBe(0);
  });

  test('other bytes are not claimed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 80 }), (bytes) => {
        expect(dns.detect(bytes, null)).toBeLessThan(0.6);
      }),
      { numRuns: 2000 },
    );
    for (const text of ['\x00'.repeat(40), '\xff'.repeat(40), 'HTTP/1.1 200 OK\r\n\r\n', '+OK\r\n'])
      expect(dns.detect(bytesOf(text), null)).toBeLessThan(0.6);
  });
});

test('any bytes at all', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.constantFrom(TO_SERVER, TO_CLIENT), fc.uint8Array({ maxLength: 60 }), fc.boolean()),
      ),
      fc.boolean(),
      (reads, datagrams) => {
        const c = start(datagrams);
        for (const [side, bytes, isGap] of reads) {
          if (isGap) c.gap(side, bytes.length);
          else c.feed(side, bytes);
          expect(c.parser.neededFrom(side)).toBeGreaterThanOrEqual(bytes.length === 0 ? 0 : c.at(side));
        }
        c.finish(TO_SERVER);
        c.finish(TO_CLIENT);
        for (const message of c.messages) expect(message.end).toBeGreaterThanOrEqual(message.start);
      },
    ),
  );
});
