import { zlibSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { TO_CLIENT, TO_SERVER } from '../protocol.ts';
import * as wire from '../testing/mysql.ts';
import { bytesOf, createFeeder, createRecorder } from '../testing/recorder.ts';
import { createMysqlParser } from './parser.ts';

function start(mask = true) {
  const recorder = createRecorder();
  const parser = createMysqlParser(recorder, { mask });
  return { ...recorder, parser, ...createFeeder(parser) };
}

/** After greeting and login, of which nothing is kept. */
function loggedIn(flags = 0, version = '8.0.36') {
  const c = start();
  c.feed(TO_CLIENT, wire.greeting(version));
  c.feed(TO_SERVER, wire.login('shop', flags));
  c.feed(TO_CLIENT, wire.packet(2, wire.OK));
  expect(c.messages.map((m) => `${m.kind} ${m.name} ${m.status}`)).toEqual([
    'request LOGIN unset',
    'response  ok',
  ]);
  c.messages.length = 0;
  return c;
}

const summary = (messages: ReturnType<typeof start>['messages']) =>
  messages.map((m) => `${m.kind} ${m.name || m.status}`);
const rowsOf = (messages: ReturnType<typeof start>['messages']) =>
  messages.filter((m) => m.kind === 'response').map((m) => m.attributes['db.response.returned_rows']);

test('ids in comments, of queries and prepared statements, under names that are asked for too', () => {
  const recorder = createRecorder();
  const options = { mask: true, traceIdNames: ['my_trace'], requestIdNames: ['my-id'] };
  const c = createFeeder(createMysqlParser(recorder, options));
  c.feed(TO_CLIENT, wire.greeting('8.0.36'));
  c.feed(TO_SERVER, wire.login('shop'));
  c.feed(TO_CLIENT, wire.packet(2, wire.OK));
  for (const comment of ["my_trace='mine%207'", 'my-id: order-4711-8']) {
    c.feed(TO_SERVER, wire.query(`UPDATE a SET b = 1 /*${comment}*/`));
    c.feed(TO_CLIENT, wire.packet(1, wire.OK));
    c.feed(TO_SERVER, wire.prepare(`UPDATE a SET b = 1 /*${comment}*/`));
    c.feed(TO_CLIENT, wire.packets(wire.prepared(7, 0, 0)));
  }
  const carried = recorder.messages
    .filter((m) => m.kind === 'request' && m.name !== 'LOGIN')
    .map((m) => m.carried);
  expect(carried).toMatchObject([
    { original: 'mine 7' },
    { original: 'mine 7' },
    { requestIds: [{ name: 'my-id' }] },
    { requestIds: [{ name: 'my-id' }] },
  ]);
});

describe('login', () => {
  test('the greeting asks nothing; the login is a request', () => {
    const c = start();
    c.feed(TO_CLIENT, wire.greeting('11.4.2-MariaDB'));
    expect(c.messages).toEqual([]);
    const begin = c.at(TO_CLIENT);
    c.feed(TO_SERVER, wire.login('shop'));
    c.feed(TO_CLIENT, wire.packet(2, wire.OK));
    expect(c.messages).toMatchObject([
      {
        kind: 'request',
        name: 'LOGIN',
        start: 1000,
        end: c.at(TO_SERVER),
        attributes: { 'db.system.name': 'mariadb', 'db.operation.name': 'LOGIN', 'db.namespace': 'shop' },
      },
      { kind: 'response', status: 'ok', start: begin, end: c.at(TO_CLIENT) },
    ]);
  });

  test('turns of authentication belong to it', () => {
    const c = start();
    c.feed(TO_CLIENT, wire.greeting('8.0.36'));
    c.feed(TO_SERVER, wire.login('shop'));
    c.feed(TO_CLIENT, wire.packet(2, '\xfecaching_sha2_password\x00saltsaltsalt\x00'));
    c.feed(TO_SERVER, wire.packet(3, 'proof'));
    c.feed(TO_CLIENT, wire.packet(4, '\x01\x04'));
    c.feed(TO_SERVER, wire.packet(5, 'proof'));
    c.feed(TO_CLIENT, wire.packet(6, '\xff\x15\x04#28000Access denied'));
    expect(summary(c.messages)).toEqual([
      'request LOGIN',
      'interim unset',
      'interim unset',
      'response error',
    ]);
    expect(c.messages.at(-1)?.attributes).toEqual({
      'db.response.status_code': '1045',
      'error.type': '1045',
    });
    expect(c.causes).toEqual([]);
  });

  test('behind a request for TLS nothing is read', () => {
    const c = start();
    c.feed(TO_CLIENT, wire.greeting('8.0.36'));
    c.feed(TO_SERVER, wire.sslRequest);
    c.feed(TO_SERVER, wire.query('SELECT 1'));
    c.feed(TO_CLIENT, wire.packets(wire.OK));
    c.finish(TO_SERVER);
    c.finish(TO_CLIENT);
    expect([c.messages, c.causes]).toEqual([[], []]);
  });
});

describe('text protocol', () => {
  test('a query and its rows', () => {
    const c = loggedIn();
    c.feed(TO_SERVER, wire.query("SELECT c FROM t WHERE c = 'secret'"));
    c.feed(TO_CLIENT, wire.packets(...wire.resultSet(['a', 'b'], true)));
    expect(c.messages).toMatchObject([
      {
        name: 'SELECT t',
        attributes: {
          'db.system.name': 'mysql',
          'db.query.text': 'SELECT c FROM t WHERE c = ?',
          'db.query.summary': 'SELECT t',
          'db.operation.name': 'SELECT',
          'db.collection.name': 't',
          'db.namespace': 'shop',
        },
      },
      { status: 'ok', end: c.at(TO_CLIENT), attributes: { 'db.response.returned_rows': 2 } },
    ]);
  });

  test.each([
    ['rows without an EOF behind the columns', wire.DEPRECATE_EOF, wire.resultSet(['a'], false), 1],
    ['no rows', 0, wire.resultSet([], true), 0],
    ['no rows and no EOF', wire.DEPRECATE_EOF, wire.resultSet([], false), 0],
    [
      'several results',
      0,
      [...wire.resultSet(['a'], true, true), ...wire.resultSet(['b', 'c'], true, true), wire.OK],
      3,
    ],
    ['an empty value first', 0, wire.resultSet(['', '\xfb'], true), 2],
    [
      'MySQL, no definitions sent',
      wire.DEPRECATE_EOF,
      ['\x00\x01', wire.encoded('a'), '\xfe\x00\x00\x02\x00\x00\x00'],
      1,
    ],
    ['MariaDB, no definitions sent', 0, ['\x02\x00', wire.EOF, wire.encoded('a'), wire.EOF], 1],
  ])('%s', (_, flags, payloads, rows) => {
    const c = loggedIn(flags);
    for (let i = 0; i < 2; i++) {
      c.feed(TO_SERVER, wire.query('SELECT c FROM t'));
      c.feed(TO_CLIENT, wire.packets(...payloads));
    }
    expect(rowsOf(c.messages)).toEqual([rows, rows]);
    expect(c.messages.at(-1)?.end).toBe(c.at(TO_CLIENT));
    expect(c.causes).toEqual([]);
  });

  test('an error, at once or after a result', () => {
    const c = loggedIn();
    c.feed(TO_SERVER, wire.query('SELECT c FROM nowhere'));
    c.feed(TO_CLIENT, wire.packets(wire.ERR));
    c.feed(TO_SERVER, wire.query('CALL p()'));
    c.feed(TO_CLIENT, wire.packets(...wire.resultSet(['a'], true, true), wire.ERR));
    const error = { 'db.response.status_code': '1146', 'error.type': '1146' };
    const answers = c.of(TO_CLIENT).slice(-2);
    expect(answers.map((m) => [m.status, m.attributes])).toEqual([
      ['error', error],
      ['ok', { ...error, 'db.response.returned_rows': 1 }],
    ]);
  });

  test('attributes of a query carry ids', () => {
    const c = loggedIn();
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const names = `\xfe\x00${wire.encoded('traceparent')}\x08\x00${wire.encoded('n')}`;
    const values = `${wire.encoded(parent)}12345678`;
    c.feed(TO_SERVER, wire.packet(0, `\x03\x02\x01\x00\x01${names}${values}SELECT c FROM t`));
    c.feed(TO_SERVER, wire.packet(0, '\x03\x00\x01SELECT c FROM u'));
    expect(c.messages.map((m) => [m.name, m.carried])).toEqual([
      ['SELECT t', { traceId: parent.slice(3, 35), spanId: parent.slice(36, 52) }],
      ['SELECT u', null],
    ]);
  });

  test('a local file is sent between the command and its answer', () => {
    const c = loggedIn();
    c.feed(TO_SERVER, wire.query("LOAD DATA LOCAL INFILE 'f' INTO TABLE t"));
    c.feed(TO_CLIENT, wire.packets('\xfbf'));
    c.feed(TO_SERVER, wire.packet(2, 'a\nb\n') + wire.packet(3, ''));
    c.feed(TO_CLIENT, wire.packet(4, wire.OK));
    expect(summary(c.messages)).toEqual(['request LOAD t', 'interim unset', 'response ok']);
    expect(c.causes).toEqual([]);
  });

  test('rows need not be copied once their length is known', () => {
    const c = loggedIn();
    c.feed(TO_SERVER, wire.query('SELECT c FROM t'));
    c.feed(TO_CLIENT, wire.packets('\x01', wire.COLUMN, wire.EOF));
    c.feed(TO_CLIENT, '\x40\x42\x0f\x04\xfd\x3c\x42\x0fx');
    expect(c.parser.neededFrom(TO_CLIENT)).toBe(c.at(TO_CLIENT) + 1_000_000 - 5);
    c.gap(TO_CLIENT, 1_000_000 - 5);
    c.feed(TO_CLIENT, wire.packet(5, wire.EOF));
    expect(rowsOf(c.messages)).toEqual([1]);
    expect(c.causes).toEqual([]);
  });

  test('a packet of 16 MB goes on in the next', () => {
    const c = loggedIn();
    c.feed(TO_SERVER, "\xff\xff\xff\x00\x03INSERT INTO t VALUES ('");
    c.gap(TO_SERVER, 0xffffff - 24);
    c.feed(TO_SERVER, wire.packet(1, "x')"));
    c.feed(TO_CLIENT, wire.packet(2, wire.OK));
    expect(summary(c.messages)).toEqual(['request INSERT t', 'response ok']);
    expect(c.messages[0]?.end).toBe(c.at(TO_SERVER));
    expect(c.causes).toEqual([]);
  });
});

describe('prepared statements', () => {
  const definitions = [wire.COLUMN, wire.EOF, wire.COLUMN, wire.EOF];

  test('an execution is called as its statement until that is closed', () => {
    const c = loggedIn();
    c.feed(TO_SERVER, wire.prepare('SELECT c FROM t WHERE c = ?'));
    c.feed(TO_CLIENT, wire.packets(wire.prepared(7, 1, 1), ...definitions));
    c.feed(TO_SERVER, wire.execute(7));
    c.feed(TO_CLIENT, wire.packets('\x01', wire.COLUMN, wire.EOF, '\x00\x00\x01x', wire.EOF));
    c.feed(TO_SERVER, wire.closeStatement(7));
    c.feed(TO_SERVER, wire.execute(7));
    c.feed(TO_CLIENT, wire.packets(wire.ERR));
    expect(summary(c.messages)).toEqual([
      'request PREPARE SELECT t',
      'response ok',
      'request SELECT t',
      'response ok',
      'one-way STMT_CLOSE',
      'request EXECUTE',
      'response error',
    ]);
    expect(c.messages[2]?.attributes).toMatchObject({ 'db.query.text': 'SELECT c FROM t WHERE c = ?' });
    expect(rowsOf(c.messages)).toEqual([undefined, 1, undefined]);
  });

  test.each([
    ['no EOF behind definitions', wire.DEPRECATE_EOF, [wire.COLUMN, wire.COLUMN]],
    ['an EOF behind each kind', 0, definitions],
  ])('MariaDB executes what it has just prepared: %s', (_, flags, all) => {
    const c = loggedIn(flags);
    c.feed(TO_SERVER, wire.prepare('INSERT INTO t VALUES (?)') + wire.execute(-1));
    c.feed(TO_CLIENT, wire.packets(wire.prepared(9, 1, 1), ...all) + wire.packets(wire.OK));
    expect(summary(c.messages)).toEqual([
      'request PREPARE INSERT t',
      'request INSERT t',
      'response ok',
      'response ok',
    ]);
    expect(c.causes).toEqual([]);
  });

  test('rows are fetched from a cursor', () => {
    const c = loggedIn();
    c.feed(TO_SERVER, wire.execute(7));
    c.feed(TO_CLIENT, wire.packets('\x01', wire.COLUMN, '\xfe\x00\x00\x42\x00'));
    c.feed(TO_SERVER, wire.packet(0, '\x1c\x07\x00\x00\x00\x0a\x00\x00\x00'));
    c.feed(TO_CLIENT, wire.packets('\x00\x00\x01x', '\x00\x00\x01y', wire.EOF));
    expect(summary(c.messages)).toEqual([
      'request EXECUTE',
      'response ok',
      'request STMT_FETCH',
      'response ok',
    ]);
    expect(rowsOf(c.messages)).toEqual([0, 2]);
  });
});

test('the database is the one that the server agreed to', () => {
  const c = loggedIn();
  const ask = (request: string, answer: string) => {
    c.feed(TO_SERVER, request);
    c.feed(TO_CLIENT, wire.packets(answer));
  };
  ask(wire.packet(0, '\x02nowhere'), '\xff\x19\x04#42000Unknown database');
  ask(wire.query('DO 1'), wire.OK);
  ask(wire.packet(0, '\x02other'), wire.OK);
  ask(wire.query('USE `third one`'), wire.OK);
  ask(wire.query('DO 2'), wire.OK);
  ask(wire.query('SET @a = 1; USE fourth'), wire.OK);
  ask(wire.query('DO 3'), wire.OK);
  expect(
    c
      .of(TO_SERVER)
      .slice(-7)
      .map((m) => [m.name, m.attributes['db.namespace']]),
  ).toEqual([
    ['INIT_DB', 'nowhere'],
    ['DO', 'shop'],
    ['INIT_DB', 'other'],
    ['USE', 'other'],
    ['DO', 'third one'],
    ['SET', 'third one'],
    ['DO', undefined],
  ]);
});

test.each([
  ['PING', '\x0e', [wire.OK]],
  ['STATISTICS', '\x09', ['Uptime: 7  Threads: 1']],
  ['SET_OPTION', '\x1b\x00\x00', [wire.EOF]],
  ['FIELD_LIST', '\x04t\x00', [wire.COLUMN, wire.COLUMN, wire.EOF]],
  ['RESET_CONNECTION', '\x1f', [wire.OK]],
  ['STMT_RESET', '\x1a\x07\x00\x00\x00', [wire.OK]],
  ['CHANGE_USER', '\x11root\x00\x00shop\x00', [wire.OK]],
])('%s', (name, request, payloads) => {
  const c = loggedIn();
  c.feed(TO_SERVER, wire.packet(0, request));
  c.feed(TO_CLIENT, wire.packets(...payloads));
  expect(summary(c.messages)).toEqual([`request ${name}`, 'response ok']);
  expect(c.messages[1]?.end).toBe(c.at(TO_CLIENT));
  expect(c.causes).toEqual([]);
});

test('a replication is one answer, and what follows belongs to nothing', () => {
  const c = loggedIn();
  c.feed(TO_SERVER, wire.packet(0, `\x12${'\x00'.repeat(10)}`));
  for (let i = 0; i < 600; i++) c.feed(TO_CLIENT, wire.packet(i + 1, `\x00event ${i}`));
  expect(summary(c.messages)).toEqual(['request BINLOG_DUMP', 'response ok']);
  expect(c.causes).toEqual([]);
});

describe('compression', () => {
  const frame = (sequence: number, body: string, zip: boolean): Uint8Array => {
    const inner = zip ? zlibSync(bytesOf(body)) : bytesOf(body);
    const full = zip ? body.length : 0;
    const { length } = inner;
    return Uint8Array.from([
      length & 255,
      length >> 8,
      0,
      sequence,
      full & 255,
      (full >> 8) & 255,
      full >> 16,
      ...inner,
    ]);
  };
  const answer = wire.packets(...wire.resultSet(['a'.repeat(200), 'b'], true));

  test.each([1, 7, 10_000])('in reads of %i bytes', (size) => {
    const c = loggedIn(wire.COMPRESS);
    const feed = (side: 0 | 1, bytes: Uint8Array) => {
      for (let i = 0; i < bytes.length; i += size) c.feed(side, bytes.subarray(i, i + size));
    };
    const begin = c.at(TO_CLIENT);
    feed(TO_SERVER, frame(0, wire.query('SELECT c FROM t'), false));
    feed(TO_CLIENT, frame(1, answer.slice(0, 60), true));
    feed(TO_CLIENT, frame(2, answer.slice(60), true));
    feed(TO_SERVER, frame(0, wire.query(`SELECT ${'c, '.repeat(50)} c FROM u`), true));
    feed(TO_CLIENT, frame(1, wire.packets(wire.ERR), false));
    expect(summary(c.messages)).toEqual([
      'request SELECT t',
      'response ok',
      'request SELECT u',
      'response error',
    ]);
    expect(rowsOf(c.messages)).toEqual([2, undefined]);
    expect(c.messages[1]).toMatchObject({ start: begin });
    expect(c.causes).toEqual([]);
  });

  test('a frame that inflates to a thousand times its size', () => {
    const c = loggedIn(wire.COMPRESS);
    c.feed(TO_SERVER, frame(0, wire.query('SELECT c FROM t'), false));
    const row = `\x00\x00\x20\x04${'\x00'.repeat(0x200000)}`;
    c.feed(
      TO_CLIENT,
      frame(1, wire.packets('\x01', wire.COLUMN, wire.EOF) + row + wire.packet(5, wire.EOF), true),
    );
    expect(rowsOf(c.messages)).toEqual([1]);
  });

  test('a frame that cannot be inflated loses its response alone', () => {
    const c = loggedIn(wire.COMPRESS);
    const broken = frame(1, answer, true);
    broken.fill(0xff, 9, 30);
    c.feed(TO_SERVER, frame(0, wire.query('SELECT c FROM t'), false));
    c.feed(TO_CLIENT, broken);
    c.feed(TO_SERVER, frame(0, wire.query('SELECT c FROM u'), false));
    c.feed(TO_CLIENT, frame(1, answer, true));
    expect(summary(c.messages).slice(-2)).toEqual(['request SELECT u', 'response ok']);
    expect(c.causes).toEqual(['to-client compression']);
  });
});
