import { describe, expect, test } from 'vitest';
import type { CarriedRequestId } from '../facts.ts';
import { chosen, World } from '../testing/world.ts';

const id = (hash: string, specific = true): CarriedRequestId => ({ name: 'x-request-id', hash, specific });

/** Three requests on one thread pool's threads, calls by another thread that serves nothing. */
function pool(ids: readonly (readonly CarriedRequestId[] | undefined)[], without = false) {
  const world = new World(without ? ['carried-id'] : []);
  const requests = ids.map((of, i) => world.receives(`r${i}`, { tid: 10 + i }, null, of));
  return { world, requests };
}

describe('carried ids', () => {
  test('a call goes with the one request that has its id, whichever thread makes it', () => {
    const { world } = pool([[id('a')], [id('b'), id('c')], undefined]);
    const candidates = world.calls({ tid: 99, requestIds: [id('c')] });
    expect(chosen(candidates)).toBe('r1 carried-id');
    expect(candidates[0]?.confidence).toBe(0.988);
    expect(candidates[0]?.evidence[0]?.key).toBe('x-request-id #c');
    expect(chosen(world.calls({ tid: 99, requestIds: [id('d')] }))).toBeNull();
    expect(chosen(world.calls({ tid: 99 }))).toBeNull();
  });

  test('an id that several have is no certainty, nor is one that is easily drawn again', () => {
    const shared = pool([[id('a')], [id('a')]]).world.calls({ tid: 99, requestIds: [id('a')] });
    expect(shared).toHaveLength(2);
    for (const { confidence } of shared) expect(confidence).toBeLessThan(0.5);
    const vague = pool([[id('a', false)]]).world.calls({ tid: 99, requestIds: [id('a', false)] });
    expect(vague[0]?.confidence).toBe(0.7);
  });

  test('what the thread itself does outweighs it where many share an id', () => {
    const { world } = pool([[id('a')], [id('a')]]);
    expect(chosen(world.calls({ tid: 11, requestIds: [id('a')] }))).toBe('r1 unit');
  });

  test('one that only one request has outweighs the context of an event loop, but not a thread that serves one request', () => {
    const world = new World();
    world.receives('r0', { tid: 10 }, null, [id('a')]);
    world.receives('r1', { tid: 10 }, null, [id('b')]);
    expect(chosen(world.calls({ tid: 10, requestIds: [id('a')] }))).toBe('r0 carried-id');
    const { world: threads } = pool([[id('a')], [id('b')]]);
    expect(chosen(threads.calls({ tid: 11, requestIds: [id('a')] }))).toBe('r1 unit');
  });

  test('a request that is answered is no candidate, and the kind can be switched off', () => {
    const { world, requests } = pool([[id('a')], undefined]);
    world.answers(requests[0]!, { tid: 10 });
    expect(chosen(world.calls({ tid: 99, requestIds: [id('a')] }))).toBeNull();
    expect(pool([[id('a')]], true).world.calls({ tid: 99, requestIds: [id('a')] })).toEqual([]);
  });
});
