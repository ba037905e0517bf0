import { describe, expect, test } from 'vitest';
import { type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import * as wire from '../testing/fastcgi.ts';
import { bytesOf, createFeeder, createRecorder } from '../testing/recorder.ts';
import { fastcgi } from './index.ts';

function start(options = {}) {
  const recorder = createRecorder();
  const parser = fastcgi.createParser(recorder, { mask: true, ...options });
  return { ...recorder, parser, ...createFeeder(parser) };
}

describe('a request and its response', () => {
  test('say what HTTP says', () => {
    const c = start();
    const request = wire.get(1, '/orders/7?token=secret', {
      HTTP_HOST: 'shop.example:8080',
      HTTP_USER_AGENT: 'curl/8',
      QUERY_STRING: 'token=secret',
      SCRIPT_FILENAME: '/srv/index.php',
      REQUEST_SCHEME: 'https',
    });
    c.feed(TO_SERVER, request);
    c.feed(TO_CLIENT, wire.page(1, 'hello'));
    expect(c.messages).toEqual([
      {
        side: TO_SERVER,
        kind: 'request',
        name: 'GET /orders/{id}',
        start: 1000,
        end: 1000 + request.length,
        status: 'unset',
        carried: null,
        attributes: {
          'http.request.method': 'GET',
          'url.path': '/orders/7',
          'url.query': 'token=?',
          'url.scheme': 'https',
          'server.address': 'shop.example',
          'user_agent.original': 'curl/8',
          'weft.fastcgi.script': '/srv/index.php',
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
        attributes: { 'http.response.status_code': 200, 'http.response.body.size': 5 },
      },
    ]);
    expect(c.causes).toEqual([]);
  });

  test.each([
    [{ REQUEST_URI: '/a?b=1' }, '/a', 'b=1'],
    [{ REQUEST_URI: '', SCRIPT_NAME: '/a.php', PATH_INFO: '/x', QUERY_STRING: 'q=1' }, '/a.php/x', 'q=1'],
    [{ REQUEST_URI: '', DOCUMENT_URI: '/doc' }, '/doc', undefined],
    [{ REQUEST_URI: 'http://h:1/a/b?c=d' }, '/a/b', 'c=d'],
    [{ REQUEST_URI: 'http://h' }, '/', undefined],
    [{ REQUEST_URI: `/${'x'.repeat(300)}` }, `/${'x'.repeat(300)}`, undefined],
  ])('path and query of %j', (more, path, query) => {
    const c = start({ mask: false });
    c.feed(TO_SERVER, wire.get(1, '/', more));
    expect(c.messages[0]!.attributes['url.path']).toBe(path);
    expect(c.messages[0]!.attributes['url.query']).toBe(query);
  });

  test.each([
    ['Status: 404 Not Found\r\nContent-type: text/html\r\n\r\n', 404, 'ok'],
    ['Content-type: a\r\nstatus:503\r\n\r\n', 503, 'error'],
    ['Location: /elsewhere\r\n\r\n', 302, 'ok'],
    ['Status: 201 Created\nLocation: /new\n\n', 201, 'ok'],
    ['X-Powered-By: PHP\n\r\n', 200, 'ok'],
    ['no head at all\r\n\r\n', undefined, 'unset'],
  ])('%j', (head, code, status) => {
    const c = start();
    c.feed(TO_SERVER, wire.get(1));
    c.feed(TO_CLIENT, wire.page(1, 'body', head));
    expect(c.of(TO_CLIENT)[0]!.attributes['http.response.status_code']).toBe(code);
    expect(c.of(TO_CLIENT)[0]!.status).toBe(status);
    expect(c.of(TO_CLIENT)[0]!.attributes['http.response.body.size']).toBe(4);
  });

  test('pairs may lie in two records, a head too; bodies are counted', () => {
    const c = start();
    const all = wire.pairs({
      REQUEST_METHOD: 'POST',
      REQUEST_URI: '/upload',
      HTTP_X_REQUEST_ID: 'a'.repeat(200),
    });
    c.feed(TO_SERVER, wire.begin(3) + wire.stream(4, 3, all.slice(0, 20), all.slice(20, 21), all.slice(21)));
    c.feed(TO_SERVER, wire.stdin(3, 'x'.repeat(1000), 'y'.repeat(24)));
    c.feed(TO_CLIENT, wire.stdout(3, 'Status: 50', '0 No\r\n', '\r\nab', 'cd') + wire.end(3));
    expect(c.messages.map((m) => [m.name, m.attributes['http.request.body.size'], m.status])).toEqual([
      ['POST /upload', 1024, 'unset'],
      ['', undefined, 'error'],
    ]);
    expect(c.messages[1]!.attributes['http.response.body.size']).toBe(4);
  });

  test('headers carry ids', () => {
    const c = start({ requestIdNames: ['my-id'] });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    c.feed(TO_SERVER, wire.get(1, '/', { HTTP_TRACEPARENT: traceparent, HTTP_MY_ID: 'abcdef0123456789' }));
    c.feed(
      TO_SERVER,
      wire.get(1, '/', { HTTP_X_B3_TRACEID: '463ac35c9f6413ad', HTTP_X_B3_SPANID: 'a2fb4a1d1a96d312' }),
    );
    expect(c.messages[0]!.carried).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      requestIds: [{ name: 'my-id' }],
    });
    expect(c.messages[1]!.carried).toEqual({
      traceId: '0000000000000000463ac35c9f6413ad',
      spanId: 'a2fb4a1d1a96d312',
    });
  });

  test.each([
    [
      wire.end(1, 0, 2),
      'error',
      { 'error.type': 'OVERLOADED', 'weft.fastcgi.protocol_status': 'OVERLOADED' },
    ],
    [wire.end(1, 0, 1), 'error', { 'error.type': 'CANT_MPX_CONN' }],
    [wire.stderr(1, 'PHP Fatal error') + wire.page(1), 'ok', { 'weft.fastcgi.stderr.size': 15 }],
    [
      `${wire.stdout(1, 'A-b: c\n\nx')}${wire.end(1, 3)}`,
      'ok',
      { 'weft.fastcgi.app_status': 3, 'error.type': 'APP_STATUS' },
    ],
  ])('what the application says at its end (%#)', (response, status, attributes) => {
    const c = start();
    c.feed(TO_SERVER, wire.get(1));
    c.feed(TO_CLIENT, response);
    expect(c.of(TO_CLIENT)).toHaveLength(1);
    expect(c.of(TO_CLIENT)[0]).toMatchObject({ start: 5000, end: c.at(TO_CLIENT), status, attributes });
  });

  test('an abort ends the request, and the response is an error', () => {
    const c = start();
    c.feed(TO_SERVER, wire.begin(1) + wire.params(1, { REQUEST_METHOD: 'PUT' }) + wire.abort(1));
    c.feed(TO_CLIENT, wire.end(1));
    expect(c.messages).toMatchObject([
      { name: 'PUT', end: c.at(TO_SERVER) },
      { status: 'error', attributes: { 'error.type': 'ABORT_REQUEST' } },
    ]);
  });

  test('an authorizer reads no body', () => {
    const c = start();
    c.feed(TO_SERVER, wire.begin(1, { role: 2 }) + wire.params(1, { REQUEST_METHOD: 'GET' }));
    expect(c.messages[0]!.end).toBe(c.at(TO_SERVER));
  });

  test('the application is asked for its limits', () => {
    const c = start();
    c.feed(TO_SERVER, wire.getValues);
    c.feed(TO_CLIENT, wire.values);
    c.feed(TO_SERVER, wire.record(77, 0, 'x'));
    c.feed(TO_CLIENT, wire.record(11, 0, '\x4d\0\0\0\0\0\0\0'));
    expect(c.messages.map((m) => [m.kind, m.name, m.status])).toEqual([
      ['request', 'GET_VALUES', 'unset'],
      ['response', '', 'ok'],
      ['request', 'TYPE 77', 'unset'],
      ['response', '', 'error'],
    ]);
    expect(c.causes).toEqual([]);
  });

  test('requests of one connection, one after the other and at once', () => {
    const ids: (number | string | null)[] = [];
    const touched: unknown[] = [];
    const parser = fastcgi.createParser(
      {
        message: (m) => ids.push(m.pairingId),
        end: () => {},
        malformed: () => {},
        touch: (m) => touched.push(m.pairingId),
      },
      { mask: true },
    );
    const { feed } = createFeeder(parser);
    feed(TO_SERVER, wire.get(1));
    feed(TO_CLIENT, wire.page(1));
    feed(TO_SERVER, wire.get(1));
    feed(TO_CLIENT, wire.page(1));
    expect(ids).toEqual([null, null, null, null]);
    expect(touched).toEqual([]);
    feed(TO_SERVER, wire.get(1) + wire.get(2));
    feed(TO_CLIENT, wire.page(2) + wire.page(1));
    expect(ids.slice(4)).toEqual([null, 2, 2, null]);
    expect(touched).toContain(2);
  });
});

describe('missing bytes', () => {
  test('bodies are not needed', () => {
    const c = start();
    c.feed(TO_SERVER, wire.begin(1) + wire.params(1, { REQUEST_METHOD: 'POST' }));
    const body = wire.record(5, 1, 'x'.repeat(3000));
    c.feed(TO_SERVER, body.slice(0, 10));
    expect(c.parser.neededFrom(TO_SERVER)).toBe(c.at(TO_SERVER) + body.length - 10);
    c.gap(TO_SERVER, body.length - 10);
    c.feed(TO_SERVER, wire.record(5, 1));
    const answer = wire.stdout(1, `A: b\r\n\r\n${'y'.repeat(3000)}`);
    c.feed(TO_CLIENT, answer.slice(0, 100));
    c.gap(TO_CLIENT, answer.length - 100);
    c.feed(TO_CLIENT, wire.end(1));
    expect(c.causes).toEqual([]);
    expect(
      c.messages.map(
        (m) => m.attributes['http.request.body.size'] ?? m.attributes['http.response.body.size'],
      ),
    ).toEqual([3000, 3000]);
  });

  test('of the params: what came before stays known', () => {
    const c = start();
    const request = wire.get(1, '/a');
    const cut = request.indexOf('REQUEST_URI');
    c.feed(TO_SERVER, request.slice(0, cut));
    c.gap(TO_SERVER, 10);
    c.feed(TO_SERVER, request.slice(cut + 10));
    c.feed(TO_CLIENT, wire.page(1));
    expect(c.messages.map((m) => m.kind)).toEqual(['request', 'response']);
    expect(c.messages[0]!.attributes['http.request.method']).toBe('GET');
    expect(c.causes).toEqual([]);
  });

  test('between responses: the rest of one is not taken for another', () => {
    const c = start();
    c.feed(TO_SERVER, wire.get(1));
    c.gap(TO_CLIENT, 100);
    c.feed(TO_CLIENT, wire.stdout(1, 'some text') + wire.end(1));
    c.feed(TO_SERVER, wire.get(1));
    c.feed(TO_CLIENT, wire.page(1));
    expect(c.of(TO_CLIENT).map((m) => m.start)).toEqual([c.at(TO_CLIENT) - wire.page(1).length]);
    expect(c.causes).toEqual(['to-client gap']);
  });

  test('a connection seen from its middle', () => {
    const c = start();
    c.feed(TO_SERVER, `ad of a body${'\0'.repeat(4)}${wire.record(5, 1)}`);
    c.feed(TO_CLIENT, `of a page${wire.end(1)}`);
    c.feed(TO_SERVER, wire.get(1));
    c.feed(TO_CLIENT, wire.page(1));
    expect(c.messages.map((m) => m.kind)).toEqual(['request', 'response']);
    expect(c.causes).toEqual(['to-server version', 'to-client version']);
  });

  test.each([
    ['\x02\x01\0\x01\0\x08\0\0', 'version'],
    ['\x01\x00\0\x01\0\x08\0\0', 'type'],
    ['\x01\x06\0\x01\0\x08\0\0', 'type'],
    ['\x01\x01\0\x01\0\x09\0\0', 'type'],
  ])('no record: %j', (bad, cause) => {
    const c = start();
    c.feed(TO_SERVER, bad);
    c.feed(TO_SERVER, wire.get(1));
    expect(c.messages).toHaveLength(1);
    expect(c.causes).toEqual([`to-server ${cause}`]);
  });

  test('the connection ends within a response', () => {
    const c = start();
    c.feed(TO_SERVER, wire.get(1));
    c.feed(TO_CLIENT, wire.stdout(1, 'A: b\r\n\r\nx').slice(0, -3));
    c.finish(TO_CLIENT);
    expect(c.of(TO_CLIENT)[0]!.end).toBe(c.at(TO_CLIENT));
    expect(c.causes).toEqual(['to-client truncated']);
  });
});

describe('recognised', () => {
  test.each<[string, Side]>([
    [wire.get(1), TO_SERVER],
    [wire.begin(1).slice(0, 16), TO_SERVER],
    [wire.getValues, TO_SERVER],
    [wire.params(1, { QUERY_STRING: '' }), TO_SERVER],
    [wire.page(1), TO_CLIENT],
    [wire.stderr(1, 'warning') + wire.page(1), TO_CLIENT],
    [wire.end(1), TO_CLIENT],
    [wire.values, TO_CLIENT],
  ])('%#', (text, side) => {
    const bytes = bytesOf(text);
    expect(fastcgi.detect(bytes, null)).toBeGreaterThan(0.6);
    expect(fastcgi.detect(bytes, side)).toBeGreaterThan(0.6);
    expect(fastcgi.detect(bytes, side === TO_SERVER ? TO_CLIENT : TO_SERVER)).toBe(0);
    expect(fastcgi.sideOf(bytes)).toBe(side);
  });

  test('the first bytes alone are too few to tell, and worth waiting', () => {
    expect(fastcgi.detect(bytesOf(wire.begin(1).slice(0, 8)), TO_SERVER)).toBe(0.2);
    expect(fastcgi.detect(bytesOf(wire.page(1).slice(0, 8)), TO_CLIENT)).toBe(0.2);
  });
});
