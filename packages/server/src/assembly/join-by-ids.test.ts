import type { ExchangeKey, JoinId, JoinIdKind, ObservationPoint, SpanId } from '@weft/model';
import { joinIdOf, keyedHash, nanos, observationPointIndex, spanIdOf } from '@weft/model';
import type { SpanNode } from '@weft/store';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type WovenSpan, weave } from './weave.ts';

const MS = 1e6;

function id(text: string, kind: JoinIdKind = 'specific'): JoinId {
  return joinIdOf(keyedHash(text), kind);
}

interface Sketch {
  readonly ids: readonly JoinId[];
  readonly path?: string;
  readonly more?: Partial<SpanNode>;
}

/** A span of exchange `n` from `from` to `to`, in ms. */
function span(n: number, point: ObservationPoint, from: number, to: number, sketch: Sketch): SpanNode {
  const exchangeKey = n.toString(16).padStart(32, '0') as ExchangeKey;
  const path = sketch.path ?? '/orders';
  return {
    spanId: spanIdOf(exchangeKey, observationPointIndex(point)),
    exchangeKey,
    carriedTraceId: null,
    parentSpanId:
      point === 'server-process' ? spanIdOf(exchangeKey, observationPointIndex('client-process')) : null,
    chosenSpanId: null,
    chosenConfidence: 0,
    name: `GET ${path}`,
    kind: point === 'client-process' ? 'client' : 'server',
    observationPoint: point,
    service: point === 'client-process' ? 'front' : 'back',
    start: nanos(from * MS),
    duration: (to - from) * MS,
    status: 'ok',
    joinIds: [...sketch.ids, id(path, 'target')],
    ...sketch.more,
  };
}

const call = (n: number, from: number, to: number, sketch: Sketch, parent?: SpanNode): SpanNode => ({
  ...span(n, 'client-process', from, to, sketch),
  ...(parent === undefined
    ? {}
    : { parentSpanId: parent.spanId, chosenSpanId: parent.spanId, chosenConfidence: 1 }),
});
const request = (n: number, from: number, to: number, sketch: Sketch): SpanNode =>
  span(n, 'server-process', from, to, sketch);

function places(nodes: readonly SpanNode[], common?: ReadonlySet<JoinId>): Map<SpanId, WovenSpan> {
  const woven = weave(nodes, common).flatMap((trace) => trace.spans);
  return new Map(woven.map((one) => [one.node.spanId, one]));
}

const parentOf = (nodes: readonly SpanNode[], of: SpanNode): SpanId | null =>
  places(nodes).get(of.spanId)!.parentSpanId;

describe('two ends that share an id but no sequence', () => {
  it('are one trace under the call, and not certain', () => {
    const sketch = { ids: [id('a')] };
    const [caller, callee] = [call(1, 0, 10, sketch), request(2, 1, 9, sketch)];
    const [trace, ...others] = weave([callee, caller]);
    expect(others).toEqual([]);
    expect(trace!.traceId).toBe(caller.exchangeKey);
    expect(trace!.linked).toBe(2);
    const joined = trace!.spans[1]!;
    expect(joined.parentSpanId).toBe(caller.spanId);
    expect(joined.byExchange).toBe(false);
    expect(joined.idLinks).toEqual([
      { spanId: caller.spanId, shared: 'specific', id: id('a'), confidence: 0.97 },
    ]);
  });

  it.each([
    ['another id', { ids: [id('b')] }, 1, 9],
    ['an earlier time', { ids: [id('a')] }, -3000, -2990],
    ['a later time', { ids: [id('a')] }, 2011, 2015],
    ['a longer time, though the call was answered well', { ids: [id('a')] }, 1, 400],
    ['a short id, and another path', { ids: [id('a', 'vague')], path: '/else' }, 1, 9],
  ])('%s is not joined', (_, sketch, from, to) => {
    const caller = call(1, 0, 10, { ids: [id('a'), id('a', 'vague')] });
    expect(weave([caller, request(2, from, to, sketch)])).toHaveLength(2);
  });

  it('leaves what a sequence number joins alone, whatever it carries', () => {
    const sketch = { ids: [id('a')] };
    const [caller, seen] = [call(1, 0, 10, sketch), request(1, 1, 9, sketch)];
    const stranger = request(2, 2, 8, sketch);
    expect(parentOf([caller, seen, stranger], stranger)).toBeNull();
    expect(parentOf([caller, seen, stranger], seen)).toBe(caller.spanId);
    const other = call(3, 0, 10, sketch);
    expect(parentOf([caller, seen, other], seen)).toBe(caller.spanId);
  });

  it('joins the request that outlasts a call that was given up', () => {
    const sketch = { ids: [id('a')] };
    const caller = call(1, 0, 10, { ...sketch, more: { status: 'unset' } });
    const callee = request(2, 1, 400, sketch);
    expect(parentOf([caller, callee], callee)).toBe(caller.spanId);
  });

  it('believes less where the clocks of two hosts disagree', () => {
    const sketch = { ids: [id('a')] };
    const [caller, callee] = [call(1, 0, 10, sketch), request(2, -500, -492, sketch)];
    const joined = places([caller, callee]).get(callee.spanId)!;
    expect(joined.parentSpanId).toBe(caller.spanId);
    expect(joined.idLinks[0]!.confidence).toBeCloseTo(0.97 * 0.75);
  });

  it('joins what comes without its prefix, and what a service in between has asked for', () => {
    const ids = [id('a')];
    const caller = call(1, 0, 10, { ids, path: '/api/orders' });
    const stripped = request(2, 1, 9, { ids, path: '/orders' });
    expect(places([caller, stripped]).get(stripped.spanId)!.idLinks[0]!.confidence).toBe(0.97);
    const [stock, price] = [
      request(3, 1, 4, { ids, path: '/stock' }),
      request(4, 5, 9, { ids, path: '/price' }),
    ];
    const found = places([caller, stock, price]);
    for (const one of [stock, price]) {
      expect(found.get(one.spanId)!.parentSpanId).toBe(caller.spanId);
      expect(found.get(one.spanId)!.idLinks[0]!.confidence).toBeCloseTo(0.97 * 0.75);
    }
  });

  it('joins the interfaces on both sides of a proxy', () => {
    const sketch = { ids: [id('a')] };
    const [before, behind] = [
      span(1, 'node-interface', 0, 10, sketch),
      span(2, 'node-interface', 1, 9, sketch),
    ];
    expect(parentOf([before, behind], behind)).toBe(before.spanId);
    expect(parentOf([before, behind], before)).toBeNull();
    // As long as each other, to the nanosecond.
    const same = [1, 2].map((n) => span(n, 'node-interface', 0, 10, sketch));
    expect(weave(same).flatMap((trace) => trace.spans)).toHaveLength(2);
  });
});

describe('an id on several hops of one trace', () => {
  it('is told apart by who was called by whom, even with one path for all', () => {
    const sketch = { ids: [id('a')] };
    const first = call(1, 0, 100, sketch);
    const front = request(2, 1, 99, sketch);
    const second = call(3, 10, 90, sketch, front);
    const middle = request(4, 11, 89, sketch);
    const third = call(5, 20, 80, sketch, middle);
    const back = request(6, 21, 79, sketch);
    const nodes = [first, front, second, middle, third, back];
    fc.assert(
      fc.property(fc.shuffledSubarray(nodes, { minLength: nodes.length }), (shuffled) => {
        const [trace, ...others] = weave(shuffled);
        expect(others).toEqual([]);
        expect(trace!.spans.map((one) => one.node.spanId)).toEqual(nodes.map((node) => node.spanId));
        expect(trace!.linked).toBe(6);
      }),
    );
  });

  it('is told apart by what was asked for when calls are made side by side', () => {
    const ids = [id('a')];
    const front = request(2, 1, 99, { ids, path: '/cart' });
    const paths = ['/items/1', '/items/2', '/items/3'];
    const more = { name: 'GET /items/{id}' };
    const calls = paths.map((path, i) => call(10 + i, 10, 90 + i, { ids, path, more }, front));
    const requests = paths.map((path, i) => request(20 + i, 12, 80 - i, { ids, path, more }));
    const found = places([front, ...calls, ...requests]);
    requests.forEach((one, i) => {
      expect(found.get(one.spanId)!.parentSpanId).toBe(calls[i]!.spanId);
    });
  });

  it('and the same question side by side: possible calls, no parent, but one trace', () => {
    const sketch = { ids: [id('a')] };
    const front = request(2, 1, 99, { ...sketch, path: '/cart' });
    const calls = [call(10, 10, 90, sketch, front), call(11, 10, 91, sketch, front)];
    const requests = [request(20, 12, 80, sketch), request(21, 12, 79, sketch)];
    const traces = weave([front, ...calls, ...requests]);
    expect(traces).toHaveLength(1);
    const found = places([front, ...calls, ...requests]);
    for (const one of requests) {
      const { parentSpanId, idLinks } = found.get(one.spanId)!;
      expect(parentSpanId).toBeNull();
      expect(idLinks.map((link) => link.spanId)).toEqual(calls.map((node) => node.spanId));
      expect(idLinks.every((link) => link.confidence < 0.5)).toBe(true);
    }
  });

  it('takes a trace context that tells the sender apart before anything else', () => {
    const ids = [id('a')];
    const front = request(2, 1, 99, { ids, path: '/cart' });
    const of = (n: number) => ({ ids: [...ids, id(`span ${n}`, 'context')] });
    const calls = [0, 1].map((n) => call(10 + n, 10, 90, of(n), front));
    const requests = [0, 1].map((n) => request(20 + n, 12, 80, of(n)));
    const found = places([front, ...calls, ...requests]);
    requests.forEach((one, n) => {
      expect(found.get(one.spanId)).toMatchObject({
        parentSpanId: calls[n]!.spanId,
        idLinks: [{ shared: 'context', confidence: 0.98 }],
      });
    });
  });
});

describe('repeats', () => {
  const sketch = { ids: [id('a')] };

  it('of the caller: each has its own', () => {
    const calls = [call(1, 0, 10, sketch), call(2, 20, 30, sketch)];
    const requests = [request(3, 1, 9, sketch), request(4, 21, 29, sketch)];
    const found = places([...calls, ...requests]);
    requests.forEach((one, i) => {
      expect(found.get(one.spanId)!.parentSpanId).toBe(calls[i]!.spanId);
    });
  });

  it('of the proxy, after a failure: both are of the one call', () => {
    const caller = call(1, 0, 30, sketch);
    const failed = request(3, 1, 9, { ...sketch, more: { status: 'error' } });
    const good = request(4, 11, 29, sketch);
    const found = places([caller, failed, good]);
    for (const one of [failed, good]) expect(found.get(one.spanId)!.parentSpanId).toBe(caller.spanId);
  });

  it('of nobody: two good answers to one call are no repeats', () => {
    const nodes = [call(1, 0, 30, sketch), request(3, 1, 9, sketch), request(4, 11, 29, sketch)];
    for (const one of nodes.slice(1)) expect(parentOf(nodes, one)).toBeNull();
  });
});

describe('one id for many requests, on purpose', () => {
  it('leaves out what is common', () => {
    const sketch = { ids: [id('a')] };
    const nodes = [call(1, 0, 10, sketch), request(2, 1, 9, sketch)];
    expect(places(nodes, new Set([id('a')])).get(nodes[1]!.spanId)!.parentSpanId).toBeNull();
    const crowd = Array.from({ length: 5000 }, (_, i) => call(100 + i, -5 - i, -4 - i, sketch));
    expect(parentOf([...nodes, ...crowd], nodes[1]!)).toBeNull();
  });

  it('joins what only one way fits, is never certain, and never wrong while all is seen', () => {
    const exchange = fc.record({
      at: fc.integer({ min: 0, max: 100 }),
      takes: fc.integer({ min: 8, max: 60 }),
      before: fc.integer({ min: 2, max: 3 }),
      after: fc.integer({ min: 2, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(exchange, { minLength: 2, maxLength: 12 }), (exchanges) => {
        const sketch = { ids: [id('a')] };
        const calls = exchanges.map(({ at, takes }, i) => call(1 + i, at, at + takes, sketch));
        const requests = exchanges.map(({ at, takes, before, after }, i) =>
          request(101 + i, at + before, at + takes - after, sketch),
        );
        const found = places([...calls, ...requests]);
        requests.forEach((one, i) => {
          const { parentSpanId, idLinks } = found.get(one.spanId)!;
          if (parentSpanId !== null) expect(parentSpanId).toBe(calls[i]!.spanId);
          expect(idLinks.every((link) => link.confidence < 0.99)).toBe(true);
          expect(idLinks.length).toBeGreaterThan(0);
        });
      }),
      { numRuns: 300 },
    );
  });
});

it('makes no cycles, whatever the nodes, and loses none', () => {
  const node = fc
    .record({
      n: fc.integer({ min: 1, max: 8 }),
      isCall: fc.boolean(),
      from: fc.integer({ min: 0, max: 20 }),
      takes: fc.integer({ min: 0, max: 20 }),
      id: fc.constantFrom('a', 'b'),
      parent: fc.option(fc.integer({ min: 1, max: 8 })),
      ok: fc.boolean(),
    })
    .map((one) => {
      const sketch = { ids: [id(one.id)], more: { status: one.ok ? ('ok' as const) : ('error' as const) } };
      if (!one.isCall) return request(one.n, one.from, one.from + one.takes, sketch);
      const parent = one.parent === null ? undefined : request(one.parent, 0, 1, sketch);
      return call(one.n, one.from, one.from + one.takes, sketch, parent);
    });
  fc.assert(
    fc.property(fc.uniqueArray(node, { selector: (one) => one.spanId, maxLength: 14 }), (nodes) => {
      const spans = weave(nodes).flatMap((trace) => trace.spans);
      expect(spans).toHaveLength(nodes.length);
    }),
    { numRuns: 500 },
  );
});
