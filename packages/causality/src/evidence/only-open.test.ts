import { expect, test } from 'vitest';
import { chosen, World } from '../testing/world.ts';

/** A thread that reads requests and one that takes its work from it. */
const [READER, WORKER] = [{ tid: 5 }, { tid: 9 }];

test('a worker works for the request that is open alone', () => {
  const world = new World();
  const a = world.receives('a', READER);
  expect(chosen(world.calls(WORKER))).toBe('a inferred');
  world.receives('b', READER);
  expect(chosen(world.calls(WORKER))).toBeNull();
  world.answers(a, WORKER);
  expect(chosen(world.calls(WORKER))).toBe('b inferred');
});

test('a thread that also calls while nothing is served has business of its own, until it seldom does', () => {
  const world = new World();
  world.calls(WORKER);
  const a = world.receives('a', READER);
  const causes = Array.from({ length: 12 }, () => chosen(world.calls(WORKER)));
  expect(causes.slice(0, 9)).toEqual(Array(9).fill(null));
  expect(causes.at(-1)).toBe('a inferred');
  world.answers(a, READER);
});

test('to connect is no call: a pool of connections may be filled before anybody asks', () => {
  const world = new World();
  world.engine.connecting(80, world.at(WORKER));
  world.receives('a', READER);
  expect(chosen(world.calls(WORKER))).toBe('a inferred');
});

test('who reads requests takes no work from others', () => {
  const world = new World();
  world.answers(world.receives('done', WORKER), WORKER);
  world.receives('a', READER);
  expect(chosen(world.calls({ ...WORKER, switches: 3 }))).toBeNull();
});

test('a worker that reads an answer goes on for that request, less surely where others wait too', () => {
  const world = new World();
  const a = world.receives('a', READER);
  world.returns(a, WORKER);
  expect(world.calls(WORKER)[0]?.confidence).toBe(0.999);
  world.receives('b', READER);
  expect(world.calls(WORKER)[0]?.confidence).toBe(0.9);
  expect(world.calls({ ...WORKER, switches: 1 })[0]?.confidence).toBe(0.7);
});
