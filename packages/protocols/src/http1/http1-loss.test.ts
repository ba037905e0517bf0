import { describe, expect, test } from 'vitest';
import { TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { createFeeder, createRecorder } from '../testing/recorder.ts';
import { createHttp1Parser } from './parser.ts';

function start() {
  const recorder = createRecorder();
  const parser = createHttp1Parser(recorder, { mask: true });
  return { ...recorder, parser, ...createFeeder(parser) };
}
const GOOD = 'GET /good HTTP/1.1\r\nHost: a\r\n\r\n';

describe('missing bytes', () => {
  test('within a body of known length they lose nothing', () => {
    const c = start();
    c.feed(TO_SERVER, 'POST /a HTTP/1.1\r\nContent-Length: 1000\r\n\r\nabc');
    expect(c.parser.neededFrom(TO_SERVER)).toBe(c.at(TO_SERVER) + 997);
    c.gap(TO_SERVER, 500);
    c.gap(TO_SERVER, 490);
    c.feed(TO_SERVER, `1234567${GOOD}`);
    expect(c.messages.map((m) => [m.name, m.attributes['http.request.body.size']])).toEqual([
      ['POST /a', 1000],
      ['GET /good', undefined],
    ]);
    expect(c.causes).toEqual([]);
  });

  test('within a chunk, its line end included', () => {
    const c = start();
    c.feed(TO_SERVER, 'POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nabc');
    expect(c.parser.neededFrom(TO_SERVER)).toBe(c.at(TO_SERVER) + 99);
    c.gap(TO_SERVER, 99);
    c.feed(TO_SERVER, '2\r\n');
    c.gap(TO_SERVER, 3);
    c.feed(TO_SERVER, `\n0\r\n\r\n${GOOD}`);
    expect(c.messages.map((m) => m.name)).toEqual(['POST /a', 'GET /good']);
    expect(c.messages[0]!.attributes['http.request.body.size']).toBe(102);
    expect(c.causes).toEqual([]);
  });

  test('beyond a body they lose what follows, not the body', () => {
    const c = start();
    c.feed(TO_SERVER, 'POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\n');
    const bodyEnd = c.at(TO_SERVER) + 10;
    c.gap(TO_SERVER, 30);
    c.feed(TO_SERVER, 'rest: of a head\r\n\r\n');
    c.feed(TO_SERVER, GOOD);
    expect(c.messages[0]).toMatchObject({ end: bodyEnd, attributes: { 'http.request.body.size': 10 } });
    expect(c.messages[1]!.name).toBe('GET /good');
    expect(c.causes).toEqual(['to-server gap']);
  });

  test.each([
    ['in a head', 'GET /lost HTTP/1.1\r\nHo'],
    ['between messages', GOOD],
    ['in a chunk size', 'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n6'],
    ['in trailers', 'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA'],
  ])('%s: counted once, the next message is read', (_, before) => {
    const c = start();
    c.feed(TO_SERVER, before);
    c.gap(TO_SERVER, 7);
    c.feed(TO_SERVER, 'junk that goes on');
    c.gap(TO_SERVER, 7);
    c.feed(TO_SERVER, `t: x\r\n\r\n${GOOD}`);
    c.feed(TO_SERVER, GOOD);
    expect(c.messages.slice(-2).map((m) => m.name)).toEqual(['GET /good', 'GET /good']);
    expect(c.messages.every((m) => m.end >= m.start)).toBe(true);
    expect(c.causes).toEqual(['to-server gap']);
  });

  test('a feed further on than expected is a gap', () => {
    const c = start();
    c.feed(TO_SERVER, 'POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\n');
    c.parser.feed(
      TO_SERVER,
      Uint8Array.from(GOOD, (x) => x.charCodeAt(0)),
      c.at(TO_SERVER) + 10,
    );
    expect(c.messages.map((m) => m.name)).toEqual(['POST /a', 'GET /good']);
    expect(c.causes).toEqual([]);
  });
});

describe('out of step', () => {
  test('a connection seen from its middle', () => {
    const c = start();
    c.feed(TO_SERVER, 'iddle of a body {"a":1}');
    c.feed(TO_SERVER, 'more');
    c.feed(TO_CLIENT, '<p>end of a page</p>');
    c.feed(TO_SERVER, GOOD);
    c.feed(TO_CLIENT, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    expect(c.messages.map((m) => m.kind)).toEqual(['request', 'response']);
    expect(c.causes).toEqual(['to-server request-line', 'to-client status-line']);
  });

  test('the good head after a loss may come byte by byte', () => {
    const c = start();
    c.feed(TO_SERVER, '\x00\x01');
    for (const char of GOOD) c.feed(TO_SERVER, char);
    c.feed(TO_CLIENT, 'zzz');
    for (const char of 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!') c.feed(TO_CLIENT, char);
    expect(c.messages.map((m) => [m.kind, m.start])).toEqual([
      ['request', 1002],
      ['response', 5003],
    ]);
  });

  test('what only begins like a method is dropped again', () => {
    const c = start();
    c.feed(TO_SERVER, '\x00');
    c.feed(TO_SERVER, 'G');
    c.feed(TO_SERVER, 'rumble');
    c.feed(TO_SERVER, 'PO');
    c.feed(TO_SERVER, GOOD);
    expect(c.messages.map((m) => m.name)).toEqual(['GET /good']);
  });

  test.each([
    ['no version', 'GET /\r\n\r\n'],
    ['HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/0.9', 'GET /x HTTP/0.9\r\n\r\n'],
    ['no target', 'GET  HTTP/1.1\r\n\r\n'],
    ['control bytes', '\x16\x03\x01\x02\x00'],
  ])('%s', (_, bad) => {
    const c = start();
    c.feed(TO_SERVER, bad);
    c.feed(TO_SERVER, GOOD);
    expect(c.messages.map((m) => m.name)).toEqual(['GET /good']);
    expect(c.causes).toEqual(['to-server request-line']);
  });

  test.each(['HTTP/1.1 2x0 OK', 'HTTP/2 200 OK', 'HTTP/1.1 099 Low', 'HTTP/1.1 2000', 'http/1.1 200 OK'])(
    '%s',
    (bad) => {
      const c = start();
      c.feed(TO_CLIENT, `${bad}\r\n\r\n`);
      c.feed(TO_CLIENT, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      expect(c.messages).toHaveLength(1);
      expect(c.causes).toEqual(['to-client status-line']);
    },
  );

  test.each([
    ['a chunk size that is none', 'Transfer-Encoding: chunked\r\n\r\nxyz\r\n', 'chunk-size'],
    ['a chunk without a size', 'Transfer-Encoding: chunked\r\n\r\n\r\nabc', 'chunk-size'],
    ['a chunk longer than its size', 'Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n', 'chunk-end'],
    ['a huge chunk', 'Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n', 'chunk-size'],
    ['an endless extension', `Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(9000)}`, 'chunk-size'],
    [
      'endless trailers',
      `Transfer-Encoding: chunked\r\n\r\n0\r\n${'a: b\r\n'.repeat(20_000)}`,
      'trailers-too-large',
    ],
    ['a last coding that is not chunked', 'Transfer-Encoding: chunked, gzip\r\n\r\nabc', 'transfer-encoding'],
  ])('%s', (_, rest, cause) => {
    const c = start();
    c.feed(TO_SERVER, `POST /x HTTP/1.1\r\n${rest}`);
    c.feed(TO_SERVER, GOOD);
    expect(c.messages.map((m) => m.name)).toEqual(['POST /x', 'GET /good']);
    expect(c.causes).toEqual([`to-server ${cause}`]);
  });

  test.each([1, 7, 4096, 1_000_000])('a head without end is refused at 64 KiB, reads of %d', (size) => {
    const c = start();
    const text = `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(11_000)}`;
    for (let i = 0; i < text.length; i += size) c.feed(TO_SERVER, text.slice(i, i + size));
    c.feed(TO_SERVER, GOOD);
    expect(c.messages.map((m) => m.name)).toEqual(['GET /good']);
    expect(c.causes).toEqual(['to-server head-too-large']);
  });

  test('a head of just under 64 KiB is read, whole or in parts', () => {
    const text = `GET /big HTTP/1.1\r\n${'a: b\r\n'.repeat(10_800)}\r\n`;
    for (const size of [1, 1000, text.length]) {
      const c = start();
      for (let i = 0; i < text.length; i += size) c.feed(TO_SERVER, text.slice(i, i + size));
      expect(c.messages.map((m) => m.name)).toEqual(['GET /big']);
    }
  });

  test('a head cut by the end of the connection is counted', () => {
    const c = start();
    c.feed(TO_SERVER, 'GET / HTT');
    c.finish(TO_SERVER);
    expect(c.causes).toEqual(['to-server truncated']);
  });
});
