import { describe, expect, test } from 'vitest';
import { TO_CLIENT, TO_SERVER } from '../protocol.ts';
import * as wire from '../testing/mysql.ts';
import { createFeeder, createRecorder } from '../testing/recorder.ts';
import { createMysqlParser } from './parser.ts';

function start() {
  const recorder = createRecorder();
  const parser = createMysqlParser(recorder, { mask: true });
  return { ...recorder, parser, ...createFeeder(parser) };
}

const ONE = wire.query('SELECT c FROM t');
const RESULT = wire.packets(...wire.resultSet(['a', 'b', 'c'], true));
const summary = (messages: ReturnType<typeof start>['messages']) =>
  messages.map((m) => `${m.kind} ${m.name || m.status}`);

describe('a connection first seen in its middle', () => {
  test.each([
    ['an EOF behind each kind of definitions', [wire.COLUMN, wire.EOF, wire.COLUMN, wire.EOF]],
    ['no EOF behind definitions', [wire.COLUMN, wire.COLUMN]],
  ])('whether there are EOF packets is learnt: %s', (_, definitions) => {
    const c = start();
    c.feed(TO_SERVER, wire.prepare('SELECT c FROM t WHERE c = ?'));
    c.feed(TO_CLIENT, wire.packets(wire.prepared(7, 1, 1), ...definitions));
    const end = c.at(TO_CLIENT);
    c.feed(TO_SERVER, wire.execute(7));
    c.feed(TO_CLIENT, RESULT);
    expect(summary(c.messages)).toEqual([
      'request PREPARE SELECT t',
      'response ok',
      'request SELECT t',
      'response ok',
    ]);
    expect(c.messages[1]?.end).toBe(end);
    expect(c.causes).toEqual([]);
  });

  test('at rows that nobody was seen to ask for', () => {
    const c = start();
    c.feed(TO_CLIENT, RESULT.slice(60));
    c.feed(TO_SERVER, ONE);
    c.feed(TO_CLIENT, RESULT);
    expect(summary(c.messages)).toEqual(['request SELECT t', 'response ok']);
    expect(c.causes).toHaveLength(1);
  });

  test('an execution whose statement was not seen is called by no guess', () => {
    const c = start();
    c.feed(TO_SERVER, wire.execute(3));
    c.feed(TO_SERVER, wire.execute(-1));
    expect(summary(c.messages)).toEqual(['request EXECUTE', 'request EXECUTE']);
  });

  test('a response before its request', () => {
    const c = start();
    c.feed(TO_CLIENT, wire.packets(wire.prepared(7, 1, 0), wire.COLUMN, wire.EOF));
    c.feed(TO_CLIENT, RESULT);
    c.feed(TO_SERVER, wire.prepare('SELECT c FROM t'));
    c.feed(TO_SERVER, wire.execute(7));
    expect(summary(c.messages)).toEqual([
      'response ok',
      'response ok',
      'request PREPARE SELECT t',
      'request EXECUTE',
    ]);
    expect(c.causes).toEqual([]);
  });
});

describe('missing bytes', () => {
  test('of a result: it is over when the client speaks again, and its rows were not counted', () => {
    const c = start();
    for (let i = 0; i < 2; i++) {
      c.feed(TO_SERVER, ONE);
      const begin = c.at(TO_CLIENT);
      c.feed(TO_CLIENT, RESULT.slice(0, 60));
      c.gap(TO_CLIENT, 50_000);
      c.feed(TO_CLIENT, RESULT);
      const end = c.at(TO_CLIENT);
      c.feed(TO_SERVER, wire.packet(0, '\x0e'));
      c.feed(TO_CLIENT, wire.packets(wire.OK));
      expect(c.of(TO_CLIENT).at(-2)).toMatchObject({ start: begin, end, status: 'ok', attributes: {} });
    }
    expect(summary(c.messages).slice(-4)).toEqual([
      'request SELECT t',
      'response ok',
      'request PING',
      'response ok',
    ]);
    expect(c.causes).toEqual([]);
  });

  test('of a result behind which others were asked for: it is given up', () => {
    const c = start();
    c.feed(TO_SERVER, ONE + ONE);
    c.feed(TO_CLIENT, RESULT.slice(0, 60));
    c.gap(TO_CLIENT, 100);
    c.feed(TO_CLIENT, RESULT);
    c.feed(TO_SERVER, ONE);
    c.feed(TO_CLIENT, RESULT);
    expect(summary(c.of(TO_CLIENT))).toEqual(['response ok', 'response ok']);
    expect(c.causes).toEqual(['to-client gap']);
  });

  test('of a text: the request is named by what was seen of it', () => {
    const c = start();
    const text = wire.query(`SELECT c FROM t WHERE c IN (${'1, '.repeat(100)}2)`);
    c.feed(TO_SERVER, text.slice(0, 60));
    c.gap(TO_SERVER, 100);
    c.feed(TO_SERVER, text.slice(160));
    c.feed(TO_CLIENT, RESULT);
    expect(summary(c.messages)).toEqual(['request SELECT t', 'response ok']);
    expect(c.causes).toEqual([]);
  });

  test('of a prepare: what is executed next is not taken for the statement before', () => {
    const c = start();
    c.feed(TO_SERVER, wire.prepare('SELECT c FROM t'));
    c.gap(TO_SERVER, 30);
    c.feed(TO_SERVER, wire.execute(-1));
    expect(summary(c.messages)).toEqual(['request PREPARE SELECT t', 'request EXECUTE']);
  });
});

test.each([
  ['a command that there is not', TO_SERVER, '\x05\x00\x00\x00\x7ftext', 'command'],
  ['a packet of nothing', TO_SERVER, '\x00\x00\x00\x00', 'length'],
  ['a command of the wrong length', TO_SERVER, '\x09\x00\x00\x00\x0e12345678', 'command'],
  ['text', TO_CLIENT, 'HTTP/1.1 200 OK\r\n', 'sequence'],
  ['a first packet that means nothing', TO_CLIENT, '\x06\x00\x00\x01\xf0abcde', 'response'],
] as const)('%s is counted, and the next good message is read', (_, side, bytes, cause) => {
  const c = start();
  c.feed(TO_SERVER, ONE);
  if (side === TO_SERVER) c.feed(TO_CLIENT, RESULT);
  c.feed(side, bytes);
  c.feed(TO_SERVER, ONE);
  c.feed(TO_CLIENT, RESULT);
  expect(summary(c.messages).slice(-2)).toEqual(['request SELECT t', 'response ok']);
  expect(c.causes.map((text) => text.split(' ')[1])).toEqual([cause]);
});
