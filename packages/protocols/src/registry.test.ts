import { describe, expect, test } from 'vitest';
import { type Side, TO_CLIENT, TO_SERVER } from './protocol.ts';
import { detectProtocol, PROTOCOLS, protocolNamed } from './registry.ts';
import * as wire from './testing/mysql.ts';
import { client, server } from './testing/postgresql.ts';
import { bytesOf } from './testing/recorder.ts';

const ROLES: readonly (Side | null)[] = [null, TO_SERVER, TO_CLIENT];

describe('detectProtocol and sideOf', () => {
  test.each<[string, string | null, Side | null]>([
    ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'http', TO_SERVER],
    ['POST http://a/b HTTP/1.0\r\n', 'http', TO_SERVER],
    ['GET /a/very/long/path', 'http', TO_SERVER],
    ['OPTIONS * HTTP/1.1\r\n', 'http', TO_SERVER],
    ['CONNECT a:443 HTTP/1.1\r\n', 'http', TO_SERVER],
    ['FROBNICATE /x HTTP/1.1\r\n', 'http', TO_SERVER],
    ['HTTP/1.1 200 OK\r\n', 'http', TO_CLIENT],
    ['HTTP/1.0 404', 'http', TO_CLIENT],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'http2', TO_SERVER],
    ['*1\r\n$4\r\nPING\r\n', 'redis', TO_SERVER],
    ['*2\r\n$3\r\nget\r\n$1\r\nk\r\n', 'redis', TO_SERVER],
    ['*2\r\n$9\r\nFT.SEARCH\r\n$1\r\nk\r\n', 'redis', null],
    ['*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n', 'redis', null],
    ['$5\r\nhello\r\n', 'redis', TO_CLIENT],
    ['%1\r\n+a\r\n:1\r\n', 'redis', TO_CLIENT],
    ['*2\r\n$3\r\nfoo\r\n$3\r\nbar\r\n', 'redis', null],
    ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'tls', TO_SERVER],
    ['\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03', 'tls', TO_CLIENT],
    ['\x17\x03\x03\x00\x50secret', 'tls', null],
    // Its id and flags are a record's first bytes.
    ['\x16\x03\x01\x20\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x1c\x00\x01', 'dns', TO_SERVER],
    [client.startup({ user: 'a' }), 'postgresql', TO_SERVER],
    [client.sslRequest, 'postgresql', TO_SERVER],
    [client.cancel, 'postgresql', TO_SERVER],
    [client.query('select * from orders'), 'postgresql', TO_SERVER],
    [client.query(`/* a */ SELECT '${'x'.repeat(999)}'`).slice(0, 64), 'postgresql', TO_SERVER],
    [client.parse('SELECT 1', 's') + client.sync, 'postgresql', TO_SERVER],
    [client.bind(['1'], 's') + client.execute() + client.sync, 'postgresql', TO_SERVER],
    [server.authOk + server.parameter('a', 'b'), 'postgresql', TO_CLIENT],
    [server.complete('BEGIN') + server.ready(), 'postgresql', TO_CLIENT],
    [server.columns('a', 'b') + server.row('1', '2'), 'postgresql', TO_CLIENT],
    [server.bindComplete + server.complete('SELECT 0') + server.ready(), 'postgresql', TO_CLIENT],
    [server.error('42601') + server.ready('E'), 'postgresql', TO_CLIENT],
    [server.notification('a', 'b'), 'postgresql', TO_CLIENT],
    [wire.greeting('10.11.6-MariaDB-0+deb12u1-log'), 'mysql', TO_CLIENT],
    [wire.login('shop'), 'mysql', TO_SERVER],
    [wire.sslRequest, 'mysql', TO_SERVER],
    [wire.query('select 1'), 'mysql', TO_SERVER],
    [wire.prepare('/* a */ INSERT INTO t VALUES (?)'), 'mysql', TO_SERVER],
    [wire.execute(7), 'mysql', TO_SERVER],
    ['Q\0\0\0\x03SELECT * FROM a WHERE b = 1', 'mysql', TO_SERVER],
    ['P\0\0\0\x16SELECT * FROM orders WHERE id = ?', 'mysql', TO_SERVER],
    [wire.packets(...wire.resultSet(['a'], true)), 'mysql', TO_CLIENT],
    [wire.packets(wire.ERR), 'mysql', TO_CLIENT],
    [`\x13\x00\x00\x00\x00\x00\x00${wire.query('SELECT c FROM t')}`, 'mysql', TO_SERVER],
  ])('%j → %s', (text, name, side) => {
    const bytes = bytesOf(text);
    expect(detectProtocol(bytes, null)?.protocol.name).toBe(name);
    expect(detectProtocol(bytes, null)?.protocol.sideOf(bytes)).toBe(side);
    if (side !== null) {
      expect(detectProtocol(bytes, side)?.protocol.name).toBe(name);
      if (name === 'http')
        expect(detectProtocol(bytes, side === TO_SERVER ? TO_CLIENT : TO_SERVER)).toBeNull();
    }
  });

  test.each([
    '',
    'G',
    'GET',
    'HTTP/',
    '+OK\r\n',
    '+OK POP3 server ready\r\n',
    "-ERR 'Unknown Protocol Operation'\r\n",
    ':1\r\n',
    'PING\r\n',
    'INFO {"server_id":"x"}\r\n',
    'STORED\r\n',
    'get key\r\n',
    'OPTIONS rtsp://a/b RTSP/1.0\r\n',
    'OPTIONS sip:a@b SIP/2.0\r\n',
    'EHLO mail.example\r\n',
    '220 ftp.example ready\r\n',
    'SSH-2.0-OpenSSH_9.2\r\n',
    'GETAWAY from here\r\n',
    'GET rid of it',
    'GET rid',
    'DELETE FROM orders WHERE id = 1',
    wire.packet(0, '\x0e'),
    wire.packet(0, '\x01'),
    wire.packets(wire.OK),
    wire.query('hello world'),
    wire.execute(7).slice(0, 9),
    'S',
    'N',
    client.sync,
    client.terminate,
    server.bindComplete,
    client.query('hello'),
    // MySQL: its length, little endian, then a sequence number and a command that end as a length of PostgreSQL.
    // A length of 4 bytes before a text, as many protocols have it.
    '\0\0\0\x0ahello you!',
  ])('%j is not enough', (text) => {
    for (const side of ROLES) expect(detectProtocol(bytesOf(text), side)).toBeNull();
  });

  test('fewer than 1 in 100 000 random inputs is taken for a protocol', () => {
    let state = 12345;
    let wrong = 0;
    const bytes = new Uint8Array(64);
    for (let n = 0; n < 400_000; n++) {
      for (let i = 0; i < bytes.length; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) | 0;
        // Half of the inputs are text, the harder case.
        bytes[i] = n % 2 === 0 ? state >>> 24 : 32 + ((state >>> 16) % 95);
      }
      if (detectProtocol(bytes.subarray(0, 1 + (n % 64)), ROLES[n % 3]!)) wrong++;
    }
    expect(wrong).toBeLessThan(4);
  });
});

test('protocols by name', () => {
  expect(PROTOCOLS.map((protocol) => protocol.name)).toEqual([
    'http',
    'http2',
    'redis',
    'postgresql',
    'mysql',
    'dubbo',
    'fastcgi',
    'dns',
    'tls',
    'opaque',
  ]);
  expect(protocolNamed('redis')?.name).toBe('redis');
  expect(protocolNamed('nothing')).toBeNull();
});
