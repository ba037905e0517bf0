import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import * as wire from '../testing/dubbo.ts';
import { bytesOf, createFeeder, createRecorder } from '../testing/recorder.ts';
import { dubbo } from './index.ts';

function start(options = {}) {
  const recorder = createRecorder();
  const parser = dubbo.createParser(recorder, { mask: true, ...options });
  return { ...recorder, parser, ...createFeeder(parser) };
}

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const TRACE = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

describe('a call and its answer', () => {
  test('say what is called', () => {
    const c = start();
    c.feed(TO_SERVER, wire.request(7, wire.call('add', 'Ljava/lang/String;I', `${wire.text('secret')}\x97`)));
    c.feed(TO_CLIENT, wire.response(7, wire.value('\x91')));
    expect(c.messages).toEqual([
      {
        side: TO_SERVER,
        kind: 'request',
        name: 'shop.Cart/add',
        start: 1000,
        end: c.at(TO_SERVER),
        status: 'unset',
        carried: null,
        attributes: {
          'rpc.system': 'apache_dubbo',
          'rpc.system.name': 'dubbo',
          'rpc.service': 'shop.Cart',
          'rpc.method': 'add',
          'weft.dubbo.version': '2.0.2',
          'weft.dubbo.service.version': '1.0.0',
          'weft.dubbo.serialization': 'hessian2',
          'weft.dubbo.parameter_types': 'Ljava/lang/String;I',
        },
      },
      {
        side: TO_CLIENT,
        kind: 'response',
        name: '',
        start: 5000,
        end: c.at(TO_CLIENT),
        status: 'ok',
        carried: null,
        attributes: { 'rpc.response.status_code': 'OK', 'weft.dubbo.status_code': 20 },
      },
    ]);
  });

  test.each<[string, string, number, string, string | undefined]>([
    ['a value', wire.value('\x91'), 20, 'ok', undefined],
    ['null', '\x95H\x5a', 20, 'ok', undefined],
    ['a value, of old versions', '\x91\x91', 20, 'ok', undefined],
    ['an exception', wire.thrown('shop.SoldOut'), 20, 'error', 'shop.SoldOut'],
    ['an exception, of old versions', `\x90${wire.thrown('a.B').slice(1)}`, 20, 'error', 'a.B'],
    ['an exception that is cut', wire.thrown('shop.SoldOut').slice(0, 5), 20, 'error', '_OTHER'],
    ['no time', wire.text('waited in vain'), 31, 'error', 'SERVER_TIMEOUT'],
    ['no threads', wire.text('full'), 100, 'error', 'SERVER_THREADPOOL_EXHAUSTED_ERROR'],
  ])('%s', (_, body, code, status, problem) => {
    const c = start();
    c.feed(TO_CLIENT, wire.response(1, body, code));
    expect(c.messages[0]).toMatchObject({ kind: 'response', status, end: c.at(TO_CLIENT) });
    expect(c.messages[0]!.attributes['error.type']).toBe(problem);
    expect(c.messages[0]!.attributes['weft.dubbo.status_code']).toBe(code);
  });

  test('heartbeats are requests; what the server says unasked is answered by nobody', () => {
    const c = start();
    c.feed(TO_SERVER, wire.heartbeat(1));
    c.feed(TO_CLIENT, wire.heartbeatAnswer(1));
    c.feed(TO_CLIENT, wire.heartbeat(1) + wire.readOnly(2));
    c.feed(TO_SERVER, wire.heartbeatAnswer(1));
    c.feed(TO_SERVER, wire.oneWay(3, wire.call('log', '', '')));
    expect(c.messages.map((m) => [m.side, m.kind, m.name, m.status])).toEqual([
      [TO_SERVER, 'request', 'HEARTBEAT', 'unset'],
      [TO_CLIENT, 'response', '', 'ok'],
      [TO_CLIENT, 'one-way', 'HEARTBEAT', 'unset'],
      [TO_CLIENT, 'one-way', 'READONLY', 'unset'],
      [TO_SERVER, 'one-way', 'shop.Cart/log', 'unset'],
    ]);
    expect(c.causes).toEqual([]);
  });

  test('ids of 64 bits are told apart', () => {
    const ids: unknown[] = [];
    const sink = {
      message: (m: { pairingId: unknown }) => ids.push(m.pairingId),
      end: () => {},
      malformed: () => {},
    };
    const parser = dubbo.createParser(sink, { mask: true });
    const body = wire.call('a', '', '');
    const all =
      wire.request(5, body) + wire.request('fedcba9876543210', body) + wire.request('fedcba9876543211', body);
    parser.feed(TO_SERVER, bytesOf(all), 0);
    expect(ids).toEqual([5, 'fedcba9876543210', 'fedcba9876543211']);
  });
});

describe('attachments carry ids', () => {
  /** A value of each kind that Hessian has. */
  const VALUES: readonly (readonly [string, string])[] = [
    ['null', 'N'],
    ['booleans', 'T'],
    ['a small int', '\x90'],
    ['an int of two bytes', '\xc8\x00'],
    ['an int of three bytes', '\xd4\x00\x00'],
    ['an int', 'I\x7f\xff\xff\xff'],
    ['a long of one byte', '\xe0'],
    ['a long of two bytes', '\xf8\x00'],
    ['a long of three bytes', '\x3c\x00\x00'],
    ['a long of four bytes', 'Y\x7f\xff\xff\xff'],
    ['a long', 'L\x00\x00\x00\x00\x80\x00\x00\x00'],
    ['doubles', '\x5b'],
    ['a double of a byte', '\x5d\x80'],
    ['a double of two bytes', '\x5e\x00\x80'],
    ['a double of four bytes', '\x5f\x00\x00\x2f\xda'],
    ['a double', 'D\x40\x28\x80\x00\x00\x00\x00\x00'],
    ['a date', '\x4a\x00\x00\x00\xd0\x4b\x92\x84\xb8'],
    ['a date in minutes', '\x4b\x00\xe3\x83\x8f'],
    ['a text', wire.text('x'.repeat(500))],
    ['a text in chunks', `R\0\x03abcR\0\x02de${wire.text('f')}`],
    ['a text that is not ASCII', '\x03\xc3\xa9\xe2\x82\xaca'],
    ['a text with surrogates', '\x02\xed\xa0\xbd\xed\xb8\x80'],
    ['a text with a sequence of four bytes', '\x02\xf0\x9f\x98\x80'],
    ['a short binary', '\x23abc'],
    ['a binary', `\x34\x80${'b'.repeat(128)}`],
    ['a binary in chunks', 'A\0\x02abA\0\x01cB\0\x01d'],
    ['an object', `C${wire.text('a.B')}\x92${wire.text('a')}${wire.text('b')}\x60\x90\x91`],
    ['an object by reference', `C${wire.text('a.B')}\x91${wire.text('a')}O\x90\x91`],
    ['what came before', 'Q\x90'],
    ['a list of fixed length', `V${wire.text('[int')}\x92\x90\x91`],
    ['a list without a type', 'X\x91N'],
    ['a short list', `\x72${wire.text('[int')}\x90\x91`],
    ['a short list without a type', '\x7a\x90\x91'],
    ['a list without a length', `U${wire.text('java.util.List')}\x90Z`],
    ['a list with nothing', 'W\x90Z'],
    ['a map with a type', `M${wire.text('a.Map')}${wire.text('k')}\x91Z`],
    ['a map in a map', `H\x91${wire.map({ a: 'b' })}Z`],
  ];

  test.each(VALUES)('behind %s', (_, of) => {
    const c = start();
    c.feed(TO_SERVER, wire.request(1, wire.call('a', '[[ILa/B;', of + of, { traceparent: TRACEPARENT })));
    expect(c.messages[0]!.carried).toEqual(TRACE);
  });

  test.each([
    ['what nobody knows', '\x40\x40'],
    ['an object of an unknown class', '\x6f'],
    ['a text that is longer than all', 'S\xff\xff'],
    ['a list that is longer than all', 'X\x49\x7f\xff\xff\xff'],
    ['nesting without end', 'W'.repeat(2000)],
    ['fewer values than there are types', ''],
  ])('even behind %s', (_, of) => {
    const c = start();
    c.feed(TO_SERVER, wire.request(1, wire.call('a', 'II', of, { traceparent: TRACEPARENT })));
    expect(c.messages[0]).toMatchObject({ name: 'shop.Cart/a', carried: TRACE });
  });

  test('names in any case, and further ones', () => {
    const c = start({ requestIdNames: ['order-id'] });
    const b3 = { 'X-B3-TraceId': '463ac35c9f6413ad48485a3953bb6124', 'X-B3-SpanId': 'a2fb4a1d1a96d312' };
    c.feed(TO_SERVER, wire.request(1, wire.call('a', '', '', { ...b3, 'Order-Id': 'abcdef0123456789' })));
    expect(c.messages[0]!.carried).toMatchObject({
      traceId: '463ac35c9f6413ad48485a3953bb6124',
      spanId: 'a2fb4a1d1a96d312',
      requestIds: [{ name: 'order-id', specific: true }],
    });
  });

  test("SkyWalking's, and an empty one", () => {
    const c = start();
    const [trace, segment] = ['a1b2.c3.d4', 'e5.f6.07'].map((id) => btoa(id));
    const sw8 = `1-${trace}-${segment}-3-${btoa('s')}-${btoa('i')}-${btoa('e')}-${btoa('a')}`;
    c.feed(
      TO_SERVER,
      wire.request(1, wire.call('a', '', '', { sw8 })) + wire.request(2, wire.call('a', '', '', { sw8: '' })),
    );
    expect(c.messages.map((m) => m.carried?.original)).toEqual(['a1b2.c3.d4', undefined]);
  });
});

describe('other serializations', () => {
  const parts = ['2.0.2', 'shop.Cart', '1.0.0', 'add', 'I'];
  const lengths = (part: string) => String.fromCharCode(part.length) + part;
  const java = (part: string) => `\0${lengths(part)}`;
  const traced = { traceparent: TRACEPARENT };
  test.each<[string, number, string, boolean]>([
    ['fastjson2', 23, wire.jsonbCall('add', traced), true],
    ['fastjson', 6, `${parts.map((part) => `"${part}"\n`).join('')}7\n${JSON.stringify(traced)}\n`, true],
    ['gson', 16, parts.map((part) => `"${part}"\n`).join(''), false],
    [
      'kryo',
      8,
      `${parts.map((p) => (p === 'I' ? '\x82I' : wire.kryo(p))).join('')}\x01\x0e${wire.kryo('traceparent')}\x03${wire.kryo(TRACEPARENT)}`,
      true,
    ],
    ['kryo2', 25, parts.map((p) => (p === 'I' ? '\x82I' : wire.kryo(p))).join(''), false],
    [
      'fst',
      9,
      `${parts.map(lengths).join('')}\x01${lengths('traceparent')}\xfc${lengths(TRACEPARENT)}`,
      true,
    ],
    ['msgpack', 27, parts.map((part) => String.fromCharCode(0xa0 + part.length) + part).join(''), false],
    [
      'nativejava',
      7,
      `\xac\xed\0\x05w\x30${parts.map(java).join('')}t\0\x0btraceparentt\0\x37${TRACEPARENT}`,
      true,
    ],
    ['java', 3, `\xac\xed\0\x05w\x40${parts.map((part) => `\0\0\0\x05${java(part)}`).join('')}`, false],
  ])('%s', (name, id, body, carries) => {
    const c = start();
    c.feed(TO_SERVER, wire.request(1, body, id));
    expect(c.messages[0]).toMatchObject({ name: 'shop.Cart/add', carried: carries ? TRACE : null });
    expect(c.messages[0]!.attributes['weft.dubbo.serialization']).toBe(name);
  });

  test('what cannot be read is a call all the same', () => {
    const c = start();
    c.feed(
      TO_SERVER,
      wire.request(1, '\0\x01\x02\x03', 22) + wire.request(2, 'xx', 23) + wire.request(3, 'x y', 6),
    );
    c.feed(TO_CLIENT, wire.response(1, '\0\x01', 20, 22));
    expect(c.messages.map((m) => [m.name, m.status])).toEqual([
      ['CALL', 'unset'],
      ['CALL', 'unset'],
      ['CALL', 'unset'],
      ['', 'ok'],
    ]);
  });

  test('exceptions', () => {
    const c = start();
    c.feed(TO_CLIENT, wire.response(1, wire.jsonbThrown('shop.SoldOut'), 20, 23));
    c.feed(TO_CLIENT, wire.response(2, '\x03x', 20, 8) + wire.response(3, '3\n{}\n', 20, 6));
    expect(c.messages.map((m) => [m.status, m.attributes['error.type']])).toEqual([
      ['error', 'shop.SoldOut'],
      ['error', '_OTHER'],
      ['error', '_OTHER'],
    ]);
  });
});

describe('missing bytes', () => {
  const long = wire.request(1, wire.call('add', 'Ljava/lang/String;', wire.text('x'.repeat(100_000))));

  test('of long arguments little is needed', () => {
    const c = start();
    c.feed(TO_SERVER, long.slice(0, 70_000));
    expect(c.messages[0]!.name).toBe('shop.Cart/add');
    expect(c.parser.neededFrom(TO_SERVER)).toBe(1000 + long.length);
    c.gap(TO_SERVER, long.length - 70_000);
    c.feed(TO_SERVER, wire.heartbeat(2));
    expect(c.messages.map((m) => m.end)).toEqual([1000 + long.length, c.at(TO_SERVER)]);
    expect(c.causes).toEqual([]);
  });

  test('within a body: its begin says what is called', () => {
    const c = start();
    c.feed(TO_SERVER, long.slice(0, 300));
    c.gap(TO_SERVER, 1000);
    c.feed(TO_SERVER, long.slice(1300));
    expect(c.messages).toMatchObject([{ name: 'shop.Cart/add', end: c.at(TO_SERVER) }]);
    expect(c.causes).toEqual([]);
  });

  test('of a header: the next message is found', () => {
    const c = start();
    const body = wire.call('add', '', '');
    const all = wire.request(1, body);
    c.gap(TO_SERVER, 10);
    c.feed(TO_SERVER, all.slice(10) + wire.request(2, body));
    c.feed(TO_SERVER, all);
    expect(c.messages.map((m) => m.start)).toEqual([1000 + all.length, 1000 + 2 * all.length]);
    expect(c.causes).toEqual(['to-server gap']);
  });

  test.each([
    ['\xda\xbc\xc2\0\0\0\0\0\0\0\0\x01\0\0\0\x01N', 'header'],
    ['\xda\xbb\xc2\0\0\0\0\0\0\0\0\x01\xff\0\0\x01N', 'header'],
  ])('no header: %j', (bad, cause) => {
    const c = start();
    c.feed(TO_SERVER, bad);
    c.feed(TO_SERVER, wire.heartbeat(2));
    expect(c.messages).toHaveLength(1);
    expect(c.causes).toEqual([`to-server ${cause}`]);
  });

  test('the connection ends within a call', () => {
    const c = start();
    c.feed(TO_SERVER, long.slice(0, 300));
    c.finish(TO_SERVER);
    expect(c.messages).toMatchObject([{ name: 'shop.Cart/add', end: c.at(TO_SERVER) }]);
    expect(c.causes).toEqual(['to-server truncated']);
  });
});

describe('recognised', () => {
  test.each<[string, Side | null]>([
    [wire.request(1, wire.call('a', '', '')), TO_SERVER],
    [wire.response(1, wire.value('N')), TO_CLIENT],
    [wire.heartbeat(1), null],
  ])('%#', (text, side) => {
    const bytes = bytesOf(text);
    expect(dubbo.detect(bytes, null)).toBe(1);
    expect(dubbo.detect(bytes.subarray(0, 16), null)).toBe(1);
    expect(dubbo.detect(bytes.subarray(0, 9), null)).toBe(0.2);
    expect(dubbo.sideOf(bytes)).toBe(side);
  });

  test.each([
    ['\xda', 0],
    ['\xda\xbb\x00', 0],
    [wire.request(1, ''), 0],
    [`${wire.heartbeat(1)}GET / HTTP/1.1\r\n`, 0],
    [wire.response(1, 'N', 99), 0],
  ])('%j is none', (text, sure) => {
    expect(dubbo.detect(bytesOf(text), null)).toBe(sure);
  });
});

const CAPTURES = '../shared/captures/dubbo';
/** Payloads of a capture's packets (Ethernet, IPv4, TCP), in their order. */
function payloads(file: string): Uint8Array[] {
  const bytes = readFileSync(file);
  const all: Uint8Array[] = [];
  for (let at = 24; at + 16 < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    const packet = bytes.subarray(at + 16, at + 16 + length);
    const ip = (packet[14]! & 15) * 4;
    all.push(packet.subarray(14 + ip + (packet[14 + ip + 12]! >> 4) * 4, 14 + packet.readUInt16BE(16)));
    at += 16 + length;
  }
  return all;
}

describe.skipIf(!existsSync(CAPTURES))('captures of real traffic', () => {
  test('all of them', () => {
    const found = readdirSync(CAPTURES).flatMap((name) => {
      const c = start();
      for (const payload of payloads(`${CAPTURES}/${name}`)) c.feed(dubbo.sideOf(payload)!, payload);
      expect(c.causes).toEqual([]);
      return c.messages.map((m) => [
        m.name,
        m.status,
        m.carried?.traceId ?? null,
        m.carried?.original ?? null,
      ]);
    });
    expect(found).toEqual([
      [
        'com.vivo.it.vwork.api.common.export.ExportApi/getById',
        'unset',
        'b21926887cad416497e873cbfa4b5eca',
        '90606765166547547262111562aQk8pD',
      ],
      ['my.demo.service.UserService/login', 'unset', null, null],
      ['', 'ok', null, null],
    ]);
  });
});
