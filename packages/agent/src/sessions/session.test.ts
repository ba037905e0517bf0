import { type Message, type MessageKind, type Side, TO_CLIENT, TO_SERVER } from '@weft/protocols';
import { describe, expect, test } from 'vitest';
import type { ConnectionFacts } from '../streams/connection-facts.ts';
import type { Exchange } from './exchange.ts';
import { Session } from './session.ts';

const FACTS: ConnectionFacts = {
  cookie: 1,
  peerCookie: 0,
  transport: 'tcp',
  role: 'client',
  tgid: 1,
  localAddress: '',
  localPort: 0,
  remoteAddress: '',
  remotePort: 0,
};

interface Sent {
  readonly id?: number | string;
  /** Position of the other direction; default: where it is. */
  readonly other?: number;
  readonly length?: number;
}

/** A session told messages: requests and responses of ten bytes each, one tick a message. */
function talk() {
  const opened: Exchange[] = [];
  const closed: Exchange[] = [];
  const refused: string[] = [];
  const next: [number, number] = [1_000, 5_000];
  let time = 0;
  let other = 0;
  const times = new Map<string, number>();
  const session = new Session(
    FACTS,
    'test',
    {
      opened: (exchange) => opened.push(exchange),
      closed: (exchange) => closed.push(exchange),
      malformed: (cause) => refused.push(cause),
    },
    {
      timeOf: (side, position) => times.get(`${side} ${position}`) ?? time,
      otherPosition: () => other,
      reached: (side) => next[side],
      wirePosition: (_side, position) => position,
      otherWirePosition: () => other,
    },
  );
  const begin = (side: Side, kind: MessageKind, name: string, sent: Sent = {}): Message => {
    time += 1;
    other = sent.other ?? next[1 - side]!;
    const message: Message = {
      side,
      kind,
      pairingId: sent.id ?? null,
      start: next[side],
      name,
      status: kind === 'response' ? 'ok' : 'unset',
      attributes: {},
      carried: null,
    };
    next[side] += sent.length ?? 10;
    times.set(`${side} ${message.start}`, time);
    session.message(message);
    return message;
  };
  const end = (message: Message, extra: Record<string, number> | null = null) => {
    time += 1;
    session.end(message, next[message.side], extra);
  };
  return {
    session,
    opened,
    closed,
    refused,
    next,
    begin,
    end,
    ask(name: string, sent?: Sent) {
      const message = begin(TO_SERVER, 'request', name, sent);
      end(message);
      return message;
    },
    reply(name: string, sent?: Sent) {
      const message = begin(TO_CLIENT, 'response', name, sent);
      end(message);
      return message;
    },
    /** A direction moves on without anybody seeing it. */
    lose(side: Side, length = 10) {
      next[side] += length;
      session.unread(side, next[side]);
    },
    /** Request → response of the closed exchanges, in the order of their ends. */
    pairs: () => closed.map(({ request, response }) => `${request.name} ${response?.name ?? '-'}`),
  };
}

describe('in order', () => {
  test('one after the other', () => {
    const { ask, reply, pairs, opened, session } = talk();
    ask('a');
    reply('A');
    ask('b');
    reply('B');
    expect(pairs()).toEqual(['a A', 'b B']);
    expect(opened).toHaveLength(2);
    expect(opened.every((exchange) => exchange.alone && !exchange.open)).toBe(true);
    expect(session.pending).toEqual([]);
  });

  test('pipelined: the first response answers the first request', () => {
    const { ask, reply, pairs, opened } = talk();
    for (const name of ['a', 'b', 'c']) ask(name);
    for (const name of ['A', 'B', 'C']) reply(name);
    expect(pairs()).toEqual(['a A', 'b B', 'c C']);
    expect(opened.map((exchange) => exchange.alone)).toEqual([true, false, false]);
  });

  test('times: from the request’s first byte to the response’s last', () => {
    const { begin, end, closed } = talk();
    const request = begin(TO_SERVER, 'request', 'a');
    end(request, { 'http.request.body.size': 3 });
    const response = begin(TO_CLIENT, 'response', 'A');
    end(response, { 'http.response.body.size': 4 });
    expect(closed).toMatchObject([
      {
        start: 1,
        end: 4,
        responseStart: 5_000,
        extra: { 'http.request.body.size': 3, 'http.response.body.size': 4 },
      },
    ]);
  });

  test('an answer that comes before the request’s body has ended counts', () => {
    const { begin, end, reply, ask, pairs } = talk();
    const upload = begin(TO_SERVER, 'request', 'a', { length: 1_000 });
    reply('A');
    expect(pairs()).toEqual(['a A']);
    end(upload);
    ask('b');
    reply('B');
    expect(pairs()).toEqual(['a A', 'b B']);
  });

  test('a request during a response is not alone: where its own response begins is not known', () => {
    const { ask, begin, end, reply, opened, pairs } = talk();
    ask('a');
    const long = begin(TO_CLIENT, 'response', 'A', { length: 100 });
    ask('b', { other: 5_050 });
    ask('c', { other: 5_070 });
    end(long);
    reply('B');
    reply('C');
    expect(opened.map((exchange) => exchange.alone)).toEqual([true, false, false]);
    expect(pairs()).toEqual(['a A', 'b B', 'c C']);
  });

  test('a response whose end its parser never tells ends with the next one', () => {
    const { ask, begin, reply, closed, pairs } = talk();
    ask('a');
    begin(TO_CLIENT, 'response', 'A');
    ask('b');
    reply('B');
    expect(pairs()).toEqual(['a A', 'b B']);
    expect(closed.every((exchange) => !exchange.open)).toBe(true);
  });
});

describe('what was missed', () => {
  test('a missed response does not shift the others', () => {
    const { ask, reply, lose, pairs } = talk();
    ask('a');
    lose(TO_CLIENT);
    ask('b');
    reply('B');
    ask('c');
    reply('C');
    expect(pairs()).toEqual(['a -', 'b B', 'c C']);
  });

  test('several in a row', () => {
    const { ask, reply, lose, pairs } = talk();
    for (const name of ['a', 'b', 'c']) {
      ask(name);
      lose(TO_CLIENT);
    }
    ask('d');
    reply('D');
    expect(pairs()).toEqual(['a -', 'b -', 'c -', 'd D']);
  });

  test('of a response and the next request: the next response is not the first request’s', () => {
    const { ask, reply, lose, pairs } = talk();
    ask('a');
    lose(TO_CLIENT);
    lose(TO_SERVER);
    reply('B');
    expect(pairs()).toEqual(['a -']);
    ask('c');
    reply('C');
    expect(pairs()).toEqual(['a -', 'c C']);
  });

  test('the first response of a pipeline', () => {
    const { ask, reply, lose, pairs } = talk();
    for (const name of ['a', 'b', 'c']) ask(name);
    lose(TO_CLIENT);
    reply('B');
    reply('C');
    expect(pairs()).toEqual(['a -', 'b B', 'c C']);
  });

  test('a response that made no sense', () => {
    const { ask, reply, session, next, pairs } = talk();
    ask('a');
    next[TO_CLIENT] += 10;
    session.malformed(TO_CLIENT, 'status-line');
    ask('b');
    reply('B');
    expect(pairs()).toEqual(['a -', 'b B']);
  });

  test('a push between request and response is no reason to doubt', () => {
    const { ask, begin, end, reply, pairs } = talk();
    ask('a');
    end(begin(TO_CLIENT, 'one-way', 'push'));
    ask('b');
    reply('A');
    reply('B');
    expect(pairs()).toEqual(['push -', 'a A', 'b B']);
  });

  test('a response to a request that was missed answers no other', () => {
    const { ask, reply, lose, pairs, session } = talk();
    lose(TO_SERVER);
    reply('?');
    ask('a');
    reply('A');
    expect(pairs()).toEqual(['a A']);
    session.finish();
    expect(pairs()).toEqual(['a A']);
  });

  test('a response that began before the request saw the other direction is not its own', () => {
    const { ask, reply, pairs, session, next } = talk();
    ask('a', { other: next[TO_CLIENT] + 5 });
    reply('late');
    expect(pairs()).toEqual([]);
    expect(session.pending).toHaveLength(1);
  });
});

describe('response before request', () => {
  test('is kept and paired', () => {
    const { ask, reply, pairs, opened } = talk();
    reply('A');
    ask('a', { other: 5_000 });
    expect(pairs()).toEqual(['a A']);
    expect(opened[0]).toMatchObject({ responseStart: 5_000, responseEnded: true });
    ask('b');
    reply('B');
    expect(pairs()).toEqual(['a A', 'b B']);
  });

  test('also when it has not ended yet', () => {
    const { begin, end, ask, pairs, closed } = talk();
    const response = begin(TO_CLIENT, 'response', 'A');
    ask('a', { other: 5_000 });
    expect(pairs()).toEqual([]);
    end(response, { 'http.response.body.size': 9 });
    expect(pairs()).toEqual(['a A']);
    expect(closed[0]!.extra).toEqual({ 'http.response.body.size': 9 });
  });

  test('many of nobody are forgotten, not collected', () => {
    const { ask, reply, pairs } = talk();
    for (let i = 0; i < 1_000; i++) reply(`${i}`);
    // Of the last 64 the oldest fits the request that saw the beginning.
    ask('a', { other: 5_000 });
    expect(pairs()).toEqual(['a 936']);
  });
});

describe('by id', () => {
  test('in any order', () => {
    const { ask, reply, pairs } = talk();
    for (const id of [1, 3, 5]) ask(`${id}`, { id });
    for (const id of [5, 1, 3]) reply(`r${id}`, { id });
    expect(pairs()).toEqual(['5 r5', '1 r1', '3 r3']);
  });

  test('an answer with an unknown id is nobody’s; a later request with it gets it only if it came after', () => {
    const { ask, reply, pairs, session } = talk();
    ask('a', { id: 'x' });
    reply('?', { id: 'y' });
    ask('b', { id: 'y' });
    reply('A', { id: 'x' });
    expect(pairs()).toEqual(['a A']);
    expect(session.pending.map((exchange) => exchange.request.name)).toEqual(['b']);
  });
});

describe('interleaved, by id', () => {
  test('messages end in any order, each its own exchange', () => {
    const { begin, end, pairs, opened, closed, session } = talk();
    const requests = [1, 3, 5].map((id) => begin(TO_SERVER, 'request', `${id}`, { id }));
    const responses = [5, 1, 3].map((id) => begin(TO_CLIENT, 'response', `r${id}`, { id }));
    expect(session.pending).toEqual([]);
    for (const request of requests) end(request, { 'http.request.body.size': request.start });
    expect(closed).toEqual([]);
    for (const at of [1, 2, 0]) end(responses[at]!, { 'http.response.body.size': at });
    expect(pairs()).toEqual(['1 r1', '3 r3', '5 r5']);
    expect(opened.map(({ extra }) => extra)).toEqual(
      [1, 2, 0].map((at, i) => ({
        'http.request.body.size': requests[i]!.start,
        'http.response.body.size': at,
      })),
    );
  });

  test('none is alone: where its response begins nobody knows before', () => {
    const { ask, opened } = talk();
    ask('a', { id: 1 });
    expect(opened[0]!.alone).toBe(false);
  });

  test('whose bytes: what its parser says, and in which order', () => {
    const { begin, session, opened } = talk();
    const [a, b] = [1, 3].map((id) => begin(TO_SERVER, 'request', `${id}`, { id }));
    session.resetTouched(TO_SERVER);
    session.touch(b!);
    expect(session.touched(TO_SERVER)).toBe(opened[1]);
    session.touch(a!);
    session.touch(b!);
    expect(session.touched(TO_SERVER)).toBeNull();
    expect(session.touchedAll).toEqual([opened[1], opened[0]]);
    session.resetTouched(TO_SERVER);
    expect([session.idle, session.touched(TO_CLIENT)]).toEqual([true, null]);
  });

  test('an id that is used again: the one before is not answered any more', () => {
    const { ask, reply, pairs } = talk();
    ask('a', { id: 1 });
    ask('b', { id: 1 });
    reply('B', { id: 1 });
    expect(pairs()).toEqual(['a -', 'b B']);
  });

  test('a response before its request, while others wait', () => {
    const { ask, reply, pairs } = talk();
    ask('a', { id: 1 });
    reply('B', { id: 3 });
    ask('b', { id: 3, other: 5_000 });
    expect(pairs()).toEqual(['b B']);
  });

  test('the connection ends: what is open is given out, answered or not', () => {
    const { ask, begin, session, pairs } = talk();
    ask('a', { id: 1 });
    ask('b', { id: 3 });
    begin(TO_CLIENT, 'response', 'B', { id: 3 });
    session.finish();
    expect(pairs().sort()).toEqual(['a -', 'b B']);
  });

  test('unanswered ones are given up, streams that were answered go on', () => {
    const { ask, begin, session, pairs } = talk();
    ask('a', { id: 1 });
    ask('b', { id: 3 });
    begin(TO_CLIENT, 'response', 'B', { id: 3 });
    session.expire(1_000);
    expect(pairs()).toEqual(['a -']);
    expect(session.abandon().map(({ request }) => request.name)).toEqual(['b']);
  });

  test('requests beyond the bound: the oldest is given up', () => {
    const { ask, session, closed } = talk();
    for (let id = 0; id < 16_400; id++) ask('a', { id });
    expect(session.pending).toHaveLength(16_384);
    expect(closed).toHaveLength(16);
  });
});

describe('other kinds', () => {
  test('an interim response says where the response begins', () => {
    const { ask, begin, reply, closed } = talk();
    ask('a');
    begin(TO_CLIENT, 'interim', '100');
    reply('A');
    expect(closed).toMatchObject([{ response: { name: 'A' }, responseStart: 5_000 }]);
  });

  test('an interim response of nobody is nothing', () => {
    const { begin, closed, opened } = talk();
    begin(TO_CLIENT, 'interim', '100');
    expect([opened, closed]).toEqual([[], []]);
  });

  test.each([
    ['server', TO_CLIENT],
    ['client', TO_SERVER],
  ] as const)('a one-way message of the %s is an exchange of its own, and disturbs none', (_, side) => {
    const { ask, begin, end, reply, pairs, closed } = talk();
    ask('a');
    end(begin(side, 'one-way', 'push'));
    reply('A');
    expect(pairs()).toEqual(['push -', 'a A']);
    expect(closed[0]!.oneWay).toBe(true);
  });
});

describe('the end', () => {
  test('the connection closes while requests wait: they are incomplete, in their order', () => {
    const { ask, session, closed, pairs } = talk();
    ask('a');
    ask('b');
    session.finish();
    session.finish();
    expect(pairs()).toEqual(['a -', 'b -']);
    expect(closed.every((exchange) => !exchange.open)).toBe(true);
  });

  test('the connection closes within a response: it counts as the answer', () => {
    const { ask, begin, session, pairs } = talk();
    ask('a');
    begin(TO_CLIENT, 'response', 'A');
    session.finish();
    expect(pairs()).toEqual(['a A']);
  });

  test('requests expire, the oldest first, answered ones never', () => {
    const { ask, begin, session, pairs } = talk();
    ask('a');
    begin(TO_CLIENT, 'response', 'A');
    ask('b');
    ask('c');
    session.expire(5);
    expect(pairs()).toEqual(['b -']);
    session.expire(100);
    expect(pairs()).toEqual(['b -', 'c -']);
  });

  test('given up without a word: what waits and what is being answered', () => {
    const { ask, begin, session, closed } = talk();
    ask('a');
    begin(TO_CLIENT, 'response', 'A');
    ask('b');
    expect(session.abandon().map((exchange) => exchange.request.name)).toEqual(['b', 'a']);
    expect(closed).toEqual([]);
    expect(session.pending).toEqual([]);
  });

  test('only so many wait: the oldest goes unanswered', () => {
    const { ask, session, pairs } = talk();
    for (let i = 0; i < 16_390; i++) ask(`${i}`);
    expect(session.pending).toHaveLength(16_384);
    expect(pairs()).toEqual(['0 -', '1 -', '2 -', '3 -', '4 -', '5 -']);
  });
});

test('refusals in a row are counted until a message makes sense', () => {
  const { session, ask, refused } = talk();
  session.malformed(TO_SERVER, 'request-line');
  session.malformed(TO_CLIENT, 'status-line');
  session.malformed(TO_CLIENT, 'header');
  expect(refused).toEqual(['request-line', 'status-line', 'header']);
  expect([session.refusals(TO_SERVER), session.refusals(TO_CLIENT)]).toEqual([1, 2]);
  // A request that makes sense says nothing about the responses.
  ask('a');
  expect([session.refusals(TO_SERVER), session.refusals(TO_CLIENT)]).toEqual([0, 2]);
});
