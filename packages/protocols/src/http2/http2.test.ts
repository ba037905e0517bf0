import type { HashKey } from '@weft/model';
import { describe, expect, test } from 'vitest';
import { type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import {
  added,
  call,
  data,
  ERROR,
  frame,
  GET,
  GRPC_TYPE,
  get,
  goAway,
  grpc,
  HTTP,
  headers,
  indexed,
  literal,
  NOT_FOUND,
  number32,
  OK,
  POST,
  PREFACE_TEXT,
  reset,
  settings,
  status,
} from '../testing/frames.ts';
import { createFeeder, createRecorder } from '../testing/recorder.ts';
import { http2 } from './index.ts';

/** A connection from its first byte, or (`middle`) from somewhere in it. */
function talk(middle = false, mask = false) {
  const recorder = createRecorder();
  const parser = http2.createParser(recorder, { mask });
  const feeder = createFeeder(parser);
  const ask = (...frames: string[]) => feeder.feed(TO_SERVER, frames.join(''));
  const reply = (...frames: string[]) => feeder.feed(TO_CLIENT, frames.join(''));
  if (!middle) {
    ask(PREFACE_TEXT, settings());
    reply(settings(), frame(4, 1, 0));
  }
  return { ...recorder, feeder, parser, ask, reply };
}

const kinds = (messages: readonly { kind: string; name: string }[]) =>
  messages.map(({ kind, name }) => (name === '' ? kind : `${kind} ${name}`));

describe('requests and responses', () => {
  test('one exchange', () => {
    const { ask, reply, messages, causes, feeder } = talk();
    const start = feeder.at(TO_SERVER);
    ask(headers(1, get('/orders/7?q=1', literal('user-agent', 'u')), true));
    const answer = feeder.at(TO_CLIENT);
    reply(headers(1, OK), data(1, 'hello'), data(1, ' world', true));
    expect(causes).toEqual([]);
    expect(messages).toMatchObject([
      {
        kind: 'request',
        name: 'GET /orders/{id}',
        start,
        end: feeder.at(TO_SERVER),
        attributes: {
          'http.request.method': 'GET',
          'network.protocol.name': 'http',
          'network.protocol.version': '2',
          'url.path': '/orders/7',
          'url.query': 'q=1',
          'server.address': 'shop',
          'user_agent.original': 'u',
          'weft.http2.stream_id': 1,
          'http.request.body.size': 0,
        },
      },
      {
        kind: 'response',
        start: answer,
        end: feeder.at(TO_CLIENT),
        status: 'ok',
        attributes: { 'http.response.status_code': 200, 'http.response.body.size': 11 },
      },
    ]);
  });

  test('values of the query are masked', () => {
    const { ask, messages } = talk(false, true);
    ask(headers(1, get('/a?token=secret'), true));
    expect(messages[0]!.attributes['url.query']).toBe('token=?');
  });

  test('interleaved streams keep apart', () => {
    const { ask, reply, messages } = talk();
    ask(headers(1, get('/a')), headers(3, get('/b'), true), data(1, 'xx', true));
    reply(
      headers(3, NOT_FOUND),
      headers(1, OK),
      data(3, 'n'),
      data(1, 'aaa'),
      data(3, 'o', true),
      data(1, '', true),
    );
    expect(messages.map((m) => [m.kind, m.attributes['http.response.status_code'], m.status])).toEqual([
      ['request', undefined, 'unset'],
      ['request', undefined, 'unset'],
      ['response', 404, 'ok'],
      ['response', 200, 'ok'],
    ]);
    expect(messages.map((m) => m.attributes['http.request.body.size'])).toEqual([2, 0, undefined, undefined]);
    expect(messages.map((m) => m.attributes['http.response.body.size'])).toEqual([
      undefined,
      undefined,
      2,
      3,
    ]);
    expect(messages.every(({ end }) => end > 0)).toBe(true);
  });

  test('padding, priority and continuations', () => {
    const { ask, reply, messages, causes } = talk();
    const block = get('/long', literal('x', 'v'.repeat(300)));
    const prioritised = `\x04${number32(0)}\x10${block.slice(0, 20)}\0\0\0\0`;
    ask(frame(1, 0x01 | 0x08 | 0x20, 1, prioritised));
    ask(frame(9, 0, 1, block.slice(20, 30)), frame(9, 0, 1, ''), frame(9, 4, 1, block.slice(30)));
    reply(headers(1, OK), frame(0, 0x09, 1, `\x03body\0\0\0`));
    expect(causes).toEqual([]);
    expect(messages).toMatchObject([{ name: 'GET /long' }, { attributes: { 'http.response.body.size': 4 } }]);
  });

  test('interim responses announce, trailers end', () => {
    const { ask, reply, messages } = talk();
    ask(headers(1, get('/a')), data(1, 'x'), headers(1, literal('checksum', '1'), true));
    reply(
      headers(1, literal(':status', '103')),
      headers(1, OK),
      data(1, 'b'),
      headers(1, literal('t', 'v'), true),
    );
    expect(kinds(messages)).toEqual(['request GET /a', 'interim', 'response']);
    expect(messages[1]!.attributes['http.response.status_code']).toBe(103);
    expect(messages.every(({ end }) => end > 0)).toBe(true);
  });

  test('a response may run ahead of its request', () => {
    const { ask, reply, messages } = talk();
    reply(headers(1, OK, true));
    ask(headers(1, get('/a'), true));
    expect(kinds(messages)).toEqual(['response', 'request GET /a']);
    expect(messages.every(({ end }) => end > 0)).toBe(true);
  });

  test('a server push is a request of the server, answered by it', () => {
    const { ask, reply, messages, feeder } = talk();
    ask(headers(1, get('/page'), true));
    const start = feeder.at(TO_CLIENT);
    reply(
      frame(5, 4, 1, number32(2) + get('/style')),
      headers(1, OK, true),
      headers(2, OK),
      data(2, 'css', true),
    );
    expect(messages).toMatchObject([
      { name: 'GET /page' },
      { kind: 'request', side: TO_CLIENT, name: 'GET /style', start },
      { kind: 'response', attributes: { 'http.response.body.size': 0 } },
      { kind: 'response', attributes: { 'http.response.body.size': 3 } },
    ]);
  });

  test('extended CONNECT: the stream is the tunnel', () => {
    const { ask, reply, messages } = talk();
    const connect = literal(':method', 'CONNECT') + literal(':protocol', 'websocket');
    ask(headers(1, connect + HTTP + literal(':path', '/chat') + literal(':authority', 'h')));
    reply(headers(1, OK), data(1, 'frames'));
    ask(data(1, 'more', true));
    reply(data(1, '', true));
    expect(messages).toMatchObject([
      { name: 'CONNECT /chat', attributes: { 'http.request.body.size': 4 } },
      { attributes: { 'http.response.body.size': 6 } },
    ]);
  });

  test.each([
    ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
    ['b3', '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1'],
  ])('%s is carried', (name, value) => {
    const { ask, messages } = talk();
    ask(headers(1, get('/a', added(name, value)), true), headers(3, get('/a', indexed(62)), true));
    const carried = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
    expect(messages).toMatchObject([{ carried }, { carried }]);
  });

  test('request ids of requests and responses, of names that are asked for too, with the key of all hosts', () => {
    const ids = (idKey: HashKey) => {
      const recorder = createRecorder();
      const options = { mask: true, requestIdNames: ['my-id'], traceIdNames: ['my-trace'], idKey };
      const feeder = createFeeder(http2.createParser(recorder, options));
      const fields = literal('my-id', 'order-4711-8') + literal('my-trace', 'trace-of-mine-1');
      feeder.feed(
        TO_SERVER,
        PREFACE_TEXT + settings() + headers(1, get('/a?my-id=query-4711', fields), true),
      );
      feeder.feed(
        TO_CLIENT,
        settings() + headers(1, OK + literal('x-request-id', '9b2c1f6e1c7d4b7a9f55'), true),
      );
      return recorder.messages.map((message) => message.carried);
    };
    const [asked, answered] = ids([1, 2]);
    expect(asked).toMatchObject({
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      original: 'trace-of-mine-1',
      requestIds: [{ name: 'my-id' }, { name: 'my-id' }],
      target: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(answered).toMatchObject({ requestIds: [{ name: 'x-request-id', specific: true }] });
    const [other] = ids([1, 3]);
    expect(other!.traceId).toBe(asked!.traceId);
    expect(other!.requestIds![0]!.hash).not.toBe(asked!.requestIds![0]!.hash);
    expect(other!.target).not.toBe(asked!.target);
  });
});

describe('failures', () => {
  test('a stream that the server resets before it answers', () => {
    const { ask, reply, messages, feeder } = talk();
    ask(headers(1, get('/a'), true));
    const start = feeder.at(TO_CLIENT);
    reply(reset(1, 2));
    expect(messages).toMatchObject([
      { name: 'GET /a' },
      {
        kind: 'response',
        side: TO_CLIENT,
        start,
        status: 'error',
        attributes: { 'error.type': 'INTERNAL_ERROR' },
      },
    ]);
  });

  test('a stream that the client cancels before it is answered: both ends see it where the client says it', () => {
    const { ask, reply, messages, feeder } = talk();
    ask(headers(1, get('/a'), true));
    const start = feeder.at(TO_SERVER);
    ask(reset(1, 8));
    reply(headers(1, OK, true));
    expect(messages).toMatchObject([
      { name: 'GET /a' },
      { kind: 'response', side: TO_SERVER, start, status: 'error', attributes: { 'error.type': 'CANCEL' } },
      // What the server had sent already is nobody's.
      { kind: 'response', side: TO_CLIENT },
    ]);
  });

  test('a stream that is reset within its response', () => {
    const { ask, reply, messages } = talk();
    ask(headers(1, get('/a'), true));
    reply(headers(1, OK), data(1, 'x'));
    ask(reset(1, 8));
    expect(messages[1]).toMatchObject({
      attributes: { 'error.type': 'CANCEL', 'http.response.body.size': 1 },
    });
  });

  test('NO_ERROR after a complete response is none', () => {
    const { ask, reply, messages } = talk();
    ask(headers(1, get('/upload')), data(1, 'xx'));
    reply(headers(1, OK, true), reset(1, 0));
    expect(messages.map((m) => m.attributes['error.type'])).toEqual([undefined, undefined]);
    expect(messages.every(({ end }) => end > 0)).toBe(true);
  });

  test('GOAWAY refuses the streams above the last one', () => {
    const { ask, reply, messages } = talk();
    ask(headers(1, get('/a'), true), headers(3, get('/b'), true));
    reply(goAway(1, 0), headers(1, OK, true));
    expect(messages).toMatchObject([
      { name: 'GET /a' },
      { name: 'GET /b' },
      { kind: 'response', attributes: { 'error.type': 'REFUSED_STREAM' } },
      { kind: 'response', attributes: { 'http.response.status_code': 200 } },
    ]);
  });

  test('the connection ends within a response', () => {
    const { ask, reply, feeder, messages } = talk();
    ask(headers(1, get('/a'), true));
    reply(headers(1, ERROR), data(1, 'x'));
    feeder.finish(TO_CLIENT);
    expect(messages[1]).toMatchObject({ status: 'error', end: feeder.at(TO_CLIENT) });
  });

  test('what begins behind the end of its half is nobody’s: it would never end', () => {
    const { ask, reply, messages, feeder } = talk(true);
    reply(settings(), headers(1, OK));
    // A block without pseudo-header fields ends the request, the begin of which was missed.
    ask(headers(1, literal('date', ''), true), headers(1, get('/late'), true), reset(1, 8));
    // The same of a response: its DATA are seen, its header block was not.
    ask(headers(3, get('/seen')));
    reply(data(3, 'the end', true), headers(3, OK));
    ask(data(3, '', true));
    expect(kinds(messages)).toEqual(['response', 'request GET /seen']);
    feeder.finish(TO_SERVER);
    feeder.finish(TO_CLIENT);
    for (const message of messages) expect(message.end).toBeGreaterThanOrEqual(message.start);
  });
});

describe('gRPC', () => {
  test('unary: named by service and method, its status is in the trailers', () => {
    const { ask, reply, messages } = talk();
    ask(headers(1, call('/shop.Cart/Add')), data(1, grpc('item'), true));
    reply(headers(1, OK + GRPC_TYPE), data(1, grpc('done')), headers(1, status(5), true));
    expect(messages).toMatchObject([
      {
        name: 'shop.Cart/Add',
        attributes: {
          'rpc.system': 'grpc',
          'rpc.service': 'shop.Cart',
          'rpc.method': 'Add',
          'weft.rpc.request.messages': 1,
        },
      },
      {
        status: 'ok',
        attributes: {
          'rpc.grpc.status_code': 5,
          'rpc.response.status_code': 'NOT_FOUND',
          'weft.rpc.response.messages': 1,
        },
      },
    ]);
  });

  test('trailers-only', () => {
    const { ask, reply, messages } = talk();
    ask(headers(1, call('/a.B/C')), data(1, grpc(''), true));
    reply(headers(1, OK + GRPC_TYPE + status(12), true));
    expect(messages[1]).toMatchObject({
      attributes: { 'rpc.grpc.status_code': 12, 'weft.rpc.response.messages': 0 },
    });
  });

  test('both sides stream: one call, messages counted however they lie in frames', () => {
    const { ask, reply, messages } = talk();
    const stream = grpc('a'.repeat(40)) + grpc('', 1) + grpc('ccc');
    ask(headers(1, call('/a.B/C')));
    reply(headers(1, OK + GRPC_TYPE));
    for (let i = 0; i < stream.length; i += 7) {
      ask(data(1, stream.slice(i, i + 7)));
      reply(data(1, stream.slice(i, i + 7)));
    }
    ask(data(1, '', true));
    reply(headers(1, status(0), true));
    expect(messages).toMatchObject([
      { attributes: { 'weft.rpc.request.messages': 3 } },
      { attributes: { 'weft.rpc.response.messages': 3, 'rpc.grpc.status_code': 0 } },
    ]);
  });

  test('bytes within a message are not needed; without them the count is right, without a prefix there is none', () => {
    const { ask, reply, messages, feeder, parser } = talk();
    ask(headers(1, call('/a.B/C')), data(1, grpc(''), true));
    const long = data(1, grpc('x'.repeat(50)) + grpc('y'));
    reply(headers(1, OK + GRPC_TYPE), long.slice(0, 20));
    expect(parser.neededFrom(TO_CLIENT)).toBe(feeder.at(TO_CLIENT) + 44);
    feeder.gap(TO_CLIENT, 44);
    reply(long.slice(64), headers(1, status(0), true));
    expect(messages[1]!.attributes['weft.rpc.response.messages']).toBe(2);
    ask(headers(3, call('/a.B/C')), data(3, grpc(''), true));
    reply(headers(3, OK + GRPC_TYPE), long.replace('\x01', '\x03').slice(0, 10));
    feeder.gap(TO_CLIENT, 4);
    reply(long.slice(14), headers(3, status(0), true));
    expect(messages[3]!.attributes['weft.rpc.response.messages']).toBeUndefined();
    expect(messages[3]!.attributes['rpc.grpc.status_code']).toBe(0);
  });

  test('gRPC-Web: trailers are the last message of the body', () => {
    const { ask, reply, messages } = talk();
    const type = literal('content-type', 'application/grpc-web+proto');
    ask(headers(1, POST + HTTP + literal(':path', '/a.B/C') + type), data(1, grpc('x'), true));
    reply(
      headers(1, OK + type),
      data(1, grpc('x')),
      data(1, grpc('Grpc-Status: 7\r\ngrpc-message:\r\n', 0x80), true),
    );
    expect(messages).toMatchObject([
      { name: 'a.B/C' },
      { attributes: { 'weft.rpc.response.messages': 1, 'rpc.response.status_code': 'PERMISSION_DENIED' } },
    ]);
  });
});

describe('GraphQL', () => {
  const body = JSON.stringify({ query: 'mutation Add { add(n: 7) }', variables: { a: 'secret' } });
  const json = literal('content-type', 'application/json');
  test('operation and document of a POST, of a GET', () => {
    const { ask, messages } = talk(false, true);
    ask(headers(1, POST + HTTP + literal(':path', '/graphql') + json));
    ask(data(1, body.slice(0, 9)), data(1, body.slice(9), true));
    ask(headers(3, get('/graphql?query=query+A{a(b:7)}'), true));
    const expected = (type: string, name: string, document: string) => ({
      name: `${type} ${name}`,
      attributes: {
        'graphql.operation.name': name,
        'graphql.operation.type': type,
        'graphql.document': document,
      },
    });
    expect(messages).toMatchObject([
      expected('mutation', 'Add', 'mutation Add { add(n: ?) }'),
      expected('query', 'A', 'query A{a(b:?)}'),
    ]);
  });

  test('its body is needed; another JSON is not', () => {
    const { ask, parser, feeder } = talk();
    ask(headers(1, POST + HTTP + literal(':path', '/graphql') + json), data(1, body).slice(0, -40));
    expect(parser.neededFrom(TO_SERVER)).toBe(feeder.at(TO_SERVER));
    feeder.gap(TO_SERVER, 40);
    ask(
      headers(3, POST + HTTP + literal(':path', '/orders') + json),
      data(3, `{"id":${' '.repeat(50)}}`).slice(0, -40),
    );
    expect(parser.neededFrom(TO_SERVER)).toBe(feeder.at(TO_SERVER) + 40);
  });
});

describe('a connection seen from its middle', () => {
  test('what indices name is unknown until it is sent anew', () => {
    const { ask, reply, messages, causes } = talk(true);
    ask(headers(7, GET + HTTP + indexed(70) + indexed(71), true));
    reply(headers(7, indexed(64) + indexed(63), true));
    ask(headers(9, GET + HTTP + added(':path', '/a') + indexed(71), true));
    ask(headers(11, GET + HTTP + indexed(62), true));
    expect(causes).toEqual([]);
    expect(kinds(messages)).toEqual([
      'request GET {unknown}',
      'response',
      'request GET /a',
      'request GET /a',
    ]);
    expect(messages[0]!.attributes['url.path']).toBeUndefined();
    expect(messages[1]).toMatchObject({ status: 'unset' });
  });

  test('within the body of a stream', () => {
    const { ask, reply, messages, causes } = talk(true);
    ask('rest of a body ', data(7, 'y', true), headers(9, get('/a'), true));
    reply('\0\0\0more of another', data(7, 'y', true), headers(9, OK, true));
    expect(causes).toEqual([]);
    expect(kinds(messages)).toEqual(['request GET /a', 'response']);
  });

  test('its first bytes were not seen', () => {
    const { ask, reply, messages, causes, feeder } = talk(true);
    feeder.gap(TO_SERVER, 33);
    feeder.gap(TO_CLIENT, 18);
    ask(headers(9, get('/a'), true));
    reply(headers(9, OK, true));
    expect(causes).toEqual([]);
    expect(kinds(messages)).toEqual(['request GET /a', 'response']);
  });

  test('trailers of a call that is not known are nobody’s', () => {
    const { reply, messages, causes } = talk(true);
    reply(headers(7, status(0), true), headers(9, OK, true));
    expect([kinds(messages), causes]).toEqual([['response'], []]);
  });
});

describe('loss', () => {
  test('of a header block: what it added is unknown, what others add is not', () => {
    const { ask, reply, messages, causes, feeder } = talk();
    ask(headers(1, GET + HTTP + added(':path', '/old'), true));
    feeder.gap(TO_SERVER, 40);
    ask(headers(5, GET + HTTP + indexed(62), true));
    ask(headers(7, GET + HTTP + added(':path', '/new'), true), headers(9, GET + HTTP + indexed(62), true));
    reply(headers(1, OK, true), headers(5, OK, true));
    expect(causes).toEqual(['to-server gap']);
    expect(kinds(messages)).toEqual([
      ...['request GET /old', 'request GET {unknown}', 'request GET /new', 'request GET /new'],
      ...['response', 'response'],
    ]);
  });

  test.each<[string, string]>([
    ['DATA on stream 0', data(0, 'x')],
    ['a stream reset of five bytes', frame(3, 0, 1, 'xxxxx')],
    ['a header block within another', frame(1, 0, 1, GET) + headers(3, get('/b'), true)],
    ['no header block', headers(1, '\x80')],
    ['padding longer than its frame', frame(1, 0x0c, 1, '\xff')],
  ])('%s is counted once; the next read makes sense again', (_, bad) => {
    const { ask, messages, causes } = talk();
    ask(bad);
    ask(headers(5, get('/good'), true));
    expect(causes).toHaveLength(1);
    expect(kinds(messages)).toContain('request GET /good');
  });

  test('frames of unknown types are skipped', () => {
    const { ask, messages, causes } = talk();
    ask(frame(0xbe, 0xff, 77, 'grease'), frame(16, 0, 0, '\0\0\0\x01u=1'), headers(1, get('/a'), true));
    expect([kinds(messages), causes]).toEqual([['request GET /a'], []]);
  });

  test('a header block that is too large costs its request and the table', () => {
    const { ask, messages, causes } = talk();
    ask(
      frame(1, 1, 1, get('/big')),
      ...Array.from({ length: 5 }, () => frame(9, 0, 1, literal('x', 'v'.repeat(16_000)))),
    );
    ask(frame(9, 4, 1, ''), headers(3, get('/a'), true));
    expect(causes).toEqual(['to-server header-block-too-large']);
    expect(kinds(messages)).toEqual(['request GET /a']);
  });
});

describe('whose bytes', () => {
  test('the parser tells of the bodies of the messages that are open', () => {
    const recorder = createRecorder();
    const touched: string[] = [];
    const parser = http2.createParser(
      { ...recorder, touch: ({ name, kind }) => touched.push(name || kind) },
      { mask: true },
    );
    const feeder = createFeeder(parser);
    feeder.feed(TO_SERVER, PREFACE_TEXT + settings() + headers(1, get('/a')) + headers(3, get('/b')));
    expect(touched).toEqual([]);
    feeder.feed(TO_SERVER, data(3, 'x') + data(1, 'y') + frame(8, 0, 0, number32(10)));
    expect(touched).toEqual(['GET /b', 'GET /a']);
  });
});

const SIDES: readonly [string, string, Side | null][] = [
  ['preface', PREFACE_TEXT + settings(), TO_SERVER],
  ['request', headers(9, get('/a'), true), TO_SERVER],
  ['response', frame(8, 0, 0, number32(1)) + headers(9, OK, true), TO_CLIENT],
  ['settings of a server', settings(`\0\x03${number32(100)}`), null],
  ['window update', frame(8, 0, 3, number32(1)), null],
];
test.each(SIDES)('%s: detected, and which way it goes', (_, text, side) => {
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  expect(http2.detect(bytes, side)).toBeGreaterThan(0.6);
  expect(http2.detect(bytes, null)).toBeGreaterThan(0.6);
  expect(http2.sideOf(bytes)).toBe(side);
});
