import { describe, expect, test } from 'vitest';
import { chosen, World } from '../testing/world.ts';

/** Threads of the stories: one reads requests, others work. */
const READER = 1;
const W1 = 11;
const W2 = 12;
const W3 = 13;

describe('a pool with idle workers', () => {
  test('the worker works for what was read by who woke it', () => {
    const world = new World();
    const a = world.receives('a', { tid: READER });
    world.wakes(READER, W1);
    const b = world.receives('b', { tid: READER });
    world.wakes(READER, W2);
    const causes = world.calls({ tid: W1, switches: 1 });
    expect(chosen(causes)).toBe('a wakeup');
    expect(causes[0]!.evidence[0]!.key).toBe('thread 11, woken by 1, read');
    expect(causes[0]!.confidence).toBeGreaterThan(0.9);
    world.engine.callSent(a, world.at({ tid: W1, switches: 1 }));
    expect(world.makes({ tid: W2, switches: 1 })).toBe('b wakeup');
    world.completes(a, { tid: W1, switches: 2 });
    world.completes(b, { tid: W2, switches: 2 });
  });

  test('what counts is what the waker worked for then, not what it has read since', () => {
    const world = new World();
    world.receives('a', { tid: READER });
    world.wakes(READER, W1);
    world.receives('b', { tid: READER });
    expect(world.makes({ tid: W1, switches: 1 })).toBe('a wakeup');
  });

  test('it holds until the worker answers, whatever it waits for in between', () => {
    const world = new World();
    const a = world.receives('a', { tid: READER });
    world.wakes(READER, W1);
    expect(world.makes({ tid: W1, switches: 1 })).toBe('a wakeup');
    expect(world.makes({ tid: W1, switches: 3 })).toBe('a wakeup');
    world.receives('b', { tid: READER });
    world.completes(a, { tid: W1, switches: 3 });
    // It has slept since, and nobody has woken it: nothing is known.
    expect(chosen(world.calls({ tid: W3, switches: 9 }))).toBeNull();
  });

  test('a lock does not take a worker from its request', () => {
    const world = new World();
    const a = world.receives('a', { tid: READER });
    world.wakes(READER, W1);
    world.makes({ tid: W1, switches: 1 });
    world.returns(a, { tid: W1, switches: 2 });
    world.receives('b', { tid: READER });
    world.wakes(READER, W2);
    world.makes({ tid: W2, switches: 1 });
    // The second worker gives a lock free for which the first one waits.
    world.wakes(W2, W1, { wokenSwitches: 3, place: 99 });
    expect(chosen(world.calls({ tid: W1, switches: 3 }))).toBe('a socket-return');
  });

  test('a lock for which readers wait too hands nothing over', () => {
    const world = new World();
    world.receives('a', { tid: READER });
    world.wakes(W2, READER, { place: 99 });
    world.wakes(READER, W1, { place: 99 });
    const [best] = world.calls({ tid: W1, switches: 1 });
    expect(best?.evidence[0]?.key).toBe('thread 11, woken by 1, working');
  });

  test('who finds more in the queue than it takes calls the next worker, for what was read next', () => {
    const world = new World();
    const first = world.receives('first', { tid: READER });
    world.wakes(READER, W3);
    world.makes({ tid: W3, switches: 1 });
    world.completes(first, { tid: W3, switches: 2 });
    world.receives('a', { tid: READER });
    world.wakes(READER, W1);
    world.receives('b', { tid: READER });
    world.wakes(W1, W2, { switches: 1 });
    expect(world.makes({ tid: W2, switches: 1 })).toBe('b wakeup');
    expect(world.makes({ tid: W1, switches: 1 })).toBe('a wakeup');
  });

  test('of many that were woken for one request, one takes it', () => {
    const world = new World();
    const a = world.receives('a', { tid: READER });
    for (const tid of [W1, W2, W3]) world.wakes(READER, tid, { most: 1 << 30, place: 7 });
    expect(world.makes({ tid: W2, switches: 1 })).toBe('a wakeup');
    expect(chosen(world.calls({ tid: W1, switches: 1 }))).toBeNull();
    world.completes(a, { tid: W2, switches: 1 });
    expect(chosen(world.calls({ tid: W3, switches: 1 }))).toBeNull();
  });

  test('goroutines are told by their own kind', () => {
    const world = new World();
    world.receives('a', { tid: READER });
    world.wakes(READER, W1);
    const causes = world.calls({ tid: W1, goid: 5, switches: 1 });
    expect(causes.flatMap(({ evidence }) => evidence.map(({ kind }) => kind))).toEqual(['inferred']);
  });

  test('switched off, nothing of it is left', () => {
    const world = new World(['wakeup']);
    world.receives('a', { tid: READER });
    world.wakes(READER, W1);
    const causes = world.calls({ tid: W1, switches: 1 });
    expect(causes.flatMap(({ evidence }) => evidence.map(({ kind }) => kind))).not.toContain('wakeup');
  });
});

describe('a pool that is busy', () => {
  /** A worker that is known, and has just answered; its next request waits already. */
  function backlog(): World {
    const world = new World();
    const a = world.receives('a', { tid: READER });
    world.wakes(READER, W1);
    world.makes({ tid: W1, switches: 1 });
    world.receives('b', { tid: READER });
    world.receives('c', { tid: READER });
    world.completes(a, { tid: W1, switches: 2 });
    return world;
  }

  test('the worker that has answered is not taken to go on with the same request', () => {
    const [best, ...others] = backlog().calls({ tid: W1, switches: 2 });
    expect(best?.request.name).toBe('b');
    for (const { request, confidence } of others) {
      if (request.name === 'a') expect(confidence).toBeLessThan(0.5);
    }
  });

  test('it takes what waits for longest, as long as that turns out to be right', () => {
    const world = new World();
    let last = world.receives('0', { tid: READER });
    world.wakes(READER, W1);
    world.makes({ tid: W1, switches: 1 });
    for (let i = 1; i < 40; i++) {
      // Two wait, and the later one is taken: a stack, not a queue.
      const early = world.receives(`${i}`, { tid: READER });
      const late = world.receives(`${i}'`, { tid: READER });
      world.completes(last, { tid: W1, switches: 2 });
      const chance = chosen(world.calls({ tid: W1, switches: 2 }));
      if (i > 30) expect(chance).toBeNull();
      world.completes(late, { tid: W1, switches: 2 });
      last = early;
    }
  });
});

describe('loops', () => {
  const LOOP = 21;

  test('a loop that is woken to do something for another thread does it for whom that works', () => {
    const world = new World();
    world.receives('a', { tid: READER });
    world.wakes(READER, LOOP, { byFile: true, place: 30 });
    expect(world.makes({ tid: LOOP, switches: 1 })).toBe('a wakeup');
    // Once: what it sends next is somebody else's, or nobody knows whose.
    const worker = world.receives('b', { tid: 2 });
    world.wakes(2, LOOP, { byFile: true, place: 30, wokenSwitches: 2 });
    expect(world.makes({ tid: LOOP, switches: 2 })).toBe('b wakeup');
    world.completes(worker, { tid: 2 });
  });

  test('the main loop may go on with what its pool was asked to do', () => {
    const world = new World();
    world.receives('a', { tid: READER, switches: 1 });
    world.wakes(READER, W1, { switches: 1 });
    world.receives('b', { tid: READER, switches: 1 });
    world.wakes(W1, READER, { byFile: true, place: 30, switches: 1, wokenSwitches: 2 });
    const causes = world.calls({ tid: READER, switches: 2 });
    expect(causes.map(({ request }) => request.name).sort()).toEqual(['a', 'b']);
    expect(causes.find(({ request }) => request.name === 'a')!.evidence[0]!.kind).toBe('wakeup');
  });
});
