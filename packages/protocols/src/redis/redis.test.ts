import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { createFeeder, createRecorder } from '../testing/recorder.ts';
import { createRedisParser } from './parser.ts';

function start(mask = true) {
  const recorder = createRecorder();
  const parser = createRedisParser(recorder, { mask });
  return { ...recorder, parser, ...createFeeder(parser) };
}

function command(...words: string[]): string {
  return `*${words.length}\r\n${words.map(bulk).join('')}`;
}
function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}
function confirmation(kind: string, channel: string, total: number, type = '*'): string {
  return `${type}3\r\n${bulk(kind)}${bulk(channel)}:${total}\r\n`;
}

describe('commands', () => {
  test('a command and its reply', () => {
    const c = start();
    c.feed(TO_SERVER, command('set', 'key', 'value'));
    c.feed(TO_CLIENT, '+OK\r\n');
    expect(c.messages).toEqual([
      {
        side: TO_SERVER,
        kind: 'request',
        name: 'SET',
        start: 1000,
        end: c.at(TO_SERVER),
        status: 'unset',
        attributes: { 'db.system.name': 'redis', 'db.operation.name': 'SET', 'db.query.text': 'SET ? ?' },
        carried: null,
      },
      {
        side: TO_CLIENT,
        kind: 'response',
        name: '',
        start: 5000,
        end: c.at(TO_CLIENT),
        status: 'ok',
        attributes: { 'db.system.name': 'redis' },
        carried: null,
      },
    ]);
    expect(c.causes).toEqual([]);
  });

  test.each([
    [['PING'], 'PING', 'PING', 'PING'],
    [['config', 'get', 'maxmemory'], 'CONFIG GET', 'CONFIG GET ?', 'config get maxmemory'],
    [
      ['CLIENT', 'SETINFO', 'LIB-NAME', 'x'],
      'CLIENT SETINFO',
      'CLIENT SETINFO ? ?',
      'CLIENT SETINFO LIB-NAME x',
    ],
    [['COMMAND'], 'COMMAND', 'COMMAND', 'COMMAND'],
    [['FT.SEARCH', 'i', '*'], 'FT.SEARCH', 'FT.SEARCH ? ?', 'FT.SEARCH i *'],
    [['SET', 'k', 'a\x00\xff\r\nb\\'], 'SET', 'SET ? ?', 'SET k a\\x00\\xff\\x0d\\x0ab\\\\'],
    [['GET', ''], 'GET', 'GET ?', 'GET '],
    [['AUTH', 'user', 'secret'], 'AUTH', 'AUTH ? ?', 'AUTH ? ?'],
    [['HELLO', '3', 'AUTH', 'user', 'secret'], 'HELLO', 'HELLO ? ? ? ?', 'HELLO ? ? ? ?'],
    [['SET', 'k', 'v'.repeat(10_000)], 'SET', 'SET ? ?', `SET k ${'v'.repeat(247)}...`],
  ])('%j', (words, name, masked, plain) => {
    for (const mask of [true, false]) {
      const c = start(mask);
      c.feed(TO_SERVER, command(...words) + command('PING'));
      expect(c.messages.map((m) => m.name)).toEqual([name, 'PING']);
      expect(c.messages[0]!.attributes['db.operation.name']).toBe(name);
      expect(c.messages[0]!.attributes['db.query.text']).toBe(mask ? masked : plain);
    }
  });

  test.each([1, 15, 16, 17, 100, 1000, 20_000])(
    'texts of %d arguments are bounded and repeatable',
    (count) => {
      const words = ['DEL', ...Array.from({ length: count }, (_, i) => `k${i}`)];
      for (const mask of [true, false]) {
        const c = start(mask);
        c.feed(TO_SERVER, command(...words) + command(...words));
        const [first, second] = c.messages.map((m) => String(m.attributes['db.query.text']));
        expect(first!.length).toBeLessThanOrEqual(256);
        expect(first).toBe(second);
        if (mask && count <= 100) expect(first!.split('?')).toHaveLength(count + 1);
      }
    },
  );

  test('what is no word gives no operation', () => {
    const c = start();
    c.feed(TO_SERVER, command('\x00\x01', 'x') + command('GET', 'k'));
    expect(c.messages.map((m) => m.name)).toEqual(['redis', 'GET']);
    expect(c.messages[0]!.attributes).toEqual({ 'db.system.name': 'redis' });
  });

  test('inline commands', () => {
    const c = start();
    c.feed(TO_SERVER, '\r\nPING\r\nset  a\tb\r\nclient kill x\n');
    expect(c.messages.map((m) => [m.name, m.attributes['db.query.text']])).toEqual([
      ['PING', 'PING'],
      ['SET', 'SET ? ?'],
      ['CLIENT KILL', 'CLIENT KILL ?'],
    ]);
    expect(c.messages[0]!.start).toBe(1002);
  });

  test('empty commands are none', () => {
    const c = start();
    c.feed(TO_SERVER, `*0\r\n*-1\r\n${command('PING')}`);
    expect(c.messages.map((m) => m.name)).toEqual(['PING']);
    expect(c.causes).toEqual([]);
  });
});

describe('replies', () => {
  test.each([
    ['simple', '+PONG\r\n'],
    ['empty simple', '+\r\n'],
    ['integer', ':-42\r\n'],
    ['bulk', '$5\r\nhe\r\nl\r\n'],
    ['empty bulk', '$0\r\n\r\n'],
    ['null bulk', '$-1\r\n'],
    ['null array', '*-1\r\n'],
    ['empty array', '*0\r\n'],
    ['nested', '*3\r\n*2\r\n:1\r\n*0\r\n$-1\r\n*1\r\n*1\r\n+x\r\n'],
    ['map', '%2\r\n+a\r\n:1\r\n+b\r\n*2\r\n#t\r\n#f\r\n'],
    ['set', '~2\r\n+a\r\n_\r\n'],
    ['doubles', '*4\r\n,1.5\r\n,inf\r\n,-inf\r\n,1e-5\r\n'],
    ['null', '_\r\n'],
    ['bool', '#t\r\n'],
    ['big number', '(3492890328409238509324850943850943825024385\r\n'],
    ['verbatim', '=15\r\ntxt:Some string\r\n'],
    ['attribute', '|1\r\n+ttl\r\n*2\r\n:1\r\n:2\r\n*2\r\n:1\r\n|1\r\n+a\r\n+b\r\n:2\r\n'],
    ['empty attribute', '|0\r\n+OK\r\n'],
    ['an array that looks like a message', `*3\r\n${bulk('message')}${bulk('a')}${bulk('b')}`],
  ])('%s', (_, reply) => {
    const c = start();
    c.feed(TO_SERVER, command('GET', 'k') + command('GET', 'k'));
    c.feed(TO_CLIENT, reply);
    const end = c.at(TO_CLIENT);
    c.feed(TO_CLIENT, reply);
    expect(c.of(TO_CLIENT).map((m) => [m.kind, m.status, m.start, m.end])).toEqual([
      ['response', 'ok', 5000, end],
      ['response', 'ok', end, c.at(TO_CLIENT)],
    ]);
    expect(c.causes).toEqual([]);
  });

  test.each([
    ['-ERR unknown command\r\n', 'ERR'],
    ['-WRONGTYPE Operation against a key\r\n', 'WRONGTYPE'],
    ['-MOVED 3999 127.0.0.1:6381\r\n', 'MOVED'],
    ['-NOAUTH\r\n', 'NOAUTH'],
    ['-something else\r\n', 'ERR'],
    ['-\r\n', 'ERR'],
    ['!21\r\nSYNTAX invalid syntax\r\n', 'SYNTAX'],
    [`-ERR ${'long '.repeat(1000)}\r\n`, 'ERR'],
  ])('%j', (reply, code) => {
    const c = start();
    c.feed(TO_SERVER, command('GET', 'k'));
    c.feed(TO_CLIENT, reply);
    expect(c.of(TO_CLIENT)).toHaveLength(1);
    expect(c.of(TO_CLIENT)[0]).toMatchObject({
      status: 'error',
      end: c.at(TO_CLIENT),
      attributes: { 'db.response.status_code': code },
    });
  });

  test('a transaction pairs reply by reply', () => {
    const c = start();
    c.feed(TO_SERVER, command('MULTI') + command('INCR', 'a') + command('INCR', 'b') + command('EXEC'));
    c.feed(TO_CLIENT, '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n-ERR no\r\n');
    expect(c.of(TO_SERVER).map((m) => m.name)).toEqual(['MULTI', 'INCR', 'INCR', 'EXEC']);
    expect(c.of(TO_CLIENT).map((m) => m.status)).toEqual(['ok', 'ok', 'ok', 'ok']);
  });
});

describe('publish and subscribe', () => {
  for (const [version, type] of [
    ['RESP2', '*'],
    ['RESP3', '>'],
  ] as const) {
    test(`${version}: n channels, one response; messages are one-way`, () => {
      const c = start();
      c.feed(TO_SERVER, command('SUBSCRIBE', 'news', 'user:42') + command('PSUBSCRIBE', 'a.*'));
      const all = [
        confirmation('subscribe', 'news', 1, type),
        confirmation('subscribe', 'user:42', 2, type),
        confirmation('psubscribe', 'a.*', 3, type),
        `${type}3\r\n${bulk('message')}${bulk('user:42')}${bulk('hello')}`,
        `${type}4\r\n${bulk('pmessage')}${bulk('a.*')}${bulk('a.b')}${bulk('x'.repeat(5000))}`,
      ].join('');
      c.feed(TO_CLIENT, all);
      c.feed(TO_SERVER, command('UNSUBSCRIBE') + command('PUNSUBSCRIBE', 'a.*'));
      c.feed(
        TO_CLIENT,
        confirmation('unsubscribe', 'news', 2, type) +
          confirmation('unsubscribe', 'user:42', 1, type) +
          confirmation('punsubscribe', 'a.*', 0, type),
      );
      c.feed(TO_SERVER, command('GET', 'k'));
      c.feed(TO_CLIENT, `*3\r\n${bulk('message')}${bulk('a')}${bulk('b')}`);
      expect(c.of(TO_CLIENT).map((m) => [m.kind, m.name])).toEqual([
        ['response', ''],
        ['response', ''],
        ['one-way', 'message user:{id}'],
        ['one-way', 'pmessage a.*'],
        ['response', ''],
        ['response', ''],
        ['response', ''],
      ]);
      expect(c.of(TO_CLIENT)[2]!.attributes).toMatchObject({
        'messaging.system': 'redis',
        'messaging.destination.name': 'user:42',
      });
      expect(c.of(TO_CLIENT)[3]!.attributes['messaging.destination.name']).toBe('a.b');
      // The response to SUBSCRIBE ends with its last confirmation.
      expect(c.of(TO_CLIENT)[0]!.end).toBe(c.of(TO_CLIENT)[1]!.start);
      expect(c.of(TO_CLIENT).every((m) => m.end > m.start)).toBe(true);
      expect(c.causes).toEqual([]);
    });
  }

  test('PING on a subscribed RESP2 connection', () => {
    const c = start();
    c.feed(TO_SERVER, command('SUBSCRIBE', 'a') + command('PING'));
    c.feed(TO_CLIENT, `${confirmation('subscribe', 'a', 1)}*2\r\n${bulk('pong')}${bulk('')}`);
    expect(c.of(TO_CLIENT).map((m) => m.kind)).toEqual(['response', 'response']);
  });

  test('UNSUBSCRIBE from nothing is confirmed once', () => {
    const c = start();
    c.feed(TO_SERVER, command('UNSUBSCRIBE') + command('PING'));
    c.feed(TO_CLIENT, `*3\r\n${bulk('unsubscribe')}$-1\r\n:0\r\n+PONG\r\n`);
    expect(c.of(TO_CLIENT).map((m) => m.kind)).toEqual(['response', 'response']);
    expect(c.of(TO_CLIENT).every((m) => m.end > m.start)).toBe(true);
  });

  test('other pushes do not answer anything', () => {
    const c = start();
    c.feed(TO_SERVER, command('GET', 'k'));
    c.feed(TO_CLIENT, `>2\r\n${bulk('invalidate')}*1\r\n${bulk('k')}$1\r\nv\r\n`);
    expect(c.of(TO_CLIENT).map((m) => [m.kind, m.name])).toEqual([
      ['one-way', 'invalidate'],
      ['response', ''],
    ]);
  });

  test('a connection seen after its SUBSCRIBE', () => {
    const c = start();
    c.feed(TO_CLIENT, confirmation('subscribe', 'b', 2));
    c.feed(TO_CLIENT, `*3\r\n${bulk('message')}${bulk('b')}${bulk('hello')}`);
    expect(c.messages.map((m) => m.kind)).toEqual(['response', 'one-way']);
  });
});

describe('connections of other kinds', () => {
  test('MONITOR', () => {
    const c = start();
    c.feed(TO_SERVER, command('MONITOR'));
    c.feed(TO_CLIENT, '+OK\r\n+1339518083.107412 [0 127.0.0.1:60866] "keys" "*"\r\n');
    c.feed(TO_SERVER, command('QUIT'));
    c.feed(TO_CLIENT, '+OK\r\n');
    expect(c.of(TO_CLIENT).map((m) => [m.kind, m.name])).toEqual([
      ['response', ''],
      ['one-way', 'monitor'],
      ['response', ''],
    ]);
  });

  test('CLIENT REPLY: what is not answered is one-way', () => {
    const c = start();
    const names = ['SKIP', 'OFF', 'ON'];
    c.feed(
      TO_SERVER,
      command('CLIENT', 'REPLY', names[0]!) +
        command('SET', 'a', 'b') +
        command('GET', 'a') +
        command('CLIENT', 'REPLY', names[1]!) +
        command('SET', 'a', 'b') +
        command('CLIENT', 'REPLY', names[2]!) +
        command('PING'),
    );
    expect(c.messages.map((m) => [m.name, m.kind])).toEqual([
      ['CLIENT REPLY', 'one-way'],
      ['SET', 'one-way'],
      ['GET', 'request'],
      ['CLIENT REPLY', 'one-way'],
      ['SET', 'one-way'],
      ['CLIENT REPLY', 'request'],
      ['PING', 'request'],
    ]);
  });

  test.each([
    ['PSYNC', '+FULLRESYNC abc 0\r\n'],
    ['SYNC', '$1000\r\nREDIS0011'],
  ])('%s: what follows is replication', (name, reply) => {
    const c = start();
    c.feed(TO_SERVER, command('REPLCONF', 'capa', 'eof') + command(name, '?', '-1'));
    c.feed(TO_CLIENT, `+OK\r\n${reply}`);
    c.feed(TO_CLIENT, '\x00\x01\x02*1\r\n$4\r\nPING\r\n');
    c.feed(TO_SERVER, command('REPLCONF', 'ACK', '1'));
    expect(c.of(TO_CLIENT).map((m) => m.kind)).toEqual(['response', 'response']);
    expect(c.of(TO_CLIENT).every((m) => m.end > m.start)).toBe(true);
    expect(c.of(TO_SERVER)).toHaveLength(2);
    expect(c.causes).toEqual([]);
  });

  test('replies before their requests', () => {
    const c = start();
    for (let i = 0; i < 4; i++) {
      c.feed(TO_CLIENT, `*2\r\n${bulk('a')}${bulk('b')}`);
      c.feed(TO_SERVER, command('LRANGE', 'k', '0', '1'));
    }
    c.feed(TO_SERVER, command('SUBSCRIBE', 'a', 'b'));
    c.feed(TO_CLIENT, confirmation('subscribe', 'a', 1) + confirmation('subscribe', 'b', 2));
    expect(c.of(TO_CLIENT).map((m) => m.kind)).toEqual(Array.from({ length: 5 }, () => 'response'));
    expect(c.causes).toEqual([]);
  });
});

test('real traffic', () => {
  const read = (name: string) =>
    new Uint8Array(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)));
  const c = start(false);
  c.feed(TO_SERVER, read('redis.to-server.bin'));
  c.feed(TO_CLIENT, read('redis.to-client.bin'));
  expect(c.messages[0]).toMatchObject({
    name: 'LRANGE',
    attributes: { 'db.query.text': 'LRANGE mylist 0 299' },
  });
  expect(c.messages[1]).toMatchObject({ kind: 'response', status: 'ok', end: 5000 + 2706 });
  expect(c.messages).toHaveLength(2);
  expect(c.causes).toEqual([]);
});

test('SELECT names the database of what follows, RESET the first one', () => {
  const c = start();
  c.feed(TO_SERVER, command('GET', 'k') + command('SELECT', '3') + command('GET', 'k'));
  c.feed(TO_SERVER, command('SELECT', 'x') + command('RESET') + command('GET', 'k'));
  expect(c.messages.map((m) => m.attributes['db.namespace'])).toEqual([undefined, '3', '3', '3', '0', '0']);
});

test('a cluster that sends elsewhere; a transaction with an error in it; scripts', () => {
  const c = start();
  c.feed(TO_SERVER, command('GET', 'k') + command('GET', 'k') + command('EXEC') + command('EVAL', 'x', '0'));
  c.feed(TO_CLIENT, '-MOVED 3999 127.0.0.1:6381\r\n-ASK 3999 127.0.0.1:6381\r\n');
  c.feed(TO_CLIENT, '*3\r\n+OK\r\n-WRONGTYPE x\r\n*1\r\n:1\r\n-EXECABORT no\r\n');
  expect(c.of(TO_CLIENT).map((m) => [m.status, m.attributes['db.response.status_code']])).toEqual([
    ['error', 'MOVED'],
    ['error', 'ASK'],
    ['ok', undefined],
    ['error', 'EXECABORT'],
  ]);
});

test('CLIENT TRACKING: keys that are not valid any more, RESP3 and RESP2', () => {
  const c = start();
  c.feed(TO_CLIENT, '>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n');
  const old = start();
  old.feed(TO_SERVER, command('SUBSCRIBE', '__redis__:invalidate'));
  old.feed(TO_CLIENT, '*3\r\n$9\r\nsubscribe\r\n$20\r\n__redis__:invalidate\r\n:1\r\n');
  old.feed(TO_CLIENT, '*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\nk\r\n');
  expect(c.messages.map((m) => [m.kind, m.name])).toEqual([
    ['one-way', 'invalidate'],
    ['one-way', 'invalidate'],
  ]);
  expect(old.of(TO_CLIENT).map((m) => m.kind)).toEqual(['response', 'one-way']);
});

describe('streamed types of RESP3', () => {
  const replies = [
    '$?\r\n;4\r\nHell\r\n;5\r\no wor\r\n;1\r\nd\r\n;0\r\n',
    '*?\r\n:1\r\n*1\r\n+a\r\n$?\r\n;1\r\nx\r\n;0\r\n.\r\n',
    '%?\r\n+a\r\n:1\r\n+b\r\n*?\r\n.\r\n.\r\n',
    '*2\r\n~?\r\n.\r\n$?\r\n;0\r\n',
  ];

  test.each([1, 2, 3, 7, 1000])('in reads of %d bytes', (size) => {
    const c = start();
    c.feed(TO_SERVER, command('GET', 'k').repeat(replies.length + 1));
    const all = `${replies.join('')}+OK\r\n`;
    for (let at = 0; at < all.length; at += size) c.feed(TO_CLIENT, all.slice(at, at + size));
    const answers = c.of(TO_CLIENT);
    expect(answers.map((m) => m.end - m.start)).toEqual([...replies.map((reply) => reply.length), 5]);
    expect(answers.every((m) => m.kind === 'response')).toBe(true);
    expect(c.causes).toEqual([]);
  });

  test.each(['.\r\n', ';1\r\na\r\n', '$?\r\n+a\r\n', '*?\r\n.x\r\n', '|?\r\n', '*?1\r\n', '*2\r\n.\r\n'])(
    'elsewhere they are wrong: %j',
    (text) => {
      const c = start();
      c.feed(TO_SERVER, command('GET', 'k'));
      c.feed(TO_CLIENT, text);
      expect(c.causes).toHaveLength(1);
      c.feed(TO_SERVER, command('GET', 'k'));
      c.feed(TO_CLIENT, '+OK\r\n');
      expect(c.of(TO_CLIENT).at(-1)).toMatchObject({ status: 'ok' });
    },
  );

  test('no request has them', () => {
    const c = start();
    c.feed(TO_SERVER, '*?\r\n');
    c.feed(TO_SERVER, command('GET', 'k'));
    expect(c.messages.map((m) => m.name)).toEqual(['GET']);
    expect(c.causes).toEqual(['to-server count']);
  });
});
