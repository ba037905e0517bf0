import { EVIDENCE_KINDS } from '@weft/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chosen, type Told, type Who, World } from './testing/world.ts';

describe('a blocking thread', () => {
  test('every call it makes while serving is for its request, however long it waited', () => {
    const world = new World();
    world.receives('a', { tid: 7, switches: 1 });
    expect(chosen(world.calls({ tid: 7, switches: 1 }))).toBe('a unit');
    expect(world.calls({ tid: 7, switches: 1 })[0]).toMatchObject({
      confidence: 0.999,
      evidence: [{ kind: 'unit', key: 'thread 7', confidence: 0.999 }],
    });
    expect(world.calls({ tid: 7, switches: 50 })[0]!.confidence).toBeLessThan(0.99);
    expect(chosen(world.calls({ tid: 7, switches: 50 }))).toBe('a unit');
  });

  test('a second call keeps the context of the first: its answer changes nothing', () => {
    const world = new World();
    const a = world.receives('a', { tid: 7 });
    world.calls({ tid: 7 });
    world.returns(a, { tid: 7, switches: 1 });
    expect(chosen(world.calls({ tid: 7, switches: 1 }))).toBe('a socket-return');
    world.returns(null, { tid: 7, switches: 2 });
    expect(chosen(world.calls({ tid: 7, switches: 2 }))).toBe('a socket-return');
  });

  test('each thread has its own', () => {
    const world = new World();
    world.receives('a', { tid: 7 });
    world.receives('b', { tid: 8 });
    expect(chosen(world.calls({ tid: 8 }))).toBe('b unit');
    expect(chosen(world.calls({ tid: 7 }))).toBe('a unit');
    expect(world.calls({ tid: 9 })).toEqual([]);
  });

  test('an answered request is no cause any more, but for what the handler still does without sleeping', () => {
    const world = new World();
    const a = world.receives('a', { tid: 7, switches: 3 });
    world.answers(a, { tid: 7, switches: 3 });
    const left = world.calls({ tid: 7, switches: 3 });
    expect(chosen(left)).toBe('a unit');
    expect(left[0]!.confidence).toBeLessThan(0.7);
    expect(world.calls({ tid: 7, switches: 4 })).toEqual([]);
  });

  test('the next request on the thread takes its place', () => {
    const world = new World();
    const a = world.receives('a', { tid: 7 });
    world.answers(a, { tid: 7 });
    world.receives('b', { tid: 7, switches: 1 });
    expect(chosen(world.calls({ tid: 7, switches: 1 }))).toBe('b unit');
    expect(world.calls({ tid: 7, switches: 1 })[0]!.confidence).toBe(0.999);
  });
});

describe('an event loop', () => {
  test('interleaved requests: the one whose bytes were read last', () => {
    const world = new World();
    const a = world.receives('a', { switches: 1 });
    expect(chosen(world.calls({ switches: 1 }))).toBe('a unit');
    const b = world.receives('b', { switches: 2 });
    expect(chosen(world.calls({ switches: 2 }))).toBe('b unit');
    world.returns(a, { switches: 3 });
    expect(chosen(world.calls({ switches: 3 }))).toBe('a socket-return');
    expect(chosen(world.calls({ switches: 3 }))).toBe('a socket-return');
    world.returns(b, { switches: 4 });
    expect(chosen(world.calls({ switches: 4 }))).toBe('b socket-return');
  });

  test('more bytes of a request’s body restore it', () => {
    const world = new World();
    const a = world.receives('a');
    world.receives('b');
    world.engine.requestRead(a, world.at({}));
    expect(chosen(world.calls())).toBe('a unit');
  });

  test('writing a response restores its request', () => {
    const world = new World();
    const a = world.receives('a');
    world.receives('b');
    world.engine.responseWritten(a, world.at({}));
    expect(chosen(world.calls())).toBe('a unit');
  });

  test('an answer for nobody known leaves no context: it is not the last request’s', () => {
    const world = new World();
    world.receives('a');
    world.receives('b');
    world.returns(null);
    expect(world.calls()).toEqual([]);
  });

  test('after it slept nobody is certain: a timer may have fired', () => {
    const world = new World();
    world.receives('a', { switches: 1 });
    world.receives('b', { switches: 1 });
    expect(world.calls({ switches: 1 })[0]!.confidence).toBe(0.98);
    expect(world.calls({ switches: 2 })[0]!.confidence).toBe(0.7);
    for (const switches of [1, 2]) expect(world.calls({ switches })[0]!.confidence).toBeLessThan(0.99);
  });

  test('once one request alone is left open it is like a blocking thread', () => {
    const world = new World();
    const a = world.receives('a', { switches: 1 });
    const b = world.receives('b', { switches: 1 });
    expect(world.calls({ switches: 2 })[0]!.confidence).toBe(0.7);
    world.answers(a, { switches: 2 });
    world.engine.requestRead(b, world.at({ switches: 3 }));
    expect(world.calls({ switches: 3 })[0]!.confidence).toBe(0.999);
    expect(world.calls({ switches: 9 })[0]!.confidence).toBe(0.98);
  });

  test('a new socket’s first request leaves when the socket is ready: whoever connected made it', () => {
    const world = new World();
    const a = world.receives('a', { switches: 1 });
    world.engine.connecting(77, world.at({ switches: 1 }));
    world.receives('b', { switches: 2 });
    const call = world.calls({ socket: 77, first: true, switches: 2 });
    expect(chosen(call)).toBe('a socket-origin');
    expect(call.map((candidate) => [candidate.request.name, candidate.confidence])).toEqual([
      ['a', 0.985],
      ['b', 0.3],
    ]);
    // Kept alive, it is a socket like any other.
    world.returns(a, { switches: 3 });
    expect(chosen(world.calls({ socket: 77, switches: 3 }))).toBe('a socket-return');
  });

  test('a new socket that nobody was seen to connect: candidates, no parent', () => {
    const world = new World();
    world.receives('a');
    world.receives('b');
    const call = world.calls({ socket: 78, first: true });
    expect(call).toHaveLength(1);
    expect(chosen(call)).toBeNull();
  });

  test('connecting without a known cause is remembered as nobody’s', () => {
    const world = new World();
    world.engine.connecting(79, world.at({}));
    world.receives('a');
    world.receives('b');
    expect(chosen(world.calls({ socket: 79, first: true }))).toBeNull();
  });

  test('the socket’s origin is over when the socket is gone, or its request answered', () => {
    const world = new World();
    const a = world.receives('a', { tid: 5 });
    world.receives('b', { tid: 5 });
    world.receives('c', { tid: 5 });
    world.engine.requestRead(a, world.at({ tid: 5 }));
    world.engine.connecting(80, world.at({ tid: 5 }));
    world.engine.connecting(81, world.at({ tid: 5 }));
    world.engine.socketClosed(80);
    expect(world.calls({ tid: 6, socket: 80, first: true })).toEqual([]);
    world.answers(a, { tid: 5 });
    expect(world.calls({ tid: 6, socket: 81, first: true })).toEqual([]);
  });
});

describe('an event loop that reads all that is ready and then acts in that order', () => {
  /** A world in which the loop has been seen to answer in the order of reading, one call a request. */
  function orderly(): World {
    const world = new World();
    for (let round = 1; round <= 5; round++) {
      const [a, b] = [
        world.receives('warm', { switches: round }),
        world.receives('warm', { switches: round }),
      ];
      for (const request of [a, b]) {
        world.engine.callSent(request, world.at({ switches: round }));
        world.returns(request, { switches: round });
      }
      world.answers(a, { switches: round });
      world.answers(b, { switches: round });
    }
    return world;
  }
  const calls = (world: World, switches: number) => {
    const found = world.calls({ switches });
    if (found[0] !== undefined) world.engine.callSent(found[0].request, world.at({ switches }));
    return chosen(found);
  };

  test('each of several requests makes its own call', () => {
    const world = orderly();
    for (const name of ['a', 'b', 'c']) world.receives(name, { switches: 9 });
    expect([calls(world, 9), calls(world, 9), calls(world, 9)]).toEqual(['a unit', 'b unit', 'c unit']);
  });

  test('one whose answer has come makes no other call, as none of its kind does', () => {
    const world = orderly();
    const a = world.receives('a', { switches: 8 });
    calls(world, 8);
    world.returns(a, { switches: 9 });
    world.receives('b', { switches: 9 });
    expect(calls(world, 9)).toBe('b unit');
  });

  test('an answer passes over those that were read before its request', () => {
    const world = orderly();
    world.receives('a', { switches: 9 });
    const b = world.receives('b', { switches: 9 });
    world.receives('c', { switches: 9 });
    world.answers(b, { switches: 9 });
    expect(calls(world, 9)).toBe('c unit');
  });

  test('after it slept it is not in anybody’s turn', () => {
    const world = orderly();
    world.receives('a', { switches: 9 });
    world.receives('b', { switches: 9 });
    const found = world.calls({ switches: 10 });
    expect(found[0]!.confidence).toBeLessThanOrEqual(0.7);
  });

  test('it is never called certain, and the others are kept as candidates', () => {
    const world = orderly();
    world.receives('a', { switches: 9 });
    world.receives('b', { switches: 9 });
    const found = world.calls({ switches: 9 });
    expect(found.map(({ request }) => request.name)).toEqual(['a', 'b']);
    expect(found[0]!.confidence).toBeLessThan(0.99);
    expect(found[0]!.evidence[0]!.key).toBe('thread 1, in order');
  });

  test('once the last request is answered, one that waits is next, whatever the habit', () => {
    const world = new World();
    world.receives('a', { switches: 1 });
    const b = world.receives('b', { switches: 1 });
    world.receives('other', { switches: 1, tid: 2 });
    world.answers(b, { switches: 1 });
    // Read in vain before b: passed over, and b has been answered. Read after it: next.
    expect(chosen(world.calls({ switches: 1 }))).toBeNull();
    world.receives('c', { switches: 1 });
    expect(chosen(world.calls({ switches: 1 }))).toBe('c unit');
  });

  test('a loop that answers at once what it read last keeps its own way', () => {
    const world = orderly();
    for (let round = 10; round < 40; round++) {
      world.receives('late', { switches: round });
      const b = world.receives('b', { switches: round });
      world.answers(b, { switches: round });
    }
    world.receives('x', { switches: 50 });
    world.receives('y', { switches: 50 });
    expect(chosen(world.calls({ switches: 50 }))).toBe('y unit');
  });
});

describe('goroutines', () => {
  const CONNECTION: Who = { goid: 10, parentGoid: 1, tid: 1 };
  /** A world in which the process serves somebody else besides. */
  function busy(): World {
    const world = new World();
    world.receives('other', { goid: 5, parentGoid: 1, tid: 50 });
    return world;
  }

  test('the same goroutine, on whichever thread', () => {
    const world = new World();
    world.receives('a', CONNECTION);
    const [call] = world.calls({ ...CONNECTION, tid: 2 });
    expect(call).toMatchObject({ confidence: 0.999 });
    expect(call!.evidence[0]).toEqual({ kind: 'unit', key: 'goroutine 10', confidence: 0.999 });
  });

  test('a thread that ran a goroutine says little about the next one', () => {
    const world = busy();
    world.receives('a', CONNECTION);
    const call = world.calls({ goid: 99, parentGoid: 2, tid: 1 });
    expect(chosen(call)).toBeNull();
    expect(call[0]).toMatchObject({ confidence: 0.35 });
  });

  test('one made while serving, and one made by that one', () => {
    const world = new World();
    world.receives('a', CONNECTION);
    expect(chosen(world.calls({ goid: 20, parentGoid: 10, tid: 2 }))).toBe('a lineage');
    expect(world.calls({ goid: 20, parentGoid: 10, tid: 2 })[0]!.evidence[0]!.key).toBe('goroutine 20 of 10');
    expect(chosen(world.calls({ goid: 30, parentGoid: 20, tid: 3 }))).toBe('a lineage');
  });

  test('a fan-out of a hundred', () => {
    const world = new World();
    world.receives('a', CONNECTION);
    world.receives('b', { goid: 11, parentGoid: 1, tid: 2 });
    for (let goid = 100; goid < 200; goid++) {
      const parentGoid = goid % 2 === 0 ? 10 : 11;
      expect(chosen(world.calls({ goid, parentGoid, tid: 3 }))).toBe(
        goid % 2 === 0 ? 'a lineage' : 'b lineage',
      );
    }
  });

  test('a keep-alive connection’s goroutine serves many: what was made for older ones is not the newer one’s', () => {
    const world = busy();
    const a = world.receives('a', CONNECTION);
    expect(chosen(world.calls({ goid: 20, parentGoid: 10, tid: 2 }))).toBe('a lineage');
    world.answers(a, CONNECTION);
    world.receives('b', CONNECTION);
    // Goroutine 20 was there before b came; 21 was not.
    expect(chosen(world.calls({ goid: 20, parentGoid: 10, tid: 2 }))).toBeNull();
    expect(chosen(world.calls({ goid: 21, parentGoid: 10, tid: 2 }))).toBe('b lineage');
  });

  test('between requests the connection’s goroutine serves nobody', () => {
    const world = new World();
    const a = world.receives('a', CONNECTION);
    world.answers(a, CONNECTION);
    expect(chosen(world.calls(CONNECTION))).toBeNull();
    expect(chosen(world.calls({ goid: 21, parentGoid: 10, tid: 2 }))).toBeNull();
  });

  test('whoever waits on a channel of it is told the result', () => {
    const world = new World();
    world.receives('a', CONNECTION);
    const call = world.calls({ goid: 50, parentGoid: 2, waiterGoid: 10, waiterParentGoid: 1, tid: 3 });
    expect(chosen(call)).toBe('a lineage');
    expect(call[0]!.evidence[0]).toMatchObject({ key: 'goroutine 50 for 10', confidence: 0.985 });
  });

  test('whoever ran before and parked handed its work over', () => {
    const world = new World();
    world.receives('a', CONNECTION);
    const call = world.calls({ goid: 50, parentGoid: 2, handoverGoid: 10, handoverParentGoid: 1, tid: 3 });
    expect(call[0]!.evidence[0]).toMatchObject({ key: 'goroutine 50 after 10', confidence: 0.95 });
  });

  test('who waits for a worker handed its job over, unless the worker itself serves', () => {
    const world = new World();
    world.receives('a', CONNECTION);
    const writer = { goid: 50, parentGoid: 2, askerGoid: 10, askerParentGoid: 1, tid: 3 };
    const call = world.calls({ ...writer, waiterGoid: 30, waiterParentGoid: 1 });
    expect(chosen(call)).toBe('a lineage');
    expect(call[0]!.evidence[0]).toMatchObject({ key: 'goroutine 50 for 30 for 10', confidence: 0.98 });
    world.receives('b', { goid: 31, parentGoid: 1, tid: 4 });
    const own = world.calls({ ...writer, waiterGoid: 31, waiterParentGoid: 1 });
    expect(
      own.filter(({ evidence }) => evidence[0]!.kind === 'lineage').map(({ request }) => request.name),
    ).toEqual(['b']);
  });

  test('the waiter’s creator served: the waiter is its child', () => {
    const world = new World();
    world.receives('a', CONNECTION);
    const call = world.calls({ goid: 50, parentGoid: 2, waiterGoid: 20, waiterParentGoid: 10, tid: 3 });
    expect(chosen(call)).toBe('a lineage');
  });

  test('a waiter that waits for another call’s answer already is less believed, until it has it', () => {
    const world = new World();
    const a = world.receives('a', CONNECTION);
    const writer = { goid: 50, parentGoid: 2, waiterGoid: 10, waiterParentGoid: 1, tid: 3 };
    const waiter = world.engine.callSent(a, world.at(writer));
    expect(waiter).toBe(10);
    expect(world.calls({ ...writer, goid: 51 })[0]!.confidence).toBe(0.8);
    const handed = { goid: 52, parentGoid: 2, handoverGoid: 10, handoverParentGoid: 1, tid: 4 };
    expect(chosen(world.calls(handed))).toBeNull();
    world.engine.callAnswered(100, waiter);
    expect(world.calls({ ...writer, goid: 51 })[0]!.confidence).toBe(0.985);
    expect(world.calls(handed)[0]!.confidence).toBe(0.95);
  });

  test('a call that its own goroutine waits for keeps nobody busy', () => {
    const world = new World();
    const a = world.receives('a', CONNECTION);
    expect(world.engine.callSent(a, world.at(CONNECTION))).toBe(0);
    expect(world.engine.callSent(a, world.at({ tid: 7 }))).toBe(0);
  });

  test('dialled for one, used for another: the waiter wins over the creator', () => {
    const world = new World();
    world.receives('a', CONNECTION);
    world.receives('b', { goid: 11, parentGoid: 1, tid: 2 });
    const call = world.calls({ goid: 60, parentGoid: 10, waiterGoid: 11, waiterParentGoid: 1, tid: 3 });
    expect(call.map((candidate) => [candidate.request.name, candidate.confidence])).toEqual([
      ['b', 0.985],
      ['a', 0.6],
    ]);
  });

  test('a connection of a pool says little about who uses it', () => {
    const world = busy();
    world.receives('a', CONNECTION);
    world.engine.connecting(77, world.at(CONNECTION));
    const [call] = world.calls({ goid: 99, parentGoid: 2, tid: 9, socket: 77, first: true });
    expect(call).toMatchObject({ confidence: 0.7, evidence: [{ kind: 'socket-origin', key: 'socket 77' }] });
  });

  test('one that sends for nobody known, while one request alone is open', () => {
    const world = new World();
    const a = world.receives('a', CONNECTION);
    const writer = { goid: 99, parentGoid: 2, tid: 9 };
    expect(chosen(world.calls(writer))).toBe('a inferred');
    // Somebody else's affair: it is known who waits for the answer, or who ran before.
    expect(world.calls({ ...writer, waiterGoid: 30, waiterParentGoid: 2 })).toEqual([]);
    expect(world.calls({ ...writer, handoverGoid: 31, handoverParentGoid: 2 })).toEqual([]);
    // Threads are no goroutines.
    expect(world.calls({ tid: 9 })).toEqual([]);
    const b = world.receives('b', { goid: 11, parentGoid: 1, tid: 2 });
    expect(world.calls(writer)).toEqual([]);
    world.answers(a, CONNECTION);
    expect(chosen(world.calls(writer))).toBe('b inferred');
    world.answers(b, { goid: 11, parentGoid: 1, tid: 2 });
    expect(world.calls(writer)).toEqual([]);
  });

  test('a number that comes again with another creator is another goroutine', () => {
    const world = new World();
    world.receives('a', { goid: 20, parentGoid: 5, tid: 1 });
    world.receives('b', { goid: 6, parentGoid: 1, tid: 2 });
    expect(chosen(world.calls({ goid: 20, parentGoid: 6, tid: 3 }))).toBe('b lineage');
  });

  test('a creator that is not known yet (Go before 1.21 tells none) changes nothing', () => {
    const world = new World();
    world.receives('a', { goid: 20, parentGoid: 5, tid: 1 });
    expect(chosen(world.calls({ goid: 20, parentGoid: 0, tid: 2 }))).toBe('a unit');
  });

  test('a circle of creators ends', () => {
    const world = new World();
    world.calls({ goid: 20, parentGoid: 21, tid: 1 });
    world.calls({ goid: 21, parentGoid: 20, tid: 1 });
    expect(world.calls({ goid: 20, parentGoid: 21, tid: 1 })).toEqual([]);
    expect(world.calls({ goid: 33, parentGoid: 33, tid: 1 })).toEqual([]);
  });

  test('a chain of creators is followed only so far', () => {
    const world = busy();
    world.receives('a', CONNECTION);
    let parentGoid = 10;
    const made = (steps: number) => {
      for (; steps > 0; steps--) {
        world.calls({ goid: parentGoid + 1, parentGoid, tid: 5 });
        parentGoid++;
      }
      return chosen(world.calls({ goid: parentGoid, parentGoid: parentGoid - 1, tid: 5 }));
    };
    expect(made(10)).toBe('a lineage');
    expect(made(10)).toBeNull();
  });
});

describe('threads', () => {
  test('one created while serving works for the same request until it reads something itself', () => {
    const world = new World();
    world.receives('a', { tid: 7 });
    world.engine.threadCreated(100, 70, world.at({ tid: 7 }));
    const call = world.calls({ tid: 70, switches: 5 });
    expect(call).toMatchObject([{ confidence: 0.85, evidence: [{ kind: 'lineage' }] }]);
    expect(chosen(call)).toBe('a lineage');
    world.receives('b', { tid: 70 });
    expect(chosen(world.calls({ tid: 70 }))).toBe('b unit');
  });

  test('its own children work for it too', () => {
    const world = new World();
    world.receives('a', { tid: 7 });
    world.engine.threadCreated(100, 70, world.at({ tid: 7 }));
    world.engine.threadCreated(100, 71, world.at({ tid: 70 }));
    expect(chosen(world.calls({ tid: 71 }))).toBe('a lineage');
  });

  test('one created by a thread that serves nobody, or has answered, works for nobody', () => {
    const world = new World();
    world.engine.threadCreated(100, 70, world.at({ tid: 7 }));
    const a = world.receives('a', { tid: 7 });
    world.engine.threadCreated(100, 71, world.at({ tid: 7 }));
    world.answers(a, { tid: 7 });
    world.engine.threadCreated(100, 72, world.at({ tid: 7 }));
    for (const tid of [70, 71, 72]) expect(world.calls({ tid })).toEqual([]);
  });

  test('another process’s first thread does not inherit', () => {
    const world = new World();
    world.receives('a', { tid: 7 });
    world.engine.threadCreated(200, 200, world.at({ tid: 7 }));
    expect(world.calls({ tgid: 200, tid: 200 })).toEqual([]);
  });

  test('the number of a thread that has ended means nothing', () => {
    const world = new World();
    world.receives('a', { tid: 7 });
    world.receives('b', { tid: 8 });
    world.engine.threadExited(100, 7);
    expect(world.calls({ tid: 7 })).toEqual([]);
  });

  test('nor does anything of a process that has ended', () => {
    const world = new World();
    const a = world.receives('a', { tid: 7, goid: 10 }, 'trace');
    world.engine.processExited(100);
    expect(world.calls({ tid: 7, goid: 10, traceId: 'trace' })).toEqual([]);
    world.answers(a, { tid: 7 });
    expect(a.open).toBe(false);
  });
});

describe('trace context', () => {
  test('a trace id that one open request carried decides, against the thread', () => {
    const world = new World();
    world.receives('a', { tid: 7 }, 'trace-1');
    world.receives('b', { tid: 8 }, 'trace-2');
    const call = world.calls({ tid: 8, traceId: 'trace-1' });
    expect(chosen(call)).toBe('a trace-context');
    expect(call.map((candidate) => candidate.confidence)).toEqual([1, 0.999]);
  });

  test('two requests of one trace: the other evidence chooses between them', () => {
    const world = new World();
    world.receives('a', { tid: 7 }, 'trace-1');
    world.receives('b', { tid: 8 }, 'trace-1');
    expect(chosen(world.calls({ tid: 9, traceId: 'trace-1' }))).toBeNull();
    const call = world.calls({ tid: 8, traceId: 'trace-1' });
    expect(chosen(call)).toBe('b unit');
    expect(call[0]!.evidence.map((one) => one.kind)).toEqual(['trace-context', 'unit']);
    expect(call).toHaveLength(2);
  });

  test('an answered request’s trace id means nothing, nor that of another process', () => {
    const world = new World();
    const a = world.receives('a', { tid: 7 }, 'trace-1');
    world.answers(a, { tid: 7 });
    world.receives('b', { tgid: 200, tid: 7 }, 'trace-1');
    expect(world.calls({ tid: 9, traceId: 'trace-1' })).toEqual([]);
  });

  test('no trace id is no trace id in common', () => {
    const world = new World();
    world.receives('a', { tid: 7 });
    world.receives('b', { tid: 8 });
    expect(world.calls({ tid: 9 })).toEqual([]);
  });
});

describe('zero is never a key', () => {
  test('thread 0, goroutine 0 and socket 0 are nobody', () => {
    const world = new World();
    const a = world.receives('a', { tid: 0 }, null);
    world.returns(a, { tid: 0 });
    world.engine.responseWritten(a, world.at({ tid: 0 }));
    expect(world.calls({ tid: 0 })).toEqual([]);
    world.receives('b', { tid: 5 });
    world.engine.threadCreated(100, 50, world.at({ tid: 0 }));
    expect(world.calls({ tid: 50 })).toEqual([]);
    expect(
      chosen(world.calls({ tid: 9, goid: 3, parentGoid: 0, waiterGoid: 0, handoverGoid: 0 })),
    ).toBeNull();
  });
});

describe('candidates', () => {
  test.each(EVIDENCE_KINDS)('without %s nothing speaks of it', (kind) => {
    const story = (world: World) => {
      const connection = { goid: 10, parentGoid: 1, tid: 1 };
      const alone = { tgid: 200, goid: 1, tid: 300 };
      world.receives('c', { ...alone, goid: 2 });
      world.receives('a', connection, 'trace-1');
      const b = world.receives('b', { tid: 2 });
      world.engine.connecting(5, world.at(connection));
      world.returns(b, { tid: 2 });
      return [
        ...world.calls({ ...connection, traceId: 'trace-1', socket: 5, first: true }),
        ...world.calls({ goid: 20, parentGoid: 10, tid: 3 }),
        ...world.calls({ tid: 2 }),
        ...world.calls({ tid: 9, traceId: 'trace-1' }),
        ...world.calls(alone),
      ].flatMap((candidate) => candidate.evidence.map((one) => one.kind));
    };
    const all = new Set(story(new World()));
    const spoken = [
      'trace-context',
      'unit',
      'socket-return',
      'lineage',
      'socket-origin',
      'inferred',
    ] as const;
    expect(all).toEqual(new Set(spoken));
    const left = new Set(story(new World([kind])));
    // Whose socket it is was known by the unit of who connected.
    const gone = kind === 'unit' ? ['unit', 'socket-origin'] : [kind as string];
    expect(left).toEqual(new Set(spoken.filter((one) => !gone.includes(one))));
  });

  test('strongest first, at most four, each request once, whatever happens', () => {
    const names = ['a', 'b', 'c'];
    const who = fc.record({
      tid: fc.nat(3),
      goid: fc.nat(4),
      parentGoid: fc.nat(4),
      waiterGoid: fc.nat(4),
      handoverGoid: fc.nat(4),
      switches: fc.nat(2),
    });
    const step = fc.record({
      what: fc.constantFrom('receives', 'calls', 'returns', 'answers', 'connects', 'thread', 'exit', 'sent'),
      who,
      which: fc.nat(20),
      traceId: fc.constantFrom(null, 't1', 't2'),
      first: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const world = new World();
        const requests: Told[] = [];
        for (const { what, who, which, traceId, first } of steps) {
          const request = requests[which % Math.max(1, requests.length)];
          if (what === 'receives') requests.push(world.receives(names[which % 3]!, who, traceId));
          else if (what === 'returns') world.returns(request?.open ? request : null, who);
          else if (what === 'connects') world.engine.connecting(which, world.at(who));
          else if (what === 'thread') world.engine.threadCreated(100, which, world.at(who));
          else if (what === 'exit') world.engine.threadExited(100, which % 4);
          else if (what === 'answers' && request?.open) world.answers(request, who);
          else if (what === 'sent' && request !== undefined) {
            world.engine.callAnswered(100, world.engine.callSent(request, world.at(who)));
          } else if (what === 'calls') {
            const found = world.calls({
              ...who,
              socket: which,
              first,
              ...(traceId === null ? {} : { traceId }),
            });
            expect(found.length).toBeLessThanOrEqual(4);
            expect(new Set(found.map((candidate) => candidate.request)).size).toBe(found.length);
            const confidences = found.map((candidate) => candidate.confidence);
            expect(confidences).toEqual([...confidences].sort((x, y) => y - x));
            for (const candidate of found) {
              expect(candidate.confidence).toBe(Math.max(...candidate.evidence.map((one) => one.confidence)));
              expect(candidate.confidence).toBeGreaterThan(0);
              expect(candidate.confidence).toBeLessThanOrEqual(1);
              // A closed request is at most what a handler leaves behind.
              if (!candidate.request.open) expect(candidate.confidence).toBeLessThan(0.7);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('memory', () => {
  test('served requests leave nothing behind', () => {
    const world = new World();
    const warm = world.receives('warm');
    world.answers(warm);
    const before = world.engine.size();
    for (let i = 0; i < 1_000; i++) world.answers(world.receives('a'));
    expect(world.engine.size()).toBe(before);
  });

  test('processes, threads, goroutines and sockets are bounded', () => {
    const world = new World();
    for (let i = 1; i <= 20_000; i++) {
      world.answers(world.receives('a', { tgid: 1, tid: i }), { tgid: 1, tid: i });
    }
    expect(world.engine.size()).toBeLessThanOrEqual(1 + 8_192);
    const goroutines = new World();
    for (let i = 1; i <= 60_000; i++) {
      goroutines.answers(goroutines.receives('a', { goid: i }), { goid: i });
    }
    expect(goroutines.engine.size()).toBeLessThanOrEqual(2 + 16_384);
    const processes = new World();
    for (let i = 1; i <= 10_000; i++) {
      const who = { tgid: i, tid: i };
      processes.answers(processes.receives('a', who), who);
    }
    expect(processes.engine.size()).toBeLessThanOrEqual(2 * 4_096);
  });

  test('goroutines that all serve an open request are bounded too, and cost no sorting each', () => {
    const world = new World();
    const start = performance.now();
    for (let i = 1; i <= 60_000; i++) {
      world.engine.requestRead(
        { name: 'a', tgid: 100, openedAt: world.time, traceId: null, open: true, calls: 0, underWay: 0 },
        world.at({ goid: i }),
      );
    }
    expect(world.engine.size()).toBeLessThanOrEqual(2 + 16_384);
    // Sorting 16 384 times for each of 43 000 would take minutes.
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test('goroutines that serve outlive those that do not', () => {
    const world = new World();
    world.receives('a', { goid: 1, parentGoid: 900_000, tid: 1 });
    for (let i = 2; i <= 40_000; i++) world.calls({ goid: i, tid: 2 });
    expect(chosen(world.calls({ goid: 1, parentGoid: 900_000, tid: 3 }))).toBe('a unit');
  });
});
