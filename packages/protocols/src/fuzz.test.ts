import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { dubbo } from './dubbo/index.ts';
import { fastcgi } from './fastcgi/index.ts';
import { fuzzAll, fuzzOnce } from './fuzz.ts';
import { http1 } from './http1/index.ts';
import { http2 } from './http2/index.ts';
import { mysql } from './mysql/index.ts';
import { opaque } from './opaque/index.ts';
import { postgresql } from './postgresql/index.ts';
import { type MessageSink, type Protocol, type Side, TO_CLIENT, TO_SERVER } from './protocol.ts';
import { redis } from './redis/index.ts';
import * as dubboWire from './testing/dubbo.ts';
import * as fastcgiWire from './testing/fastcgi.ts';
import {
  added,
  data,
  frame,
  GET,
  get,
  headers,
  literal,
  OK,
  PREFACE_TEXT,
  settings,
} from './testing/frames.ts';
import * as wire from './testing/mysql.ts';
import { client, server } from './testing/postgresql.ts';
import { bytesOf, cpuMillis } from './testing/recorder.ts';

test('fixed seeds', () => {
  for (let seed = 1; seed <= 30_000; seed++) {
    const failure = fuzzOnce(seed);
    if (failure !== '') expect.fail(failure);
  }
}, 120_000);

test('fuzzAll counts its inputs', () => {
  const result = fuzzAll(0, 1);
  expect(result.inputs).toBe(500);
  expect(result.failures).toEqual([]);
});

describe('memory stays bounded and time linear, whatever goes on for ever', () => {
  const MEGABYTES = 12;
  const MOST_KEPT = 3_000_000;
  const endless: [string, Protocol, Side, string, string][] = [
    ['a head', http1, TO_SERVER, 'GET / HTTP/1.1\r\n', 'a: b\r\n'],
    ['a request line', http1, TO_SERVER, 'GET /', 'xxxxxxxx'],
    ['a method', http1, TO_SERVER, '', 'M'],
    ['requests without responses', http1, TO_SERVER, '', 'HEAD / HTTP/1.1\r\n\r\n'],
    ['interim responses', http1, TO_CLIENT, '', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['responses without requests', http1, TO_CLIENT, '', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['line ends', http1, TO_SERVER, '', '\r\n'],
    [
      'one chunk a byte',
      http1,
      TO_SERVER,
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n',
      '1\r\na\r\n',
    ],
    ['zeros of a chunk size', http1, TO_SERVER, 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n', '0'],
    ['trailers', http1, TO_SERVER, 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n', 'a: b\r\n'],
    ['a body until the end', http1, TO_CLIENT, 'HTTP/1.1 200 OK\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['lost', http1, TO_SERVER, '\x00', '\r\n\r\nGET / '],
    [
      'a header block',
      http2,
      TO_SERVER,
      PREFACE_TEXT + frame(1, 0, 1, GET),
      frame(9, 0, 1, literal('a', 'b')),
    ],
    ['a body', http2, TO_SERVER, PREFACE_TEXT + headers(1, get('/')), data(1, 'xxxx')],
    ['a table', http2, TO_SERVER, PREFACE_TEXT, headers(1, added('a', 'b'.repeat(200)))],
    ['no table', http2, TO_CLIENT, settings(), headers(1, `${OK}\xbe`)],
    ['pings', http2, TO_SERVER, PREFACE_TEXT, frame(6, 0, 0, '12345678')],
    ['an inline command', redis, TO_SERVER, 'GET ', 'x'],
    ['an argument', redis, TO_SERVER, '*1\r\n$4000000000\r\n', 'xxxx'],
    ['arguments', redis, TO_SERVER, '*1000000\r\n', '$1\r\nx\r\n'],
    ['subscriptions', redis, TO_SERVER, '', '*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nx\r\n'],
    ['nesting', redis, TO_CLIENT, '', '*1\r\n'],
    ['elements', redis, TO_CLIENT, '*2000000000\r\n', ':1\r\n'],
    ['a line', redis, TO_CLIENT, '+', 'x'],
    ['digits', redis, TO_CLIENT, '$', '1'],
    ['attributes', redis, TO_CLIENT, '', '|1\r\n+a\r\n+b\r\n'],
    ['replies', redis, TO_CLIENT, '', '+OK\r\n'],
    ['queries', postgresql, TO_SERVER, '', client.query('SELECT 1')],
    ['a query', postgresql, TO_SERVER, 'Q\x3f\xff\xff\xff', 'x'],
    ['prepared statements', postgresql, TO_SERVER, '', client.parse('SELECT 1', 's')],
    ['executions', postgresql, TO_SERVER, '', client.bind() + client.execute()],
    ['syncs', postgresql, TO_SERVER, '', client.sync],
    ['what is no request', postgresql, TO_SERVER, '\x01', `S\0\0\0\x04${'Q\0\0\x40\0SELECT'}`],
    ['rows', postgresql, TO_CLIENT, '', server.row('1')],
    ['ends of rounds', postgresql, TO_CLIENT, '', server.ready()],
    ['notices', postgresql, TO_CLIENT, '', server.notice],
    ['what is no response', postgresql, TO_CLIENT, '\x01', `Z\0\0\0\x05I${'D\0\0\x40\0'}`],
    ['texts', mysql, TO_SERVER, '', wire.query('SELECT 1')],
    ['a text', mysql, TO_SERVER, '\xff\xff\xff\x00\x03SELECT ', 'x'],
    ['prepares', mysql, TO_SERVER, '', wire.prepare('SELECT 1')],
    ['closes', mysql, TO_SERVER, '', wire.closeStatement(1)],
    ['no commands', mysql, TO_SERVER, '\x01', wire.packet(0, '\x7f')],
    ['values', mysql, TO_CLIENT, wire.packets('\x01', wire.COLUMN, wire.EOF), '\x01\x00\x00\x04x'],
    ['results', mysql, TO_CLIENT, '', wire.packets(...wire.resultSet(['a'], true))],
    ['definitions', mysql, TO_CLIENT, wire.packets('\xfc\xff\xff'), wire.packet(2, wire.COLUMN)],
    ['oks', mysql, TO_CLIENT, '', wire.packets(wire.OK)],
    ['empty frames', mysql, TO_SERVER, '\x05\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0e', '\x00'],
    ['pages', fastcgi, TO_SERVER, '', fastcgiWire.get(1)],
    ['params', fastcgi, TO_SERVER, fastcgiWire.begin(1), fastcgiWire.record(4, 1, 'x'.repeat(1000))],
    ['begins', fastcgi, TO_SERVER, '', fastcgiWire.begin(1) + fastcgiWire.record(5, 1, 'x'.repeat(50))],
    ['a CGI head', fastcgi, TO_CLIENT, '', fastcgiWire.record(6, 1, 'a: b\n'.repeat(100))],
    [
      'output',
      fastcgi,
      TO_CLIENT,
      fastcgiWire.stdout(1, 'a: b\n\n'),
      fastcgiWire.record(6, 1, 'x'.repeat(500)),
    ],
    ['answers', fastcgi, TO_CLIENT, '', fastcgiWire.page(1)],
    ['no records', fastcgi, TO_CLIENT, '', '\x01\x06\0\x01\0\0\0\0x'],
    ['calls', dubbo, TO_SERVER, '', dubboWire.request(1, dubboWire.call('a', '', ''))],
    ['a call', dubbo, TO_SERVER, '\xda\xbb\xc2\0\0\0\0\0\0\0\0\x01\x0f\xff\xff\xff\x052.0.2', 'x'],
    ['lists', dubbo, TO_SERVER, '', dubboWire.request(1, dubboWire.call('a', 'I', 'W'.repeat(60_000)))],
    ['classes', dubbo, TO_CLIENT, '', dubboWire.response(1, `\x90${'C\x01a\x90'.repeat(100)}`)],
    ['no headers', dubbo, TO_CLIENT, '\x01', '\xda\xbb\x02\x14'],
    ['bytes', opaque, TO_SERVER, '', 'x'],
  ];

  test.each(endless)(
    '%s',
    (_, protocol, side, first, repeated) => {
      let opened = 0;
      let ended = 0;
      const sink: MessageSink = {
        message: () => {
          opened++;
        },
        end: () => {
          ended++;
        },
        malformed: () => {},
      };
      const parser = protocol.createParser(sink, { mask: false });
      const read = bytesOf(repeated.repeat(Math.floor(65_536 / repeated.length)));
      let at = 0;
      const feed = (bytes: Uint8Array): void => {
        parser.feed(side, bytes, at);
        at += bytes.length;
      };
      feed(bytesOf(first));
      for (let i = 0; i < 16; i++) feed(read);
      const before = used();
      const begun = cpuMillis();
      while (at < MEGABYTES * 1_000_000) feed(read);
      expect(cpuMillis() - begun).toBeLessThan(4000);
      expect(used() - before).toBeLessThan(MOST_KEPT);
      expect(opened - ended).toBeLessThanOrEqual(1);
      parser.finish(side, at);
      expect(opened).toBe(ended);
    },
    60_000,
  );

  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;

  function used(): number {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  }
});
