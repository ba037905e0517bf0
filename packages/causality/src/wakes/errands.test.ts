import { describe, expect, test } from 'vitest';
import { type Told, World } from '../testing/world.ts';
import { Errands } from './errands.ts';

const READER = 1;
const W1 = 11;
const W2 = 12;

interface SentCall {
  readonly name: string;
  open: boolean;
  readonly start: number;
  end: number;
}

/** A world whose workers' calls wait for their answers, as in the pipeline. */
class Pool {
  readonly told: string[] = [];
  readonly errands = new Errands<Told, SentCall>(({ name }, request, sure) => {
    this.told.push(`${name} ${request?.name ?? '-'} ${sure}`);
  });
  readonly world = new World([], this.errands);

  call(name: string, tid: number): SentCall {
    const at = this.world.at({ tid, switches: 1 });
    const call = { name, open: true, start: at.time, end: at.time };
    this.errands.called(at, call);
    return call;
  }
}

describe('errands of workers', () => {
  test('what a worker called before it answers was for that request', () => {
    const pool = new Pool();
    const a = pool.world.receives('a', { tid: READER });
    const b = pool.world.receives('b', { tid: READER });
    pool.call('1', W1);
    pool.call('2', W2);
    pool.call('3', W1);
    expect(pool.told).toEqual([]);
    pool.world.completes(b, { tid: W1 });
    pool.world.completes(a, { tid: W2 });
    expect(pool.told).toEqual(['1 b 0.985', '3 b 0.985', '2 a 0.985']);
    expect(pool.errands.size).toBe(0);
  });

  test('a result that is given back to the loop that read the request: the answer tells', () => {
    const pool = new Pool();
    const a = pool.world.receives('a', { tid: READER });
    const b = pool.world.receives('b', { tid: READER });
    pool.world.wakes(READER, W1);
    pool.call('1', W1).open = false;
    pool.world.wakes(W1, READER, { byFile: true, place: 30, switches: 1, wokenSwitches: 5 });
    pool.world.completes(b, { tid: READER, switches: 5 });
    expect(pool.told).toEqual(['1 b 0.98']);
    pool.world.completes(a, { tid: READER, switches: 5 });
    expect(pool.told).toHaveLength(1);
  });

  test('a thread that waits for the result of its own request', () => {
    const pool = new Pool();
    pool.world.receives('a', { tid: READER });
    pool.world.wakes(READER, W1, { place: 70 });
    pool.call('1', W1);
    pool.world.wakes(W1, READER, { place: 71, switches: 1, wokenSwitches: 1 });
    expect(pool.told).toEqual(['1 a 0.985']);
  });

  test('new work before an answer ends it: what was known stands', () => {
    const pool = new Pool();
    pool.world.receives('a', { tid: READER });
    pool.world.wakes(READER, W1);
    pool.call('1', W1);
    pool.world.receives('b', { tid: READER });
    pool.world.wakes(READER, W1, { wokenSwitches: 2 });
    expect(pool.told).toEqual(['1 - 0']);
  });

  test('bounded: an errand that never ends, a worker that is gone, the end of all', () => {
    const pool = new Pool();
    pool.call('1', W1);
    pool.errands.advance(pool.world.time + 4e9);
    expect(pool.told).toEqual([]);
    pool.errands.advance(pool.world.time + 6e9);
    expect(pool.told).toEqual(['1 - 0']);
    pool.world.receives('a', { tid: READER });
    pool.call('2', W2);
    pool.world.engine.threadExited(100, W2);
    pool.call('3', W1);
    pool.errands.flush();
    for (let tid = 0; tid < 20_000; tid++) pool.call('many', tid + 100);
    expect(pool.errands.size).toBeLessThan(10_000);
    expect(pool.told.slice(0, 3)).toEqual(['1 - 0', '2 - 0', '3 - 0']);
  });
});
