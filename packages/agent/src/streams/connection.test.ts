import { TO_CLIENT, TO_SERVER } from '@weft/protocols';
import { describe, expect, test } from 'vitest';
import type { Exchange } from '../sessions/exchange.ts';
import { bytesOf } from '../testing/events.ts';
import { answer, get } from '../testing/story.ts';
import { Connection } from './connection.ts';
import { addressText, type ConnectionFacts, serverPort } from './connection-facts.ts';

const FACTS: ConnectionFacts = {
  cookie: 1,
  peerCookie: 0,
  transport: 'tcp',
  role: 'server',
  tgid: 1,
  localAddress: '10.0.0.1',
  localPort: 80,
  remoteAddress: '10.0.0.2',
  remotePort: 4_000,
};
const PING = '*1\r\n$4\r\nPING\r\n';

/** A connection that is told text, one microsecond a chunk. */
function listen() {
  const opened: Exchange[] = [];
  const closed: Exchange[] = [];
  const refused: string[] = [];
  const connection = new Connection(
    FACTS,
    {
      opened: (exchange) => opened.push(exchange),
      closed: (exchange) => closed.push(exchange),
      malformed: (cause) => refused.push(cause),
    },
    { mask: false },
  );
  const next: [number, number] = [1_000, 5_000];
  let time = 0;
  const say = (side: typeof TO_SERVER | typeof TO_CLIENT, text: string) => {
    time += 1_000;
    connection.add(side, next[side], next[1 - side]!, text.length, 0, bytesOf(text), time);
    next[side] += text.length;
  };
  return {
    connection,
    closed,
    opened,
    refused,
    ask: (text: string) => say(TO_SERVER, text),
    reply: (text: string) => say(TO_CLIENT, text),
    lose: (side: typeof TO_SERVER | typeof TO_CLIENT, length: number) => {
      next[side] += length;
    },
    wait: (nanos: number) => {
      time += nanos;
    },
    now: () => time,
    names: () => closed.map((exchange) => `${exchange.protocol} ${exchange.request.name}`),
  };
}

describe('which protocol', () => {
  test('the first request tells', () => {
    const { connection, ask, reply, names } = listen();
    expect([connection.protocol, connection.known]).toEqual(['opaque', false]);
    ask(get('/a'));
    expect([connection.protocol, connection.known]).toEqual(['http', true]);
    reply(answer());
    expect(names()).toEqual(['http GET /a']);
  });

  test('the first response tells too', () => {
    const { connection, ask, reply, closed } = listen();
    reply(answer());
    expect(connection.protocol).toBe('http');
    ask(get('/a'));
    reply(answer());
    expect(closed).toMatchObject([{ request: { name: 'GET /a' }, response: { status: 'ok' } }]);
  });

  test('where the server speaks first, its greeting does, whole or not', () => {
    const greeting = `\x4a\x00\x00\x00\x0a11.4.2-MariaDB\x00${'salt'.repeat(3)}\x00${'\x00'.repeat(45)}`;
    const flags = '\x05\xa2\x0a\x00\x00\x00\x00\x01\x21';
    for (const cut of [0, 4, 20]) {
      const { connection, ask, reply, closed, refused } = listen();
      if (cut > 0) reply(greeting.slice(0, cut));
      reply(greeting.slice(cut));
      expect(connection.protocol).toBe('mysql');
      ask(`\x26\x00\x00\x01${flags}${'\x00'.repeat(23)}root\x00\x00`);
      reply('\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00');
      ask('\x09\x00\x00\x00\x03SELECT 1');
      reply('\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00');
      expect(closed.map(({ request, response }) => `${request.name} ${response?.status}`)).toEqual([
        'LOGIN ok',
        'SELECT ok',
      ]);
      expect(closed[0]!.request.attributes['db.system.name']).toBe('mariadb');
      expect(refused).toEqual([]);
    }
  });

  test('from the middle: opaque until a message begins', () => {
    const { connection, ask, reply, names } = listen();
    reply('...the rest of a body');
    ask(PING);
    expect(connection.protocol).toBe('redis');
    reply('+PONG\r\n');
    expect(names()).toContain('redis PING');
  });

  test('what nothing decodes gives opaque turns', () => {
    const { ask, reply, closed, connection } = listen();
    ask('\x01\x02\x03');
    reply('\x04\x05');
    ask('\x06');
    reply('\x07');
    connection.close(9_000);
    expect(
      closed.map(({ request, response, responseEnded }) => [request.name, response?.kind, responseEnded]),
    ).toEqual([
      ['opaque', 'response', true],
      ['opaque', 'response', true],
    ]);
  });

  test('a connection that changes from an unknown protocol to a known one', () => {
    const { ask, reply, names } = listen();
    ask('\x01hello');
    reply('\x01welcome');
    ask(get('/a'));
    reply(answer());
    expect(names()).toEqual(['opaque opaque', 'http GET /a']);
  });

  test.each([
    ['http', get('/first')],
    ['redis', PING],
  ])(
    'a guess that was wrong, %s, is given up after a few turns, and the next message is looked at anew',
    (protocol, first) => {
      const { connection, ask, reply, refused, names } = listen();
      ask(first);
      expect(connection.protocol).toBe(protocol);
      for (let i = 0; i < 5; i++) {
        ask('\x01\x02\x03nonsense');
        reply('\x01\x02\x03nonsense');
      }
      expect(connection.protocol).toBe('opaque');
      expect(refused.length).toBeGreaterThan(0);
      ask(get('/a'));
      reply(answer());
      expect(connection.protocol).toBe('http');
      expect(names().at(-1)).toBe('http GET /a');
    },
  );

  test.each([
    ['http', get('/a'), 'redis', PING, '+PONG\r\n'],
    ['redis', PING, 'http', get('/a'), answer()],
  ])('a connection that was %s and becomes another', (before, first, after, request, response) => {
    const { connection, ask, reply, closed } = listen();
    ask(first);
    expect(connection.protocol).toBe(before);
    for (let i = 0; i < 3; i++) {
      ask(request);
      reply(response);
    }
    expect(connection.protocol).toBe(after);
    expect(closed.at(-1)).toMatchObject({ protocol: after, response: { status: 'ok' } });
  });

  test.each([1, 2, 3, 5])('the first request comes in pieces of %i bytes', (size) => {
    const { ask, reply, names } = listen();
    const text = get('/a');
    for (let at = 0; at < text.length; at += size) ask(text.slice(at, at + size));
    reply(answer());
    expect(names()).toEqual(['http GET /a']);
  });

  test('bytes that might have become a known message, and did not', () => {
    const { ask, reply, connection, closed } = listen();
    ask('GE');
    expect(connection.touched(TO_SERVER)).toBeNull();
    reply('H');
    ask('G');
    connection.close(9_000);
    expect(closed.map(({ request, response }) => [request.name, response !== null])).toEqual([
      ['opaque', true],
      ['opaque', false],
    ]);
  });

  test('they are taken as they stand when it is quiet, and before a gap', () => {
    const { ask, connection, opened } = listen();
    ask('GE');
    expect(opened).toHaveLength(0);
    connection.expire(1e9, 1_001, 0);
    expect(opened).toHaveLength(1);
    const other = listen();
    other.ask('GE');
    other.lose(TO_SERVER, 5);
    other.ask('x');
    other.connection.expire(1e9, 0, 0);
    expect(other.opened).toHaveLength(1);
  });

  test('one refusal is no reason to give up', () => {
    const { connection, ask, reply, names } = listen();
    ask(get('/a'));
    reply('nonsense\r\n\r\n');
    ask(get('/b'));
    reply(answer());
    expect(connection.protocol).toBe('http');
    expect(names()).toContain('http GET /b');
  });
});

describe('times', () => {
  test('a request begins with its first byte, though its head comes in many reads', () => {
    const { ask, reply, closed } = listen();
    const text = get('/a');
    for (const part of [text.slice(0, 3), text.slice(3, 6), text.slice(6)]) ask(part);
    reply(answer('12345').slice(0, -2));
    reply('45');
    expect(closed[0]).toMatchObject({ start: 1_000, end: 5_000, response: { status: 'ok' } });
  });

  test('a head in more reads than are remembered begins with the oldest of them', () => {
    const { ask, reply, closed } = listen();
    for (const character of get('/a')) ask(character);
    reply(answer());
    const [exchange] = closed;
    expect(exchange!.start).toBeGreaterThanOrEqual(1_000);
    expect(exchange!.start).toBeLessThan(exchange!.end);
  });
});

describe('the end', () => {
  test('a close gives out what is open, once', () => {
    const { connection, ask, reply, closed } = listen();
    ask(get('/a'));
    reply('HTTP/1.0 200 OK\r\n\r\nuntil the end');
    connection.sideEnded(TO_CLIENT, 3_000);
    connection.close(4_000);
    connection.close(5_000);
    expect(closed).toMatchObject([{ response: { status: 'ok' }, responseEnded: true }]);
  });

  test('bytes that wait are read before the end', () => {
    const { connection, ask, reply, lose, closed } = listen();
    ask(get('/a'));
    reply(answer('x'.repeat(30)).slice(0, -30));
    lose(TO_CLIENT, 10);
    reply('x'.repeat(20));
    expect(closed).toHaveLength(0);
    connection.close(9_000);
    expect(closed).toMatchObject([{ responseEnded: true }]);
  });

  test('opaque turns end when it is quiet; those of a known protocol do not', () => {
    const opaque = listen();
    opaque.ask('\x01');
    opaque.reply('\x02');
    opaque.connection.expire(1e9, 1_999, 0);
    expect(opaque.closed).toHaveLength(0);
    opaque.connection.expire(1e9, 2_001, 0);
    expect(opaque.closed).toHaveLength(1);
    opaque.connection.close(2e9);
    expect(opaque.closed).toHaveLength(1);

    const http = listen();
    http.ask(get('/a'));
    http.reply(answer('x'.repeat(30)).slice(0, -10));
    http.connection.expire(1e9, 1e9, 0);
    expect(http.closed).toHaveLength(0);
  });

  test('requests that nobody answers expire', () => {
    const { connection, ask, closed } = listen();
    ask(get('/a'));
    connection.expire(1e9, 0, 1_000);
    expect(closed).toHaveLength(0);
    connection.expire(1e9, 0, 1_001);
    expect(closed).toMatchObject([{ response: null, open: false }]);
  });
});

describe('whose bytes these were', () => {
  test('a response’s, also in its middle; nobody’s when the chunk waits', () => {
    const { connection, ask, reply, lose, opened } = listen();
    ask(get('/a'));
    expect(connection.touched(TO_SERVER)).toBe(opened[0]);
    reply(answer('x'.repeat(50)).slice(0, -50));
    expect(connection.touched(TO_CLIENT)).toBe(opened[0]);
    reply('x'.repeat(10));
    expect(connection.touched(TO_CLIENT)).toBe(opened[0]);
    lose(TO_CLIENT, 10);
    reply('x'.repeat(30));
    expect(connection.touched(TO_CLIENT)).toBeNull();
  });

  test('of several in one read: nobody can tell', () => {
    const { connection, ask, reply } = listen();
    ask(get('/a') + get('/b'));
    expect(connection.touched(TO_SERVER)).toBeNull();
    reply(answer('1') + answer('2'));
    expect(connection.touched(TO_CLIENT)).toBeNull();
  });

  test('the first piece of a response head belongs to the oldest request', () => {
    const { connection, ask, reply, opened } = listen();
    ask(get('/a'));
    reply('HTTP/1.1 2');
    expect(connection.touched(TO_CLIENT)).toBe(opened[0]);
  });
});

describe('facts', () => {
  const v6 = (...groups: number[]) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
  test.each([
    [Uint8Array.of(10, 0, 0, 1), false, '10.0.0.1'],
    [v6(0, 0, 0, 0, 0, 0xffff, 0x0a00, 0x0001), true, '10.0.0.1'],
    [v6(0, 0, 0, 0, 0, 0, 0, 1), true, '::1'],
    [v6(0, 0, 0, 0, 0, 0, 0, 0), true, '::'],
    [v6(0x2001, 0xdb8, 0, 1, 0, 0, 0, 0), true, '2001:db8:0:1::'],
    [v6(0x2001, 0xdb8, 0, 0, 1, 0, 0, 1), true, '2001:db8::1:0:0:1'],
    [v6(0x2001, 0, 3, 4, 5, 6, 7, 8), true, '2001:0:3:4:5:6:7:8'],
  ])('address %#', (bytes, ipv6, text) => {
    expect(addressText(bytes, ipv6)).toBe(text);
  });

  test('the port that answers', () => {
    expect(serverPort(FACTS)).toBe(80);
    expect(serverPort({ ...FACTS, role: 'client' })).toBe(4_000);
    expect(serverPort({ ...FACTS, role: 'wire' })).toBe(80);
  });
});
