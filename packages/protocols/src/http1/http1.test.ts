import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { data, get as getBlock, headers, OK, PREFACE_TEXT, settings } from '../testing/frames.ts';
import { bytesOf, createFeeder, createRecorder } from '../testing/recorder.ts';
import { http1 } from './index.ts';
import { createHttp1Parser } from './parser.ts';

function start(mask = true) {
  const recorder = createRecorder();
  const parser = createHttp1Parser(recorder, { mask });
  return { ...recorder, recorder, parser, ...createFeeder(parser) };
}

describe('requests', () => {
  test('a request and its response', () => {
    const c = start();
    c.feed(
      TO_SERVER,
      'GET /orders/7?id=7&flag&x= HTTP/1.1\r\nHost: shop.example:8080\r\nuser-agent:  curl/7.88 \r\n\r\n',
    );
    c.feed(TO_CLIENT, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
    expect(c.messages).toEqual([
      {
        side: TO_SERVER,
        kind: 'request',
        name: 'GET /orders/{id}',
        start: 1000,
        end: c.at(TO_SERVER),
        status: 'unset',
        attributes: {
          'http.request.method': 'GET',
          'url.path': '/orders/7',
          'url.query': 'id=?&?&x=?',
          'server.address': 'shop.example',
          'user_agent.original': 'curl/7.88',
          'network.protocol.version': '1.1',
        },
        carried: null,
      },
      {
        side: TO_CLIENT,
        kind: 'response',
        name: '',
        start: 5000,
        end: c.at(TO_CLIENT),
        status: 'ok',
        attributes: { 'http.response.status_code': 200, 'http.response.body.size': 5 },
        carried: null,
      },
    ]);
    expect(c.causes).toEqual([]);
  });

  test.each([
    ['GET http://h.example:81/a?b HTTP/1.1', 'GET /a', '/a', 'h.example'],
    ['GET http://u:p@h.example HTTP/1.1', 'GET /', '/', 'h.example'],
    ['GET http://h.example?q=1 HTTP/1.1', 'GET /', '/', 'h.example'],
    ['GET http://[::1]:8080/x HTTP/1.1', 'GET /x', '/x', '::1'],
    ['OPTIONS * HTTP/1.1', 'OPTIONS *', '*', 'field'],
    ['GET /a#b HTTP/1.0', 'GET /a', '/a', 'field'],
    ['GET /a b HTTP/1.1', 'GET /a b', '/a b', 'field'],
    ['CONNECT h.example:443 HTTP/1.1', 'CONNECT', undefined, 'h.example'],
    ['PROPFIND /dav HTTP/1.1', 'HTTP /dav', '/dav', 'field'],
    ['get /x HTTP/1.1', 'HTTP /x', '/x', 'field'],
  ])('%s', (line, name, path, host) => {
    const c = start();
    c.feed(TO_SERVER, 'GET /first HTTP/1.1\r\n\r\n');
    c.feed(TO_SERVER, `${line}\r\nHost: field\r\n\r\n`);
    expect(c.messages).toHaveLength(2);
    const message = c.messages[1]!;
    expect(message.name).toBe(name);
    expect(message.attributes['url.path']).toBe(path);
    expect(message.attributes['server.address']).toBe(host);
  });

  test('an unknown method is _OTHER, with the original beside it', () => {
    const c = start();
    c.feed(TO_SERVER, 'PROPFIND /dav HTTP/1.1\r\n\r\n');
    expect(c.messages[0]!.attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'PROPFIND',
    });
  });

  test('query values are shown without the mask', () => {
    const c = start(false);
    c.feed(TO_SERVER, 'GET /?a=1&token HTTP/1.1\r\n\r\n');
    expect(c.messages[0]!.attributes['url.query']).toBe('a=1&token');
  });

  test('carried ids, the name of the field in any case, the value folded', () => {
    const c = start();
    const ids = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    c.feed(TO_SERVER, `GET / HTTP/1.1\r\nTRACEPARENT:\r\n ${ids}\r\nHost: a\r\n\r\n`);
    expect(c.messages[0]!.carried?.spanId).toBe('b7ad6b7169203331');
    expect(c.messages[0]!.attributes['server.address']).toBe('a');
  });

  test('a folded user agent is one line', () => {
    const c = start();
    c.feed(TO_SERVER, 'GET / HTTP/1.1\r\nUser-Agent: one\r\n\ttwo\r\n  three\r\nHost: a\r\n\r\n');
    expect(c.messages[0]!.attributes['user_agent.original']).toBe('one two three');
  });

  test('line feeds alone, line ends before the request', () => {
    const c = start();
    c.feed(TO_SERVER, '\r\n\n\r\nPOST /a HTTP/1.1\nContent-Length: 2\n\nhi\r\nGET /b HTTP/1.1\n\n');
    expect(c.messages.map((m) => [m.name, m.start])).toEqual([
      ['POST /a', 1005],
      ['GET /b', c.at(TO_SERVER) - 17],
    ]);
    expect(c.messages[0]!.attributes['http.request.body.size']).toBe(2);
  });

  test('pipelined', () => {
    const c = start();
    c.feed(
      TO_SERVER,
      'GET /a HTTP/1.1\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcHEAD /c HTTP/1.1\r\n\r\n',
    );
    c.feed(
      TO_CLIENT,
      'HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\nHTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nnoHTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n',
    );
    expect(c.of(TO_SERVER).map((m) => m.name)).toEqual(['GET /a', 'POST /b', 'HEAD /c']);
    expect(c.of(TO_CLIENT).map((m) => [m.status, m.attributes['http.response.body.size']])).toEqual([
      ['ok', undefined],
      ['error', 2],
      ['ok', undefined],
    ]);
    expect(c.messages.every((m) => m.end > m.start)).toBe(true);
    expect(c.causes).toEqual([]);
  });
});

describe('bodies', () => {
  test('chunked, with extensions and trailers (RFC 9112 §7.1)', () => {
    const c = start();
    c.feed(TO_SERVER, 'GET / HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n');
    c.feed(
      TO_CLIENT,
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n4;name="a;b"\r\nWiki\r\n00a \r\npedia in\r\n\r\n0\r\nExpires: never\r\nX: y\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n',
    );
    const [first, second] = c.of(TO_CLIENT);
    expect(first!.attributes['http.response.body.size']).toBe(14);
    expect(second!.start).toBe(first!.end);
    expect(second!.status).toBe('ok');
    expect(second!.attributes).toEqual({ 'http.response.status_code': 404, 'http.response.body.size': 0 });
  });

  test('Transfer-Encoding wins over Content-Length', () => {
    const c = start();
    c.feed(
      TO_SERVER,
      'POST / HTTP/1.1\r\nContent-Length: 999\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n',
    );
    expect(c.messages.map((m) => m.name)).toEqual(['POST /', 'GET /b']);
    expect(c.messages[0]!.attributes['http.request.body.size']).toBe(3);
  });

  test('the same length twice is one; two that differ are none', () => {
    const c = start();
    c.feed(TO_SERVER, 'POST / HTTP/1.1\r\nContent-Length: 3, 3\r\nContent-Length:3\r\n\r\nabc');
    c.feed(TO_SERVER, 'POST /x HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd');
    c.feed(TO_SERVER, 'GET /b HTTP/1.1\r\n\r\n');
    expect(c.messages.map((m) => m.name)).toEqual(['POST /', 'POST /x', 'GET /b']);
    expect(c.messages.every((m) => m.end > 0)).toBe(true);
    expect(c.causes).toEqual(['to-server content-length']);
  });

  test.each(['-1', '5x', '0x5', '', '5 5', '99999999999999999999', '+5'])(
    'length %j is refused',
    (length) => {
      const c = start();
      c.feed(TO_SERVER, `POST / HTTP/1.1\r\nContent-Length: ${length}\r\n\r\n`);
      c.feed(TO_SERVER, 'GET /b HTTP/1.1\r\n\r\n');
      expect(c.messages.map((m) => m.name)).toEqual(['POST /', 'GET /b']);
      expect(c.causes).toEqual(['to-server content-length']);
    },
  );

  test('until the connection closes', () => {
    const c = start();
    c.feed(TO_SERVER, 'GET / HTTP/1.0\r\n\r\n');
    c.feed(TO_CLIENT, 'HTTP/1.0 200 OK\r\n\r\nabc');
    c.gap(TO_CLIENT, 1000);
    c.feed(TO_CLIENT, 'HTTP/1.1 200 this is content');
    expect(c.of(TO_CLIENT)[0]!.end).toBe(-1);
    expect(c.parser.neededFrom(TO_CLIENT)).toBeGreaterThan(c.at(TO_CLIENT) + 1e9);
    c.finish(TO_CLIENT);
    expect(c.of(TO_CLIENT)).toHaveLength(1);
    expect(c.of(TO_CLIENT)[0]!.end).toBe(c.at(TO_CLIENT));
    expect(c.of(TO_CLIENT)[0]!.attributes['http.response.body.size']).toBe(1031);
    expect(c.causes).toEqual([]);
  });

  test('a body cut by the end of the connection ends there', () => {
    const c = start();
    c.feed(TO_SERVER, 'POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc');
    c.finish(TO_SERVER);
    expect(c.messages[0]).toMatchObject({
      end: c.at(TO_SERVER),
      attributes: { 'http.request.body.size': 3 },
    });
  });

  test('interim responses come before the response of their request', () => {
    const c = start();
    c.feed(TO_SERVER, 'HEAD / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n');
    c.feed(
      TO_CLIENT,
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n',
    );
    c.feed(TO_SERVER, 'GET / HTTP/1.1\r\n\r\n');
    c.feed(TO_CLIENT, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!');
    expect(c.of(TO_CLIENT).map((m) => [m.kind, m.attributes['http.response.status_code'], m.status])).toEqual(
      [
        ['interim', 100, 'unset'],
        ['interim', 103, 'unset'],
        ['response', 200, 'ok'],
        ['response', 200, 'ok'],
      ],
    );
    expect(c.messages.every((m) => m.end > m.start)).toBe(true);
  });
});

describe('leaving HTTP', () => {
  const garbage = String.fromCharCode(0x81, 0x85, 1, 2, 3, 4, 5, 13, 10, 13, 10);

  test.each([
    ['request first', true],
    ['response first', false],
  ])('101: what follows is a tunnel, %s', (_, requestFirst) => {
    const c = start();
    const request = 'GET /chat HTTP/1.1\r\nUpgrade: exotic\r\nConnection: Upgrade\r\n\r\n';
    if (requestFirst) c.feed(TO_SERVER, request);
    c.feed(TO_CLIENT, `HTTP/1.1 101 Switching Protocols\r\nUpgrade: exotic\r\n\r\n${garbage}`);
    if (!requestFirst) c.feed(TO_SERVER, request);
    for (let i = 0; i < 100; i++) {
      c.feed(TO_SERVER, garbage);
      c.feed(TO_CLIENT, `${garbage}HTTP/1.1 200 OK\r\n\r\n`);
      c.gap(TO_CLIENT, 100);
    }
    c.feed(TO_SERVER, 'GET /inside HTTP/1.1\r\n\r\n');
    expect(c.messages.map((m) => m.kind).sort()).toEqual(['request', 'response']);
    expect(c.messages.every((m) => m.end > m.start)).toBe(true);
    expect(c.causes).toEqual([]);
  });

  test('101 says what it turns to', () => {
    const c = start();
    c.feed(TO_SERVER, 'GET /chat HTTP/1.1\r\nUpgrade: Exotic\r\n\r\n');
    c.feed(TO_CLIENT, 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: Exotic\r\n\r\n');
    expect(c.of(TO_CLIENT)[0]!.attributes['weft.http.upgrade']).toBe('exotic');
    for (const side of [TO_SERVER, TO_CLIENT] as const)
      expect(c.parser.neededFrom(side)).toBeGreaterThan(c.at(side) + 1e9);
  });

  test('frames of the client that run ahead of the 101 make no noise', () => {
    const c = start();
    c.feed(TO_SERVER, 'GET /chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n');
    c.feed(TO_SERVER, garbage);
    c.feed(TO_CLIENT, 'HTTP/1.1 101 Switching Protocols\r\n\r\n');
    c.feed(TO_SERVER, garbage);
    expect(c.messages).toHaveLength(2);
    expect(c.causes).toEqual([]);
  });

  test('an upgrade that the server ignores leaves all as it is', () => {
    const c = start();
    c.feed(TO_SERVER, 'GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n');
    c.feed(TO_CLIENT, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    c.feed(TO_SERVER, 'GET /b HTTP/1.1\r\n\r\n');
    expect(c.of(TO_SERVER).map((m) => m.name)).toEqual(['GET /', 'GET /b']);
  });

  test('WebSocket: messages after 101, in frames and pieces', () => {
    const c = start();
    c.feed(TO_SERVER, 'GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    const frames = '\x81\x05hello\x89\x00\x02\x01a\x80\x7e\x01\x00';
    c.feed(TO_CLIENT, `HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n\r\n${frames}`);
    c.gap(TO_CLIENT, 256);
    c.feed(TO_SERVER, '\x81');
    for (const byte of '\x85\x01\x02\x03\x04world') c.feed(TO_SERVER, byte);
    expect(c.messages.slice(2)).toMatchObject([
      { kind: 'one-way', side: TO_CLIENT, name: 'websocket text', attributes: { 'weft.message.size': 5 } },
      {
        kind: 'one-way',
        side: TO_CLIENT,
        name: 'websocket binary',
        attributes: { 'weft.message.size': 257 },
      },
      { kind: 'one-way', side: TO_SERVER, name: 'websocket text', attributes: { 'weft.message.size': 5 } },
    ]);
    expect(c.causes).toEqual([]);
    c.feed(TO_SERVER, 'no frame');
    expect(c.causes).toEqual(['to-server websocket-frame']);
  });

  test('h2c: stream 1 answers the request, HTTP/2 goes on', () => {
    const c = start();
    c.feed(TO_SERVER, 'GET /a HTTP/1.1\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n');
    c.feed(
      TO_CLIENT,
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n${settings()}${headers(1, OK, true)}`,
    );
    c.feed(TO_SERVER, PREFACE_TEXT + settings() + headers(3, getBlock('/b'), true));
    c.feed(TO_CLIENT, headers(3, OK) + data(3, 'body', true));
    expect(c.messages.map((m) => `${m.kind} ${m.name}`.trim())).toEqual([
      ...['request GET /a', 'interim', 'response', 'request GET /b', 'response'],
    ]);
    expect(c.messages[2]!.attributes['http.response.status_code']).toBe(200);
    expect(c.causes).toEqual([]);
  });

  test('CONNECT: success is a tunnel, refusal is not', () => {
    const c = start();
    c.feed(TO_SERVER, 'CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n');
    c.feed(TO_CLIENT, 'HTTP/1.1 407 Auth\r\nContent-Length: 2\r\n\r\nno');
    c.feed(TO_SERVER, 'CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n');
    c.feed(TO_CLIENT, 'HTTP/1.1 200 Connected\r\n\r\n');
    c.feed(TO_SERVER, garbage);
    c.feed(TO_CLIENT, garbage);
    expect(c.messages.map((m) => m.kind)).toEqual(['request', 'response', 'request', 'response']);
    expect(c.causes).toEqual([]);
  });
});

describe('order', () => {
  test('a response before its request', () => {
    const c = start();
    for (let i = 0; i < 5; i++) {
      c.feed(TO_CLIENT, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      c.feed(TO_SERVER, `GET /${i} HTTP/1.1\r\n\r\n`);
    }
    expect(c.messages).toHaveLength(10);
    expect(c.messages.every((m) => m.end > m.start)).toBe(true);
    expect(c.causes).toEqual([]);
  });

  test('the response to a HEAD before its request, again and again', () => {
    const c = start();
    for (let i = 0; i < 3; i++) {
      c.feed(TO_CLIENT, 'HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n');
      c.feed(TO_SERVER, 'HEAD / HTTP/1.1\r\n\r\n');
      c.feed(TO_SERVER, 'GET / HTTP/1.1\r\n\r\n');
      c.feed(TO_CLIENT, 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n');
      c.feed(TO_CLIENT, 'x'.repeat(20));
    }
    expect(c.of(TO_CLIENT).map((m) => m.attributes['http.response.body.size'])).toEqual([
      undefined,
      20,
      undefined,
      20,
      undefined,
      20,
    ]);
    expect(c.causes).toEqual([]);
  });

  test('only the responses are seen, some without a body', () => {
    const c = start();
    c.feed(TO_CLIENT, 'HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n');
    c.feed(TO_CLIENT, 'HTT');
    c.feed(TO_CLIENT, 'P/1.1 200 OK\r\nContent-Length: 20\r\n\r\nHTTP/1.x is a proto.');
    c.feed(TO_CLIENT, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 20\r\n\r\n');
    expect(c.messages.map((m) => m.attributes['http.response.body.size'])).toEqual([
      undefined,
      20,
      undefined,
    ]);
    expect(c.messages.every((m) => m.end > m.start)).toBe(true);
  });

  test('a HEAD on a connection that was seen from a response on', () => {
    const c = start();
    c.feed(TO_CLIENT, 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n01234567890123456789');
    c.feed(TO_SERVER, 'HEAD / HTTP/1.1\r\n\r\n');
    c.feed(TO_CLIENT, 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n');
    expect(c.messages.every((m) => m.end > m.start)).toBe(true);
    expect(c.parser.neededFrom(TO_CLIENT)).toBe(c.at(TO_CLIENT));
  });
});

test('real traffic', () => {
  const read = (name: string) =>
    new Uint8Array(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)));
  const c = start();
  c.feed(TO_SERVER, read('http1.to-server.bin'));
  c.feed(TO_CLIENT, read('http1.to-client.bin'));
  expect(c.messages[0]).toMatchObject({
    name: 'POST /query',
    attributes: { 'url.query': '?', 'server.address': 'rq.cct.cloud.duba.net', 'http.request.body.size': 85 },
  });
  expect(c.messages[1]).toMatchObject({
    status: 'ok',
    attributes: { 'http.response.status_code': 200, 'http.response.body.size': 54 },
  });
  expect(c.causes).toEqual([]);
});

describe('more of RFC 9110 and 9112', () => {
  test.each(['GET /a', 'GET /a ', 'GET /a HTT', 'GET /a HTTP/1.', 'GET /a HTTP/1.1', 'GET /a HTTP/1.1\r'])(
    'a first read that ends so is HTTP: %j',
    (text) => {
      expect(http1.detect(bytesOf(text), TO_SERVER)).toBeGreaterThanOrEqual(0.6);
    },
  );

  test.each(['GET /a b', 'GET /a HTX', 'GET /a HTTP/2', 'GET /\x01 HTT'])('and so it is not: %j', (text) => {
    expect(http1.detect(bytesOf(text), TO_SERVER)).toBe(0);
  });

  test('pipelined HEAD, OPTIONS * and an absolute target', () => {
    const c = start();
    c.feed(
      TO_SERVER,
      'HEAD /h HTTP/1.1\r\n\r\nOPTIONS * HTTP/1.1\r\n\r\nGET http://u@shop:81/x?a=1 HTTP/1.1\r\nHost: other\r\n\r\n',
    );
    c.feed(
      TO_CLIENT,
      'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!',
    );
    expect(c.of(TO_SERVER).map((m) => [m.name, m.attributes['server.address']])).toEqual([
      ['HEAD /h', undefined],
      ['OPTIONS *', undefined],
      ['GET /x', 'shop'],
    ]);
    expect(c.of(TO_CLIENT).map((m) => m.attributes['http.response.body.size'])).toEqual([
      undefined,
      undefined,
      1,
    ]);
    expect(c.causes).toEqual([]);
  });

  test('lines that end with LF alone, and folded fields', () => {
    const c = start();
    c.feed(
      TO_SERVER,
      'POST /a HTTP/1.1\nUser-Agent: one\n  two\nContent-Length:\n 2\n\nokGET /b HTTP/1.1\n\n',
    );
    expect(c.messages.map((m) => m.name)).toEqual(['POST /a', 'GET /b']);
    expect(c.messages[0]!.attributes['user_agent.original']).toBe('one two');
  });

  test('an answer before the request’s body is there', () => {
    const c = start();
    c.feed(TO_SERVER, 'POST /a HTTP/1.1\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n');
    c.feed(TO_CLIENT, 'HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n');
    c.feed(TO_SERVER, 'abcdefGET /b HTTP/1.1\r\n\r\n');
    expect(c.of(TO_SERVER).map((m) => m.name)).toEqual(['POST /a', 'GET /b']);
    expect(c.causes).toEqual([]);
  });

  test('a head without end is given up, and HTTP goes on', () => {
    const c = start();
    c.feed(TO_SERVER, `GET /a HTTP/1.1\r\nX: ${'x'.repeat(70_000)}`);
    c.feed(TO_SERVER, 'GET /b HTTP/1.1\r\n\r\n');
    expect(c.messages.map((m) => m.name)).toEqual(['GET /b']);
    expect(c.causes).toEqual(['to-server head-too-large']);
  });
});

test('request ids: of the usual fields, and of those that are named', () => {
  const recorder = createRecorder();
  const parser = createHttp1Parser(recorder, { mask: true, requestIdNames: ['my-id'] });
  const c = createFeeder(parser);
  c.feed(
    TO_SERVER,
    'GET / HTTP/1.1\r\nX-Request-ID: 9b2c1f6e1c7d4b7a9f55\r\nMy-Id: order-4711-8\r\nX-Other: 12345678\r\n\r\n',
  );
  expect(recorder.messages[0]?.carried).toMatchObject({
    traceId: null,
    requestIds: [
      { name: 'x-request-id', specific: true },
      { name: 'my-id', specific: false },
    ],
  });
});

test('ids of responses, of query parameters that are named, and what was asked for', () => {
  const recorder = createRecorder();
  const parser = createHttp1Parser(recorder, {
    mask: true,
    requestIdNames: ['rid'],
    traceIdNames: ['my_trace'],
  });
  const c = createFeeder(parser);
  const ask = (target: string, fields = '') => c.feed(TO_SERVER, `GET ${target} HTTP/1.1\r\n${fields}\r\n`);
  const answer = (fields: string) =>
    c.feed(TO_CLIENT, `HTTP/1.1 200 OK\r\n${fields}Content-Length: 0\r\n\r\n`);
  ask('/a?b=1&RID=order-4711-8');
  answer('X-Request-ID: 9b2c1f6e1c7d4b7a9f55\r\n');
  ask('/a?b=2', 'RID: order-4711-8\r\n');
  answer('');
  ask('/a?b=2', 'My_Trace: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nrid: order-4711-8\r\n');
  answer('Server: x\r\n');
  const [first, answered, second, nothing, third, none] = recorder.messages.map((message) => message.carried);
  expect(answered).toMatchObject({ traceId: null, requestIds: [{ name: 'x-request-id', specific: true }] });
  expect([nothing, none]).toEqual([null, null]);
  expect(first!.requestIds).toEqual(second!.requestIds);
  expect(first!.target).not.toBe(second!.target);
  expect(third).toEqual({
    ...second,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
  });
});
