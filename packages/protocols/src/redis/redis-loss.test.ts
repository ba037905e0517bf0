import { describe, expect, test } from 'vitest';
import { TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { createFeeder, createRecorder } from '../testing/recorder.ts';
import { createRedisParser } from './parser.ts';

function start(mask = true) {
  const recorder = createRecorder();
  const parser = createRedisParser(recorder, { mask });
  return { ...recorder, parser, ...createFeeder(parser) };
}
const GET = '*2\r\n$3\r\nGET\r\n$1\r\nk\r\n';
const SET_1000 = '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\n';

describe('missing bytes', () => {
  test('within an argument they lose its text only', () => {
    const c = start(false);
    c.feed(TO_SERVER, `${SET_1000}abc`);
    c.gap(TO_SERVER, 900);
    expect(c.parser.neededFrom(TO_SERVER)).toBe(c.at(TO_SERVER) + 99);
    c.gap(TO_SERVER, 99);
    c.feed(TO_SERVER, GET);
    expect(c.messages.map((m) => m.attributes['db.query.text'])).toEqual(['SET k abc...', 'GET k']);
    expect(c.causes).toEqual([]);
  });

  test('masked, nothing of a value is needed', () => {
    const c = start();
    c.feed(TO_SERVER, `*4\r\n$4\r\nMSET\r\n$1\r\nk\r\n$1\r\nv\r\n$5000\r\n`);
    expect(c.parser.neededFrom(TO_SERVER)).toBe(c.at(TO_SERVER) + 5002);
    c.gap(TO_SERVER, 5002);
    c.feed(TO_SERVER, GET);
    expect(c.messages.map((m) => m.name)).toEqual(['MSET', 'GET']);
    expect(c.causes).toEqual([]);
  });

  test('within a bulk of a reply', () => {
    const c = start();
    c.feed(TO_SERVER, GET + GET);
    c.feed(TO_CLIENT, '*2\r\n$100000\r\nabc');
    expect(c.parser.neededFrom(TO_CLIENT)).toBe(c.at(TO_CLIENT) + 99_999);
    c.gap(TO_CLIENT, 99_999);
    c.feed(TO_CLIENT, ':1\r\n$2\r\n');
    c.gap(TO_CLIENT, 2);
    c.feed(TO_CLIENT, '\r\n');
    expect(c.of(TO_CLIENT).map((m) => m.kind)).toEqual(['response', 'response']);
    expect(c.of(TO_CLIENT).every((m) => m.end > m.start)).toBe(true);
    expect(c.causes).toEqual([]);
  });

  test('elsewhere in a request: its command stays known, the next is read', () => {
    const c = start();
    c.feed(TO_SERVER, '*3\r\n$3\r\nSET\r\n$1');
    c.gap(TO_SERVER, 10);
    c.feed(TO_SERVER, `lue\r\n${GET}`);
    c.feed(TO_SERVER, GET);
    expect(c.messages.map((m) => m.name)).toEqual(['SET', 'GET', 'GET']);
    expect(c.messages.every((m) => m.end > m.start)).toBe(true);
    expect(c.causes).toEqual(['to-server gap']);
  });

  test('between replies', () => {
    const c = start();
    c.feed(TO_SERVER, GET + GET);
    c.gap(TO_CLIENT, 10);
    c.feed(TO_SERVER, GET);
    c.feed(TO_CLIENT, '$1\r\nv\r\n');
    expect(c.of(TO_CLIENT)).toHaveLength(1);
    expect(c.causes).toEqual(['to-client gap']);
  });

  test('within an array: its other elements are not taken for replies', () => {
    const c = start();
    c.feed(TO_SERVER, GET);
    c.feed(TO_CLIENT, '*5\r\n$1\r\na\r\n');
    c.gap(TO_CLIENT, 9);
    c.feed(TO_CLIENT, '$1\r\nc\r\n');
    c.feed(TO_CLIENT, '$1\r\nd\r\n$1\r\ne\r\n');
    expect(c.of(TO_CLIENT)).toHaveLength(1);
    c.feed(TO_SERVER, GET);
    c.feed(TO_CLIENT, '$1\r\nv\r\n');
    expect(c.of(TO_CLIENT)).toHaveLength(2);
    expect(c.of(TO_CLIENT)[1]!.start).toBe(c.at(TO_CLIENT) - 7);
    expect(c.causes).toEqual(['to-client gap']);
  });

  test('with requests unseen, replies are believed again after some reads', () => {
    const c = start();
    c.feed(TO_CLIENT, '*5\r\n$1\r\na\r\n');
    c.gap(TO_CLIENT, 9);
    for (let i = 0; i < 10; i++) c.feed(TO_CLIENT, '$1\r\nv\r\n');
    expect(c.of(TO_CLIENT)).toHaveLength(1 + 6);
  });
});

describe('out of step', () => {
  test('a connection seen from its middle', () => {
    const c = start();
    c.feed(TO_SERVER, 'end of a value\r\n');
    c.feed(TO_CLIENT, 'lue\r\n');
    c.feed(TO_SERVER, GET);
    c.feed(TO_CLIENT, '$1\r\nv\r\n');
    expect(c.messages.map((m) => m.kind)).toEqual(['request', 'response']);
    expect(c.causes).toEqual(['to-server inline', 'to-client type']);
  });

  test.each([
    ['\x00\x01', 'type'],
    ['*1x\r\n', 'count'],
    ['*99999999999\r\n', 'count'],
    ['*2\r\n:1\r\n', 'argument'],
    ['*1\r\n$-5\r\n', 'length'],
    ['*1\r\n$99999999999\r\n', 'length'],
    ['*1\r\n$4\r\nPINGxx', 'argument-end'],
    ['GET / HTTP/1.1\x01\r\n', 'inline'],
    ['Host: a\r\n', 'inline'],
  ])('request %j', (bad, cause) => {
    const c = start();
    c.feed(TO_SERVER, bad);
    c.feed(TO_SERVER, GET);
    c.feed(TO_SERVER, 'PING\r\n');
    expect(c.messages.map((m) => m.name)).toEqual(['GET', 'PING']);
    expect(c.causes).toEqual([`to-server ${cause}`]);
  });

  test.each([
    ['HTTP/1.1 200\r\n', 'type'],
    ['$5x\r\n', 'size'],
    ['$-2\r\n', 'size'],
    ['%-1\r\n', 'size'],
    ['*99999999999\r\n', 'size'],
    ['$1\r\nab\r\n', 'bulk-end'],
    [':12a\r\n', 'line'],
    ['+a\nb\r\n', 'line'],
    [`+${'x'.repeat(70_000)}`, 'line'],
    ['*1\r\n'.repeat(1000), 'depth'],
  ])('reply %j', (bad, cause) => {
    const c = start();
    c.feed(TO_SERVER, GET);
    c.feed(TO_CLIENT, bad);
    c.feed(TO_SERVER, GET);
    c.feed(TO_CLIENT, '$1\r\nv\r\n');
    const last = c.of(TO_CLIENT).at(-1)!;
    expect(last.end).toBe(c.at(TO_CLIENT));
    expect(last.start).toBe(c.at(TO_CLIENT) - 7);
    expect(c.messages.every((m) => m.end >= m.start)).toBe(true);
    expect(c.causes).toEqual([`to-client ${cause}`]);
  });

  test('a lost inline connection goes on with a known command', () => {
    const c = start();
    c.feed(TO_SERVER, 'PING\r\n');
    c.feed(TO_SERVER, '\x00');
    c.feed(TO_SERVER, 'binary get\r\n');
    c.feed(TO_SERVER, 'GET k\r\n');
    expect(c.messages.map((m) => m.name)).toEqual(['PING', 'GET']);
  });

  test('a command cut by the end of the connection is counted', () => {
    const c = start();
    c.feed(TO_SERVER, '*1\r\n$4\r\nPI');
    c.finish(TO_SERVER);
    c.feed(TO_CLIENT, '*2\r\n:1\r\n');
    c.finish(TO_CLIENT);
    expect(c.of(TO_SERVER)).toHaveLength(0);
    expect(c.of(TO_CLIENT)[0]!.end).toBe(c.at(TO_CLIENT));
    expect(c.causes).toEqual(['to-server truncated', 'to-client truncated']);
  });
});
