import { gzipSync, strToU8 } from 'fflate';
import { describe, expect, test } from 'vitest';
import { type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { grpc } from '../testing/frames.ts';
import { createFeeder, createRecorder } from '../testing/recorder.ts';
import { http1 } from './index.ts';

function talk(mask = true) {
  const recorder = createRecorder();
  const parser = http1.createParser(recorder, { mask });
  return { ...recorder, parser, feeder: createFeeder(parser) };
}

/** Feeds a text in reads of `step` bytes. */
function feedIn(feeder: ReturnType<typeof createFeeder>, side: Side, text: string, step: number): void {
  for (let at = 0; at < text.length; at += step) feeder.feed(side, text.slice(at, at + step));
}

const post = (type: string, body: string, path = '/graphql') =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const chunked = (...chunks: string[]) =>
  `Transfer-Encoding: chunked\r\n\r\n${[...chunks, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}`;
const answer = (type: string, body: string) =>
  `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

describe('GraphQL', () => {
  const query = 'query Cart { cart(id: "secret") { id } }';
  const body = JSON.stringify({ query, variables: { id: 'secret' } });
  const expected = {
    name: 'query Cart',
    attributes: {
      'graphql.operation.name': 'Cart',
      'graphql.operation.type': 'query',
      'graphql.document': 'query Cart { cart(id: ?) { id } }',
      'http.request.body.size': body.length,
      'url.path': '/graphql',
    },
  };
  test.each([1, 5, 10_000])('in the body, read %i bytes at a time', (step) => {
    const { feeder, messages, causes } = talk();
    feedIn(feeder, TO_SERVER, post('application/json', body), step);
    feedIn(
      feeder,
      TO_SERVER,
      `POST /graphql HTTP/1.1\r\ncontent-type: application/json; charset=utf-8\r\n${chunked(body.slice(0, 3), body.slice(3))}`,
      step,
    );
    feedIn(feeder, TO_SERVER, post('application/json', '{"id":"secret"}'), step);
    expect(messages).toMatchObject([expected, expected, { name: 'POST /graphql' }]);
    expect(JSON.stringify(messages)).not.toContain('secret');
    expect(causes).toEqual([]);
  });

  test('in the query of a GET', () => {
    const { feeder, messages } = talk();
    feeder.feed(TO_SERVER, `GET /graphql?query=${encodeURIComponent(query)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(messages).toMatchObject([
      { name: 'query Cart', attributes: { 'graphql.operation.type': 'query', 'url.query': 'query=?' } },
    ]);
  });

  test('the body is needed until it is known to be none, or long enough', () => {
    const { feeder, parser, messages } = talk();
    const long = `${body.slice(0, -1)},"x":"${'x'.repeat(9_000)}"}`;
    const request = post('application/json', long);
    const end = feeder.at(TO_SERVER) + request.length;
    feeder.feed(TO_SERVER, request.slice(0, 200));
    expect(parser.neededFrom(TO_SERVER)).toBe(feeder.at(TO_SERVER));
    feeder.feed(TO_SERVER, request.slice(200, 9_000));
    expect(parser.neededFrom(TO_SERVER)).toBe(end);
    feeder.gap(TO_SERVER, request.length - 9_000);
    feeder.feed(TO_SERVER, post('application/json', '{"id":1,"longer":true}').slice(0, -15));
    expect(parser.neededFrom(TO_SERVER)).toBe(feeder.at(TO_SERVER) + 15);
    expect(messages).toMatchObject([expected_(long.length), { name: 'POST /graphql' }]);
  });
  const expected_ = (size: number) => ({
    ...expected,
    attributes: { ...expected.attributes, 'http.request.body.size': size },
  });

  test('what follows a gap is not read', () => {
    const { feeder, messages } = talk();
    const request = post('application/json', body);
    const seen = request.indexOf('secret') + 2;
    feeder.feed(TO_SERVER, request.slice(0, seen));
    feeder.gap(TO_SERVER, 2);
    feeder.feed(TO_SERVER, request.slice(seen + 2));
    expect(messages).toMatchObject([
      { name: 'query Cart', attributes: { 'graphql.document': 'query Cart { cart(id: ?' } },
    ]);
  });
});

describe('gRPC-Web', () => {
  const [WEB, TEXT] = ['application/grpc-web+proto', 'application/grpc-web-text'];
  const trailers = (status: number) => grpc(`grpc-status:${status}\r\ngrpc-message:no\r\n`, 0x80);
  const call = (type: string, body: string) => post(type, body, '/shop.Cart/Get');
  /** Each message on its own, as a server does that flushes: padding stands in the middle. */
  const text = (...messages: string[]) => messages.map((message) => btoa(message)).join('');

  test.each([1, 3, 10_000])('in reads of %i bytes', (step) => {
    const { feeder, messages, causes } = talk();
    feedIn(feeder, TO_SERVER, call(WEB, grpc('ask')), step);
    feedIn(
      feeder,
      TO_CLIENT,
      `HTTP/1.1 200 OK\r\nContent-Type: ${WEB}\r\n${chunked(grpc('one'), grpc('two') + trailers(5))}`,
      step,
    );
    feedIn(feeder, TO_SERVER, call(TEXT, text(grpc('ask'))), step);
    feedIn(feeder, TO_CLIENT, answer(TEXT, text(grpc('a'), grpc('bb'), grpc('ccc'), trailers(0))), step);
    const request = {
      kind: 'request',
      name: 'shop.Cart/Get',
      attributes: {
        'rpc.system': 'grpc',
        'rpc.service': 'shop.Cart',
        'rpc.method': 'Get',
        'weft.rpc.request.messages': 1,
      },
    };
    expect(messages).toMatchObject([
      request,
      {
        kind: 'response',
        attributes: {
          'rpc.grpc.status_code': 5,
          'rpc.response.status_code': 'NOT_FOUND',
          'weft.rpc.response.messages': 2,
        },
      },
      request,
      { kind: 'response', attributes: { 'rpc.grpc.status_code': 0, 'weft.rpc.response.messages': 3 } },
    ]);
    expect(causes).toEqual([]);
  });

  test('compressed trailers, and what only seems so', () => {
    const { feeder, messages } = talk();
    const zipped = String.fromCharCode(...gzipSync(strToU8('grpc-status: 9\r\n')));
    for (const body of [zipped, zipped.slice(0, 20), 'grpc-status: 9\r\n', '']) {
      feeder.feed(TO_SERVER, call(WEB, grpc('ask')));
      feeder.feed(TO_CLIENT, answer(WEB, grpc('x', 1) + grpc(body, 0x81)));
    }
    const statuses = messages.flatMap(({ kind, attributes }) =>
      kind === 'response' ? [attributes['rpc.grpc.status_code']] : [],
    );
    expect(statuses).toEqual([9, undefined, undefined, undefined]);
  });

  test('trailers alone are in the head', () => {
    const { feeder, messages } = talk();
    feeder.feed(TO_SERVER, call(WEB, grpc('ask')));
    feeder.feed(
      TO_CLIENT,
      `HTTP/1.1 200 OK\r\nContent-Type: ${WEB}\r\nGrpc-Status: 12\r\nContent-Length: 0\r\n\r\n`,
    );
    expect(messages[1]!.attributes).toMatchObject({ 'rpc.grpc.status_code': 12 });
  });

  test('bytes within a message are not needed, its trailers are', () => {
    const { feeder, parser, messages } = talk();
    feeder.feed(TO_SERVER, call(WEB, grpc('ask')));
    const body = grpc('x'.repeat(50_000)) + trailers(7);
    const whole = answer(WEB, body);
    const start = feeder.at(TO_CLIENT);
    feeder.feed(TO_CLIENT, whole.slice(0, 1_000));
    const needed = parser.neededFrom(TO_CLIENT);
    expect(needed).toBe(start + whole.length - trailers(7).length);
    feeder.gap(TO_CLIENT, needed - feeder.at(TO_CLIENT));
    feeder.feed(TO_CLIENT, whole.slice(needed - start));
    expect(messages[1]!.attributes).toMatchObject({
      'rpc.grpc.status_code': 7,
      'weft.rpc.response.messages': 1,
    });
  });
});
