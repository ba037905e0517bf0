import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { client, int32Of, server } from '../testing/postgresql.ts';
import { createFeeder, createRecorder } from '../testing/recorder.ts';
import { createPostgresqlParser } from './parser.ts';

function start(mask = true) {
  const recorder = createRecorder();
  const parser = createPostgresqlParser(recorder, { mask });
  const feeder = createFeeder(parser);
  return {
    ...recorder,
    parser,
    ...feeder,
    ask: (...texts: readonly string[]) => feeder.feed(TO_SERVER, texts.join('')),
    answer: (...texts: readonly string[]) => feeder.feed(TO_CLIENT, texts.join('')),
    names: () => recorder.of(TO_SERVER).map((m) => m.name),
    results: () =>
      recorder
        .of(TO_CLIENT)
        .map(
          (m) =>
            `${m.status} ${m.attributes['db.response.status_code'] ?? m.attributes['error.type'] ?? m.attributes['db.response.returned_rows'] ?? '-'}`,
        ),
  };
}
const { parse, bind, execute, sync, flush, query } = client;
const { parseComplete, bindComplete, complete, ready, columns, row, error } = server;
const PREPARED = parseComplete + server.parameters + server.noData + ready();
const SELECT = 'SELECT * FROM orders WHERE id = $1';

describe('simple queries', () => {
  test('a request and its response', () => {
    const c = start();
    c.ask(query("SELECT * FROM orders WHERE name = 'x'"));
    c.answer(columns('id'), row('1'), row('2'), complete('SELECT 2'), ready());
    const [request, response] = c.messages;
    expect(request).toMatchObject({
      kind: 'request',
      name: 'SELECT orders',
      start: 1000,
      end: c.at(TO_SERVER),
    });
    expect(request!.attributes).toEqual({
      'db.system.name': 'postgresql',
      'db.operation.name': 'SELECT',
      'db.collection.name': 'orders',
      'db.query.text': 'SELECT * FROM orders WHERE name = ?',
      'db.query.summary': 'SELECT orders',
    });
    expect(response).toMatchObject({ kind: 'response', status: 'ok', start: 5000, end: c.at(TO_CLIENT) });
    expect(response!.attributes['db.response.returned_rows']).toBe(2);
    expect(c.messages).toHaveLength(2);
    expect(c.causes).toEqual([]);
  });

  test('unmasked; UTF-8; the ids in a comment', () => {
    const c = start(false);
    const trace = '0af7651916cd43dd8448eb211c80319c';
    // é as UTF-8
    c.ask(query(`SELECT '\xc3\xa9' /*traceparent='00-${trace}-b7ad6b7169203331-01'*/`));
    expect(c.messages[0]!.attributes['db.query.text']).toContain("SELECT 'é' /*");
    expect(c.messages[0]!.carried).toEqual({ traceId: trace, spanId: 'b7ad6b7169203331' });
  });

  test('ids in comments, of simple queries and prepared ones, under names that are asked for too', () => {
    const options = { mask: true, traceIdNames: ['my_trace'], requestIdNames: ['my-id'] };
    const recorder = createRecorder();
    const c = createFeeder(createPostgresqlParser(recorder, options));
    const comments = ["my_trace='mine%207'", 'my-id: order-4711-8'];
    for (const comment of comments) {
      c.feed(TO_SERVER, query(`SELECT /*${comment}*/ 1`));
      c.feed(TO_CLIENT, complete('SELECT 1') + ready());
      c.feed(TO_SERVER, parse(`SELECT 2 /*${comment}*/`, '') + bind() + execute() + sync);
      c.feed(TO_CLIENT, complete('SELECT 1') + ready());
    }
    const carried = recorder.messages.filter((m) => m.kind === 'request').map((m) => m.carried);
    expect(carried).toMatchObject([
      { original: 'mine 7' },
      { original: 'mine 7' },
      { requestIds: [{ name: 'my-id' }] },
      { requestIds: [{ name: 'my-id' }] },
    ]);
  });

  test('errors, none of which says what it quotes', () => {
    const c = start();
    c.ask(query('SELECT * FROM nothing'), query('BEGIN'));
    c.answer(error('42P01'), ready('E'), complete('BEGIN'), ready('T'));
    expect(c.results()).toEqual(['error 42P01', 'ok -']);
    expect(c.of(TO_CLIENT)[0]!.attributes).toEqual({
      'db.system.name': 'postgresql',
      'db.response.status_code': '42P01',
      'error.type': '42P01',
    });
  });

  test('several statements are one request', () => {
    const c = start();
    c.ask(query('BEGIN; UPDATE a SET b = 1; SELECT 1'));
    c.answer(complete('BEGIN'), complete('UPDATE 7'), columns('x'), row('1'), complete('SELECT 1'), ready());
    c.ask(query(''));
    c.answer(server.emptyQuery, ready());
    expect(c.names()).toEqual(['BEGIN', 'postgresql']);
    expect(c.messages[0]!.attributes['db.operation.batch.size']).toBe(3);
    expect(c.results()).toEqual(['ok 1', 'ok -']);
  });

  test.each([
    ['CREATE TABLE b AS SELECT 1', complete('SELECT 1'), 'ok -'],
    ['SELECT 1 WHERE false', columns('a') + complete('SELECT 0'), 'ok 0'],
    ['INSERT INTO a VALUES (1) RETURNING b', columns('b') + row('1') + complete('INSERT 0 1'), 'ok 1'],
    ['UPDATE a SET b = 1', complete('UPDATE 3'), 'ok -'],
    ['FETCH 2 FROM c', columns('b') + row('1') + row('2') + complete('FETCH 2'), 'ok 2'],
    ['SHOW work_mem', columns('a') + row('4MB') + complete('SHOW'), 'ok 1'],
  ])('rows of %s', (sql, result, expected) => {
    const c = start();
    c.ask(query(sql));
    c.answer(result, ready());
    expect(c.results()).toEqual([expected]);
  });

  test('notices before the result belong to it, those unasked to nothing', () => {
    const c = start();
    c.answer(server.notice, server.parameter('TimeZone', 'UTC'));
    const at = c.at(TO_CLIENT);
    c.ask(query('DROP TABLE IF EXISTS a'));
    c.answer(server.notice, complete('DROP TABLE'), ready());
    expect(c.of(TO_CLIENT)).toHaveLength(1);
    expect(c.of(TO_CLIENT)[0]!.start).toBe(at);
  });

  test('COPY in and out', () => {
    const c = start();
    c.ask(query('COPY orders FROM STDIN'));
    c.answer(server.copyIn);
    c.ask(client.copyData('1\n'), client.copyData('2\n'), client.copyDone);
    c.answer(complete('COPY 2'), ready());
    c.ask(query('COPY orders TO STDOUT'));
    c.answer(
      server.copyOut,
      server.copyData('1\n'),
      server.copyData('2\n'),
      server.copyDone,
      complete('COPY 2'),
      ready(),
    );
    c.ask(query('COPY orders FROM STDIN'));
    c.answer(server.copyIn);
    c.ask(client.copyFail('no'));
    c.answer(error('57014'), ready());
    expect(c.names()).toEqual(['COPY orders', 'COPY orders', 'COPY orders']);
    expect(c.results()).toEqual(['ok -', 'ok 2', 'error 57014']);
    expect(c.causes).toEqual([]);
  });

  test('a function call', () => {
    const c = start();
    c.ask(client.functionCall);
    c.answer(server.functionResult, ready());
    expect(c.names()).toEqual(['FUNCTION CALL']);
    expect(c.results()).toEqual(['ok -']);
  });
});

describe('extended queries', () => {
  test('one request from Parse to Execute', () => {
    const c = start();
    c.ask(parse(SELECT), bind(['7']), client.describePortal(), execute(), sync);
    c.answer(parseComplete, bindComplete, columns('id'), row('7'), complete('SELECT 1'), ready());
    expect(c.messages).toHaveLength(2);
    expect(c.messages[0]).toMatchObject({
      name: 'SELECT orders',
      start: 1000,
      end: c.at(TO_SERVER) - sync.length,
    });
    expect(c.messages[0]!.attributes['db.query.text']).toBe(SELECT);
    expect(c.messages[1]).toMatchObject({ start: 5000, end: c.at(TO_CLIENT) - ready().length });
    expect(c.results()).toEqual(['ok 1']);
  });

  test('prepared once, run by name', () => {
    const c = start();
    c.ask(parse(SELECT, 's1'), client.describeStatement('s1'), sync);
    c.answer(PREPARED);
    for (const _ of [1, 2]) {
      c.ask(bind(['7'], 's1'), execute(), sync);
      c.answer(bindComplete, row('7'), complete('SELECT 1'), ready());
    }
    c.ask(client.closeStatement('s1'), sync);
    c.answer(server.closeComplete, ready());
    c.ask(bind(['7'], 's1'), execute(), sync);
    c.answer(error('26000'), ready());
    expect(c.names()).toEqual([
      'PREPARE SELECT orders',
      'SELECT orders',
      'SELECT orders',
      'CLOSE',
      'EXECUTE',
    ]);
    expect(c.results()).toEqual(['ok -', 'ok 1', 'ok 1', 'ok -', 'error 26000']);
    expect(c.messages[0]!.attributes).toMatchObject({
      'db.operation.name': 'PREPARE',
      'db.query.text': SELECT,
    });
    expect(c.of(TO_SERVER).at(-1)!.attributes).toEqual({
      'db.system.name': 'postgresql',
      'db.operation.name': 'EXECUTE',
    });
  });

  test('ids in the text of a prepared statement are not those of its later runs', () => {
    const c = start();
    const text = 'SELECT 1 /* traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 */';
    c.ask(parse(text, 's'), bind([], 's'), execute(), sync, bind([], 's'), execute(), sync);
    expect(c.of(TO_SERVER).map((m) => m.carried !== null)).toEqual([true, false]);
  });

  test('a pipeline: each Execute is a request', () => {
    const c = start();
    c.ask(
      parse('INSERT INTO a VALUES ($1)', 's'),
      bind(['1'], 's'),
      execute(),
      bind(['2'], 's'),
      execute(),
      sync,
    );
    c.ask(query('COMMIT'));
    c.answer(
      parseComplete,
      bindComplete,
      complete('INSERT 0 1'),
      bindComplete,
      complete('INSERT 0 1'),
      ready(),
    );
    c.answer(complete('COMMIT'), ready());
    expect(c.names()).toEqual(['INSERT a', 'INSERT a', 'COMMIT']);
    expect(c.results()).toEqual(['ok -', 'ok -', 'ok -']);
  });

  test('after an error the rest of the round is skipped', () => {
    const c = start();
    const one = (sql: string) => parse(sql) + bind() + execute();
    c.ask(one('DELETE FROM a'), one('DELETE FROM b'), one('DELETE FROM c'), sync, one('DELETE FROM d'), sync);
    c.answer(parseComplete, bindComplete, complete('DELETE 1'), parseComplete, error('23503'), ready());
    c.answer(parseComplete, bindComplete, complete('DELETE 4'), ready());
    expect(c.names()).toEqual(['DELETE a', 'DELETE b', 'DELETE c', 'DELETE d']);
    expect(c.results()).toEqual(['ok -', 'error 23503', 'error skipped', 'ok -']);
  });

  test('also where the answer is read first', () => {
    const c = start();
    c.ask(query('BEGIN'));
    c.answer(complete('BEGIN'), ready('T'));
    c.answer(error('42601'), ready('E'));
    c.ask(parse('SELEC'), bind(), execute(), bind(), execute(), sync);
    c.ask(query('ROLLBACK'));
    c.answer(complete('ROLLBACK'), ready());
    expect(c.names()).toHaveLength(4);
    expect(c.results()).toEqual(['ok -', 'error 42601', 'error skipped', 'ok -']);
  });

  test('an error of the commit is not the next request’s', () => {
    const c = start();
    c.ask(parse('INSERT INTO a VALUES (1)'), bind(), execute(), sync, query('SELECT 1'));
    c.answer(parseComplete, bindComplete, complete('INSERT 0 1'), error('23503'), ready());
    c.answer(columns('a'), row('1'), complete('SELECT 1'), ready());
    expect(c.results()).toEqual(['ok -', 'ok 1']);
  });

  test('rows in portions', () => {
    const c = start();
    c.ask(parse(SELECT), bind(['7'], '', 'p'), execute('p', 1), sync);
    c.answer(parseComplete, bindComplete, row('1'), server.suspended, ready('T'));
    c.ask(execute('p', 1), sync);
    c.answer(row('2'), complete('SELECT 1'), ready());
    expect(c.names()).toEqual(['SELECT orders', 'SELECT orders']);
    expect(c.results()).toEqual(['ok 1', 'ok 1']);
  });

  test('prepared by a Flush, run later', () => {
    const c = start();
    c.ask(parse(SELECT, 's'), client.describeStatement('s'), flush);
    c.answer(parseComplete, server.parameters, columns('id'));
    c.ask(bind(['1'], 's'), execute(), sync);
    c.answer(bindComplete, row('1'), complete('SELECT 1'), ready());
    expect(c.names()).toEqual(['PREPARE SELECT orders', 'SELECT orders']);
    expect(c.results()).toEqual(['ok -', 'ok 1']);
  });

  test('a Flush behind a Parse alone', () => {
    const c = start();
    c.ask(parse(SELECT), flush);
    expect(c.names()).toEqual(['SELECT orders']);
    c.answer(parseComplete);
    c.ask(bind(['1']), execute(), sync);
    c.answer(bindComplete, row('1'), complete('SELECT 1'), ready());
    expect(c.messages.map((m) => [m.kind, m.start])).toEqual([
      ['request', 1000],
      ['response', 5000],
    ]);
    expect(c.messages[0]!.end).toBe(c.at(TO_SERVER) - sync.length);
  });

  test.each([
    ['Parse', parse(SELECT, 's') + sync, parseComplete + ready(), 'PREPARE SELECT orders'],
    [
      'Describe',
      client.describeStatement('s') + sync,
      server.parameters + columns('a') + ready(),
      'DESCRIBE',
    ],
    ['Bind', bind([], 's') + client.describePortal() + sync, bindComplete + columns('a') + ready(), 'BIND'],
    ['Close', client.closeStatement('s') + sync, server.closeComplete + ready(), 'CLOSE'],
    ['Sync', sync, ready(), 'SYNC'],
  ])('a round of %s alone is one request', (_, asked, answered, name) => {
    const c = start();
    c.ask(asked, query('COMMIT'));
    c.answer(answered, complete('COMMIT'), ready());
    expect(c.names()).toEqual([name, 'COMMIT']);
    expect(c.results()).toEqual(['ok -', 'ok -']);
  });

  test('a Close before or behind belongs to what is run', () => {
    const c = start();
    c.ask(client.closeStatement('x'), parse(SELECT), bind(), execute(), client.closeStatement('y'), sync);
    c.ask(query('COMMIT'));
    c.answer(
      server.closeComplete,
      parseComplete,
      bindComplete,
      complete('SELECT 0'),
      server.closeComplete,
      ready(),
    );
    c.answer(complete('COMMIT'), ready());
    expect(c.names()).toEqual(['SELECT orders', 'COMMIT']);
    expect(c.of(TO_SERVER)[0]!.start).toBe(1000);
    expect(c.results()).toEqual(['ok 0', 'ok -']);
  });

  test('COPY: the Sync that ends it asks nothing', () => {
    const c = start();
    c.ask(parse('COPY a FROM STDIN'), bind(), execute(), sync);
    c.answer(parseComplete, bindComplete, server.copyIn);
    c.ask(client.copyData('1\n'), client.copyDone, sync);
    c.answer(complete('COPY 1'), ready());
    c.ask(query('COMMIT'));
    c.answer(complete('COMMIT'), ready());
    expect(c.names()).toEqual(['COPY a', 'COMMIT']);
    expect(c.results()).toEqual(['ok -', 'ok -']);
  });
});

describe('connections', () => {
  const LOGGED_IN =
    server.authOk +
    server.parameter('server_version', '15.1') +
    server.parameter('standard_conforming_strings', 'on') +
    server.backendKey +
    ready();

  test('a login names the database of what follows', () => {
    const c = start();
    c.ask(client.startup({ user: 'ann', database: 'shop' }));
    c.answer(server.askPassword);
    c.ask(client.password('secret'));
    c.answer(LOGGED_IN);
    c.ask(query('SELECT 1'));
    expect(c.names()).toEqual(['LOGIN', 'SELECT']);
    expect(c.messages[0]!.attributes).toEqual({
      'db.system.name': 'postgresql',
      'db.operation.name': 'LOGIN',
      'db.namespace': 'shop',
    });
    expect(c.of(TO_CLIENT)).toMatchObject([{ start: 5000, end: c.at(TO_CLIENT), status: 'ok' }]);
    expect(c.of(TO_SERVER)[1]!.attributes['db.namespace']).toBe('shop');
    expect(JSON.stringify(c.messages)).not.toMatch(/secret|ann/);
    expect(c.causes).toEqual([]);
  });

  test('protocol 3.2, the database that is called as the user', () => {
    const c = start(false);
    c.ask(client.startup({ user: 'ann' }, 0x30002));
    c.answer(server.authOk, `K${int32Of(4 + 4 + 32)}${'k'.repeat(36)}`, ready());
    expect(c.messages[0]!.attributes).toMatchObject({ 'db.namespace': 'ann', 'user.name': 'ann' });
    expect(c.results()).toEqual(['ok -']);
  });

  test.each([
    ['at once', error('28000', 'FATAL')],
    ['when the password is wrong', server.askPassword + error('28P01', 'FATAL')],
    ['in an old way', server.askPassword + error('28P01')],
  ])('a login that is refused %s', (_, answered) => {
    const c = start();
    c.ask(client.startup({ user: 'ann', database: 'shop' }));
    c.answer(answered);
    expect(c.results()[0]).toMatch(/^error 28/);
  });

  test('encryption refused', () => {
    const c = start();
    c.ask(client.sslRequest);
    c.answer('N');
    c.ask(client.startup({ user: 'ann' }));
    c.answer(LOGGED_IN);
    expect(c.names()).toEqual(['SSLRequest', 'LOGIN']);
    expect(c.of(TO_CLIENT)).toMatchObject([
      { start: 5000, end: 5001, status: 'ok' },
      { start: 5001, end: c.at(TO_CLIENT), status: 'ok' },
    ]);
    expect(c.causes).toEqual([]);
  });

  test('encryption accepted: nothing is read of what follows', () => {
    const c = start();
    // The answer may be read before the question.
    c.answer('S');
    c.ask(client.sslRequest);
    c.ask('\x16\x03\x01\x00\x05hello');
    c.answer('\x16\x03\x03\x00\x05hello');
    c.gap(TO_CLIENT, 5);
    c.ask(query('SELECT 1'));
    expect(c.messages).toHaveLength(2);
    expect(c.causes).toEqual([]);
  });

  test('a cancel request, the end, and notifications are answered by nobody', () => {
    const c = start();
    c.ask(client.cancel);
    c.answer(server.notification('jobs.42', 'secret'));
    c.ask(client.terminate);
    expect(c.messages.map((m) => [m.kind, m.name])).toEqual([
      ['one-way', 'CANCEL'],
      ['one-way', 'NOTIFY jobs.{id}'],
      ['one-way', 'TERMINATE'],
    ]);
    expect(c.messages[1]).toMatchObject({ side: TO_CLIENT });
    expect(c.messages[1]!.attributes).toMatchObject({ 'messaging.destination.name': 'jobs.42' });
    expect(JSON.stringify(c.messages)).not.toContain('secret');
  });

  test('a server that shuts down while it answers', () => {
    const c = start();
    c.ask(query('SELECT pg_sleep(9)'));
    c.answer(error('57P01', 'FATAL'));
    c.finish(TO_CLIENT);
    expect(c.results()).toEqual(['error 57P01']);
  });

  test('a server that is gone while it answers: how it would have ended is not known', () => {
    const c = start();
    c.ask(query('SELECT 1'));
    c.answer(columns('a'), row('1'));
    c.finish(TO_CLIENT);
    expect(c.of(TO_CLIENT)).toMatchObject([{ start: 5000, end: c.at(TO_CLIENT), status: 'unset' }]);
  });

  test('backslashes are read as the server says', () => {
    const c = start();
    c.answer(server.parameter('standard_conforming_strings', 'off'));
    c.ask(query("SELECT 'a\\', b, 'c'"));
    c.answer(server.parameter('standard_conforming_strings', 'on'));
    c.ask(query("SELECT 'a\\', b, 'c'"));
    expect(c.of(TO_SERVER).map((m) => m.attributes['db.query.text'])).toEqual([
      'SELECT ?c?',
      'SELECT ?, b, ?',
    ]);
  });
});

describe('real traffic', () => {
  const read = (name: string) =>
    new Uint8Array(readFileSync(new URL(`../../fixtures/${name}.bin`, import.meta.url)));

  test('a simple query', () => {
    const c = start(false);
    c.feed(TO_SERVER, read('postgresql.to-server'));
    c.feed(TO_CLIENT, read('postgresql.to-client'));
    expect(c.messages).toMatchObject([
      { name: 'DELETE test', attributes: { 'db.query.text': 'delete  from test;' } },
      { kind: 'response', status: 'ok', end: c.at(TO_CLIENT) },
    ]);
    expect(c.causes).toEqual([]);
  });

  test('a statement that is prepared; packets between are missing', () => {
    const c = start();
    c.feed(TO_SERVER, read('postgresql-prepared.to-server'));
    c.gap(TO_CLIENT, 100);
    c.feed(TO_CLIENT, read('postgresql-prepared.to-client'));
    expect(c.names()).toEqual(['PREPARE DELETE test']);
    // What was said is not the answer to what was asked.
    expect(c.of(TO_CLIENT)).toEqual([]);
    expect(c.causes).toEqual(['to-client gap']);
  });
});
