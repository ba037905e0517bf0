import { expect, test } from 'vitest';
import { TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { createFeeder, createRecorder } from '../testing/recorder.ts';
import { opaque } from './index.ts';

function start() {
  const recorder = createRecorder();
  const parser = opaque.createParser(recorder, { mask: true });
  return { ...recorder, parser, ...createFeeder(parser) };
}

test('turns of request and answer', () => {
  const c = start();
  c.feed(TO_SERVER, 'abc');
  c.feed(TO_SERVER, 'de');
  c.gap(TO_SERVER, 100);
  expect(c.messages[0]!.end).toBe(-1);
  c.gap(TO_CLIENT, 5);
  expect(c.messages[0]!.end).toBe(1105);
  c.feed(TO_CLIENT, 'x');
  c.feed(TO_SERVER, 'next');
  c.feed(TO_CLIENT, 'y');
  c.finish(TO_SERVER);
  c.finish(TO_CLIENT);
  expect(c.messages).toMatchObject([
    {
      kind: 'request',
      name: 'opaque',
      start: 1000,
      end: 1105,
      attributes: { 'weft.opaque': true, 'weft.request.size': 105 },
    },
    {
      kind: 'response',
      name: '',
      status: 'ok',
      start: 5000,
      end: 5006,
      attributes: { 'weft.response.size': 6 },
    },
    { kind: 'request', start: 1105, end: 1109 },
    { kind: 'response', start: 5006, end: 5007 },
  ]);
});

test('a server that speaks first sends a one-way message', () => {
  const c = start();
  c.feed(TO_CLIENT, '220 welcome');
  c.feed(TO_SERVER, 'HELO');
  c.feed(TO_CLIENT, '250');
  c.finish(TO_CLIENT);
  expect(c.messages.map((m) => [m.kind, m.name, m.end - m.start])).toEqual([
    ['one-way', 'opaque', 11],
    ['request', 'opaque', 4],
    ['response', '', 3],
  ]);
});

test('a client that closes its side is still answered', () => {
  const c = start();
  c.feed(TO_SERVER, 'all');
  c.finish(TO_SERVER);
  expect(c.messages[0]!.end).toBe(1003);
  c.feed(TO_CLIENT, 'answer');
  c.finish(TO_CLIENT);
  expect(c.messages.map((m) => [m.kind, m.end])).toEqual([
    ['request', 1003],
    ['response', 5006],
  ]);
});

test('an unanswered request ends with the connection, a response may come first', () => {
  const c = start();
  c.feed(TO_CLIENT, 'early');
  c.feed(TO_SERVER, 'ask');
  c.finish(TO_CLIENT);
  c.finish(TO_SERVER);
  expect(c.messages.map((m) => m.end)).toEqual([5005, 1003]);
  expect(c.parser.neededFrom(TO_SERVER)).toBe(1003);
});
