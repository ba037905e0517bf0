import { describe, expect, test } from 'vitest';
import { TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { client, server } from '../testing/postgresql.ts';
import { createFeeder, createRecorder } from '../testing/recorder.ts';
import { createPostgresqlParser } from './parser.ts';

function start(mask = true) {
  const recorder = createRecorder();
  const parser = createPostgresqlParser(recorder, { mask });
  return { ...recorder, parser, ...createFeeder(parser) };
}
const ONE = client.query('SELECT 1');
const RESULT = server.columns('a') + server.row('1') + server.complete('SELECT 1') + server.ready();

describe('missing bytes', () => {
  test('the values of rows are not needed', () => {
    const c = start();
    const row = server.row('x'.repeat(100_000));
    c.feed(TO_SERVER, ONE);
    c.feed(TO_CLIENT, server.columns('a') + row.slice(0, 7));
    expect(c.parser.neededFrom(TO_CLIENT)).toBe(c.at(TO_CLIENT) + row.length - 7);
    c.gap(TO_CLIENT, row.length - 7);
    c.feed(TO_CLIENT, server.complete('SELECT 1') + server.ready());
    expect(c.of(TO_CLIENT)).toMatchObject([{ status: 'ok', end: c.at(TO_CLIENT) }]);
    expect(c.causes).toEqual([]);
  });

  test('nor what COPY sends, nor parameters, nor the rest of a long text', () => {
    const c = start();
    for (const [head, tail] of [
      [client.copyData('x'.repeat(10_000)), 9_999],
      [client.bind(['x'.repeat(10_000)], 's'), 9_000],
      [client.query(`SELECT '${'x'.repeat(20_000)}'`), 10_000],
    ] as const) {
      c.feed(TO_SERVER, head.slice(0, head.length - tail));
      expect(c.parser.neededFrom(TO_SERVER)).toBe(c.at(TO_SERVER) + tail);
      c.gap(TO_SERVER, tail);
    }
    c.feed(TO_SERVER, ONE);
    expect(c.messages.map((m) => m.attributes['db.query.text'])).toEqual(['SELECT ?...', 'SELECT ?']);
    expect(c.causes).toEqual([]);
  });

  test('of a text leave what was seen of it', () => {
    const c = start();
    const query = client.query('DELETE FROM orders WHERE id = 4711');
    c.feed(TO_SERVER, query.slice(0, 25));
    c.gap(TO_SERVER, query.length - 25);
    c.feed(TO_SERVER, ONE);
    expect(c.messages.map((m) => m.name)).toEqual(['DELETE orders', 'SELECT']);
    expect(c.causes).toEqual([]);
  });

  test('a statement whose text was lost is run without a name', () => {
    const c = start();
    c.gap(TO_SERVER, 50);
    c.feed(TO_CLIENT, server.parseComplete + server.ready());
    c.feed(TO_SERVER, client.bind([], 's') + client.execute() + client.sync);
    c.feed(TO_CLIENT, server.bindComplete + server.complete('SELECT 0') + server.ready());
    expect(c.of(TO_SERVER).map((m) => m.name)).toEqual(['EXECUTE']);
    expect(c.of(TO_CLIENT).at(-1)).toMatchObject({ kind: 'response', status: 'ok' });
    expect(c.causes).toEqual(['to-server gap']);
  });

  test('the rest of a request is none', () => {
    const c = start();
    const query = client.parse('DELETE FROM a') + client.bind() + client.execute() + client.sync;
    const parse = client.parse('DELETE FROM a').length;
    c.feed(TO_SERVER, query.slice(0, 3));
    c.gap(TO_SERVER, parse - 3);
    c.feed(TO_SERVER, query.slice(parse));
    c.feed(TO_SERVER, client.bind([], 's') + client.execute() + client.sync);
    expect(c.messages.map((m) => m.name)).toEqual(['EXECUTE']);
    expect(c.messages[0]!.start).toBeGreaterThan(1000 + query.length - 1);
  });

  test('the rest of a response is none; the next one is read', () => {
    const c = start();
    c.feed(TO_SERVER, ONE + ONE);
    c.feed(TO_CLIENT, RESULT.slice(0, 3));
    c.gap(TO_CLIENT, 40);
    c.feed(TO_CLIENT, RESULT.slice(43) + RESULT);
    expect(c.of(TO_CLIENT).map((m) => m.start)).toEqual([5000 + RESULT.length]);
    expect(c.causes).toEqual(['to-client gap']);
  });

  test.each([
    ['its command tag', server.complete('SELECT 9000') + server.ready(), 'ok', 9000],
    ['its error', server.error('57014') + server.ready('E'), 'error', undefined],
    ['nothing but its ReadyForQuery', server.ready(), 'unset', undefined],
  ])('of a large result: its end is found by %s', (_, end, status, rows) => {
    const c = start();
    for (const _turn of [1, 2, 3, 4]) {
      c.feed(TO_SERVER, ONE);
      const begin = c.at(TO_CLIENT);
      c.feed(TO_CLIENT, server.columns('a') + server.row('1') + server.row('2').slice(0, 3));
      c.gap(TO_CLIENT, 100_000);
      c.feed(TO_CLIENT, 'text of a row');
      c.gap(TO_CLIENT, 100_000);
      c.feed(TO_CLIENT, `more ${end}`);
      const last = c.of(TO_CLIENT).at(-1)!;
      expect(last).toMatchObject({ start: begin, end: c.at(TO_CLIENT), status });
      expect(last.attributes['db.response.returned_rows']).toBe(rows);
    }
    expect(c.of(TO_CLIENT)).toHaveLength(4);
  });

  test('of a large result, with its end: it is over when the client speaks again', () => {
    const c = start();
    c.feed(TO_SERVER, ONE);
    c.feed(TO_CLIENT, server.columns('a') + server.row('1'));
    c.gap(TO_CLIENT, 100_000);
    const over = c.at(TO_CLIENT);
    c.feed(TO_SERVER, ONE);
    expect(c.of(TO_CLIENT)).toMatchObject([{ start: 5000, end: over, status: 'unset' }]);
    c.feed(TO_CLIENT, RESULT);
    expect(c.of(TO_CLIENT)[1]).toMatchObject({ start: over, status: 'ok' });
  });
});

test('a round whose answers are lost before its Sync is no round of a Sync alone', () => {
  const c = start();
  c.feed(TO_SERVER, client.parse('SELECT 1') + client.bind() + client.execute());
  c.feed(TO_CLIENT, server.parseComplete);
  c.gap(TO_CLIENT, 100);
  c.feed(TO_SERVER, client.sync);
  expect(c.of(TO_SERVER).map((m) => m.name)).toEqual(['SELECT']);
});

describe('out of step', () => {
  test('a connection seen from its middle', () => {
    const c = start();
    c.feed(TO_SERVER, `end of some text\0${client.sync}`);
    c.feed(TO_CLIENT, `\xffend of some row${server.complete('SELECT 9')}${server.ready()}`);
    c.feed(TO_SERVER, client.bind([], 's') + client.execute() + client.sync);
    c.feed(TO_CLIENT, server.bindComplete + server.complete('SELECT 0') + server.ready());
    expect(c.messages.map((m) => [m.kind, m.name])).toEqual([
      ['request', 'EXECUTE'],
      ['response', ''],
    ]);
    expect(c.causes).toEqual(['to-server type', 'to-client type']);
  });

  test.each([
    ['\x01', 'type'],
    ['Q\0\0\0\x04', 'length'],
    ['Q\x7f\0\0\0', 'length'],
    ['S\0\0\0\x05', 'length'],
    ['\0\0\0\x08\0\x02\0\0', 'startup'],
    ['\0\0\0\x03', 'length'],
  ])('request %j', (bad, cause) => {
    const c = start();
    c.feed(TO_SERVER, bad);
    c.feed(TO_SERVER, ONE);
    expect(c.messages.map((m) => m.name)).toEqual(['SELECT']);
    expect(c.causes).toEqual([`to-server ${cause}`]);
  });

  test.each([
    ['\x01', 'type'],
    ['\0\0\0\x08', 'type'],
    ['Z\0\0\0\x06', 'length'],
    ['Z\0\0\0\x05X', 'transaction-status'],
    ['D\x7f\0\0\0', 'length'],
    // As long as nothing has been read, no length that would swallow so much.
    ['D\x10\0\0\0', 'length'],
  ])('response %j', (bad, cause) => {
    const c = start();
    c.feed(TO_CLIENT, bad);
    c.feed(TO_SERVER, ONE);
    c.feed(TO_CLIENT, RESULT);
    expect(c.of(TO_CLIENT)).toMatchObject([{ start: 5000 + bad.length, status: 'ok' }]);
    expect(c.causes).toEqual([`to-client ${cause}`]);
  });

  test('what is cut by the end of the connection is counted', () => {
    const c = start();
    c.feed(TO_SERVER, client.parse('SELECT 1') + client.flush + ONE.slice(0, 9));
    c.finish(TO_SERVER);
    c.feed(TO_CLIENT, RESULT.slice(0, 50));
    c.finish(TO_CLIENT);
    expect(c.messages.every((m) => m.end >= m.start)).toBe(true);
    expect(c.causes).toEqual(['to-server truncated', 'to-client truncated']);
  });

  test('statements and portals are remembered in bounds', () => {
    const c = start();
    for (let i = 0; i < 1000; i++) c.feed(TO_SERVER, client.parse(`SELECT ${i}`, `s${i}`) + client.sync);
    c.feed(TO_SERVER, client.bind([], 's0') + client.execute() + client.sync);
    c.feed(TO_SERVER, client.bind([], 's999') + client.execute() + client.sync);
    expect(c.messages.slice(-2).map((m) => m.name)).toEqual(['EXECUTE', 'SELECT']);
  });
});
