import { describe, expect, test } from 'vitest';
import { OF_ITS_OWN, type TurnRequest, Turns } from './turns.ts';

interface Told extends TurnRequest {
  readonly name: string;
  answered: boolean;
}

const told = (name: string): Told => ({
  ...{ name, tgid: 1, openedAt: 0, traceId: null, open: true, calls: 0, answered: false, underWay: 0 },
});

/** One thread, told what it reads and sends; what is decided is written down as `call request confidence`. */
function loop() {
  const decided: string[] = [];
  const turns = new Turns<Told>((call, candidates) => {
    const [best] = candidates;
    const isChosen = best !== undefined && best.confidence >= 0.5;
    if (isChosen) best.request.underWay++;
    decided.push(isChosen ? `${call.name} ${best.request.name} ${best.confidence}` : `${call.name} -`);
  });
  const read = (request: Told | null, from: Told) => turns.read(7, request, from);
  const send = (...names: string[]) =>
    names.map((name) => {
      const call = told(name);
      turns.sent(7, call, 1);
      return call;
    });
  return { turns, decided, read, send };
}

const [a, b, c] = ['a', 'b', 'c'] as const;

describe('calls that an event loop sends together', () => {
  test('as many as requests that were read: each its own, in order, once the first is answered', () => {
    const { turns, decided, read, send } = loop();
    for (const request of [told(a), told(b), told(c)]) read(request, request);
    send('1', '2', '3');
    expect(decided).toEqual([]);
    turns.settle(7);
    expect(decided).toEqual(['1 a 0.9', '2 b 0.9', '3 c 0.9']);
  });

  test('requests that were answered instead, or wait for another call, have sent none', () => {
    const { turns, decided, read, send } = loop();
    const [x, y, z] = [told(a), told(b), told(c)];
    for (const request of [x, y, z]) read(request, request);
    send('1');
    y.answered = true;
    z.underWay = 1;
    turns.settle(7);
    expect(decided).toEqual(['1 a 0.98']);
  });

  test('a request counts where it was read for last', () => {
    const { turns, decided, read, send } = loop();
    const [x, y] = [told(a), told(b)];
    for (const request of [x, y, x]) read(request, request);
    send('1', '2');
    turns.settle(7);
    expect(decided).toEqual(['1 b 0.9', '2 a 0.9']);
  });

  test('what is read after the calls belongs to the next turn', () => {
    const { turns, decided, read, send } = loop();
    const [x, y, z] = [told(a), told(b), told(c)];
    for (const request of [x, y]) read(request, request);
    send('1', '2');
    read(z, z);
    turns.settle(7);
    expect(decided).toEqual(['1 a 0.9', '2 b 0.9']);
    send('3');
    turns.settle(7);
    expect(decided[2]).toBe('3 c 0.98');
  });

  test('numbers that do not fit: nobody’s, rather than a guess', () => {
    const { turns, decided, read, send } = loop();
    for (const request of [told(a), told(b)]) read(request, request);
    send('1', '2', '3');
    turns.settle(7);
    expect(decided).toEqual(['1 -', '2 -', '3 -']);
  });

  test('answers to nobody’s calls keep the others in their places', () => {
    const { turns, decided, read, send } = loop();
    const [x, y, call] = [told(a), told(b), told('unlinked')];
    read(x, x);
    call.open = false;
    read(null, call);
    read(y, y);
    send('1', '2', '3');
    turns.settle(7);
    expect(decided).toEqual(['1 a 0.9', '2 -', '3 b 0.9']);
  });

  test('a request whose calls were not told apart disturbs no longer than it is open', () => {
    const { turns, decided, read, send } = loop();
    const [x, y] = [told(a), told(b)];
    for (const request of [x, y]) read(request, request);
    const calls = send('1', '2', '3');
    turns.settle(7);
    // Their answers lead to the answers of the two, and to no call.
    for (const call of calls.slice(1)) {
      call.open = false;
      read(null, call);
    }
    const z = told(c);
    read(z, z);
    send('4');
    x.answered = true;
    y.answered = true;
    turns.settle(7);
    expect(decided[3]).toBe('4 c 0.98');
  });

  test('the context of the thread is good enough where it speaks for the only one', () => {
    const { turns, read } = loop();
    const [x, y] = [told(a), told(b)];
    expect(turns.isUnclear(7, null)).toBe(false);
    read(x, x);
    expect(turns.isUnclear(7, x)).toBe(false);
    expect(turns.isUnclear(7, y)).toBe(true);
    read(y, y);
    expect(turns.isUnclear(7, y)).toBe(true);
    x.answered = true;
    expect(turns.isUnclear(7, y)).toBe(false);
  });

  test('the end of a thread decides its calls; memory is bounded', () => {
    const { turns, decided, read, send } = loop();
    const x = told(a);
    read(x, x);
    send('1');
    turns.exited(7);
    expect([decided, turns.size]).toEqual([['1 a 0.98'], 0]);
    for (let tid = 0; tid < 10_000; tid++) turns.read(tid, x, x);
    expect(turns.size).toBeLessThanOrEqual(4_096);
    for (let i = 0; i < 1_000; i++) turns.sent(9_999, told('many'), 1);
    expect(decided.length).toBeGreaterThan(900);
  });
});

describe('calls over connections of their own, for requests that share one', () => {
  /** Two requests come at once, a call is made for each, in that order or the other, and both are answered one after the other. */
  function both(turns: Turns<Told>, isInOrder: boolean): void {
    const requests = [told(a), told(b)];
    for (const request of requests) turns.read(7, request, request, true);
    const calls = [told('1'), told('2')];
    for (const call of calls) turns.sent(7, call, OF_ITS_OWN);
    turns.settle(7);
    calls.forEach((call, i) => {
      turns.read(7, null, call);
      const request = requests[isInOrder ? i : 1 - i]!;
      turns.responded(7, request);
      request.answered = true;
      request.open = false;
    });
  }

  test('are told apart by the order, once the answers have shown that it is kept', () => {
    const { turns, decided } = loop();
    for (let i = 0; i < 4; i++) both(turns, true);
    expect(decided).toEqual(['1 -', '2 -', '1 -', '2 -', '1 a 0.9', '2 b 0.9', '1 a 0.9', '2 b 0.9']);
    expect(turns.isShared(7)).toBe(true);
    expect(turns.isShared(8)).toBe(false);
  });

  test('and not while it is not kept', () => {
    const { turns, decided } = loop();
    for (let i = 0; i < 5; i++) both(turns, false);
    for (let i = 0; i < 5; i++) both(turns, true);
    expect(new Set(decided)).toEqual(new Set(['1 -', '2 -']));
  });

  test('nothing is learnt of answers to several', () => {
    const { turns, decided } = loop();
    for (let i = 0; i < 5; i++) {
      const requests = [told(a), told(b)];
      for (const request of requests) turns.read(7, request, request, true);
      const calls = [told('1'), told('2')];
      for (const call of calls) turns.sent(7, call, OF_ITS_OWN);
      turns.settle(7);
      for (const call of calls) turns.read(7, null, call);
      turns.responded(7, requests[0]!);
      turns.responded(7, null);
      for (const request of requests) request.open = false;
    }
    expect(new Set(decided)).toEqual(new Set(['1 -', '2 -']));
  });
});
