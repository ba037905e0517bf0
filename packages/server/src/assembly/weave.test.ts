import type { ExchangeKey, ObservationPoint, SpanId, TraceId } from '@weft/model';
import { nanos, OBSERVATION_POINTS, observationPointIndex, spanIdOf } from '@weft/model';
import type { SpanNode } from '@weft/store';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type WovenTrace, weave } from './weave.ts';

function exchange(n: number): ExchangeKey {
  return n.toString(16).padStart(32, '0') as ExchangeKey;
}

/** A span of an exchange at a point; what is not given is as an agent would say it. */
function span(n: number, point: ObservationPoint, start: number, more: Partial<SpanNode> = {}): SpanNode {
  const key = exchange(n);
  const client = spanIdOf(key, observationPointIndex('client-process'));
  return {
    spanId: spanIdOf(key, observationPointIndex(point)),
    exchangeKey: key,
    carriedTraceId: null,
    parentSpanId: point === 'server-process' ? client : null,
    chosenSpanId: null,
    chosenConfidence: 0,
    name: `call ${n}`,
    kind: point === 'client-process' ? 'client' : 'server',
    observationPoint: point,
    service: 's',
    start: nanos(start),
    duration: 10,
    status: 'ok',
    ...more,
  };
}

/** A call made while serving `served`. */
function call(n: number, served: SpanNode, start: number, confidence = 1): SpanNode {
  return span(n, 'client-process', start, {
    parentSpanId: served.spanId,
    chosenSpanId: served.spanId,
    chosenConfidence: confidence,
  });
}

/** `parent > child` pairs by name and point, in the trace's order. */
function shape(trace: WovenTrace): string[] {
  const names = new Map(
    trace.spans.map(({ node }) => [node.spanId, `${node.name} ${node.observationPoint}`]),
  );
  return trace.spans.map((one) => {
    const own = names.get(one.node.spanId)!;
    return one.parentSpanId === null ? own : `${names.get(one.parentSpanId)} > ${own}`;
  });
}

function only(traces: readonly WovenTrace[]): WovenTrace {
  expect(traces).toHaveLength(1);
  return traces[0]!;
}

describe('weave', () => {
  it('joins both ends of an exchange, and calls to what was served when they were made', () => {
    const root = span(1, 'client-process', 0);
    const server = span(1, 'server-process', 1);
    const first = call(2, server, 2);
    const second = call(3, server, 5);
    const end = span(3, 'server-process', 6);
    const trace = only(weave([end, second, server, first, root]));
    expect(trace.traceId).toBe(exchange(1));
    expect(trace.spans.map((s) => s.node.name)).toEqual(['call 1', 'call 1', 'call 2', 'call 3', 'call 3']);
    expect(trace.spans.map((s) => s.parentSpanId)).toEqual([
      null,
      root.spanId,
      server.spanId,
      server.spanId,
      second.spanId,
    ]);
    expect(trace.spans.map((s) => s.byExchange)).toEqual([false, true, false, false, true]);
    expect(trace.linked).toBe(5);
  });

  it('puts interfaces between the processes, in the order of the way', () => {
    const points: ObservationPoint[] = [
      'server-process',
      'server-interface',
      'node-interface',
      'client-interface',
      'client-process',
    ];
    const nodes = points.map((point, i) => span(1, point, 10 - i));
    nodes.push(span(1, 'node-interface', 9, { spanId: 'feedfeedfeedfeed' as SpanId }));
    expect(only(weave(nodes)).spans.map((s) => s.node.observationPoint)).toEqual([
      'client-process',
      'client-interface',
      'node-interface',
      'node-interface',
      'server-interface',
      'server-process',
    ]);
  });

  it('makes a server span whose client was never seen a root', () => {
    const trace = only(weave([span(1, 'server-process', 0)]));
    expect(trace.spans[0]!.parentSpanId).toBeNull();
    expect(trace.linked).toBe(1);
  });

  it('shows a call whose cause is missing as a root without a known cause', () => {
    const trace = only(weave([call(2, span(1, 'server-process', 0), 5)]));
    expect(trace.spans[0]!.parentSpanId).toBeNull();
    expect(trace.linked).toBe(0);
  });

  it('keeps each message of a call that carries several with its own', () => {
    const id = (point: number, index: number): SpanId => spanIdOf(exchange(1), point, index);
    const nodes = [0, 1].flatMap((index) => [
      span(1, 'client-process', index, { spanId: id(0, index), name: `m${index}` }),
      span(1, 'server-process', 10 - index, {
        spanId: id(4, index),
        parentSpanId: id(0, index),
        name: `m${index}`,
      }),
    ]);
    const trace = only(weave(nodes));
    for (const one of trace.spans) {
      if (one.parentSpanId === null) continue;
      expect(trace.spans.find((s) => s.node.spanId === one.parentSpanId)!.node.name).toBe(one.node.name);
    }
    expect(trace.spans.filter((s) => s.parentSpanId !== null)).toHaveLength(2);
  });

  it('is one trace with several roots when a trace id was carried but nothing links', () => {
    const carriedTraceId = 'c'.repeat(32) as TraceId;
    const nodes = [
      span(1, 'server-process', 5, { carriedTraceId }),
      span(2, 'server-process', 1, { carriedTraceId }),
      span(3, 'server-process', 3),
    ];
    const traces = weave(nodes);
    expect(traces.map((t) => t.traceId)).toEqual([carriedTraceId, exchange(3)]);
    expect(shape(traces[0]!)).toEqual(['call 2 server-process', 'call 1 server-process']);
    expect(traces[0]!.linked).toBe(1);
  });

  it('cuts a cycle at its weakest link', () => {
    const a = span(1, 'client-process', 0);
    const b = span(2, 'client-process', 1);
    const c = span(3, 'client-process', 2);
    const to = (node: SpanNode, parent: SpanNode, chosenConfidence: number): SpanNode => ({
      ...node,
      parentSpanId: parent.spanId,
      chosenSpanId: parent.spanId,
      chosenConfidence,
    });
    const trace = only(weave([to(a, c, 0.9), to(b, a, 0.4), to(c, b, 0.8)]));
    expect(shape(trace)[0]).toBe('call 2 client-process');
    expect(trace.spans).toHaveLength(3);
    const self = only(weave([to(a, a, 1)]));
    expect(self.spans[0]!.parentSpanId).toBeNull();
  });

  const few = fc.nat(12);
  const node: fc.Arbitrary<SpanNode> = fc
    .record({
      id: few,
      exchange: few,
      parent: fc.option(few),
      chosen: fc.option(few),
      confidence: fc.constantFrom(0.2, 0.5, 1),
      carried: fc.option(fc.nat(3), { freq: 3 }),
      point: fc.constantFrom(...OBSERVATION_POINTS),
      start: fc.nat(20),
      duration: fc.nat(5),
    })
    .map((r) => {
      const id = (n: number): SpanId => (n + 1).toString(16).padStart(16, '0') as SpanId;
      return span(r.exchange, r.point, r.start, {
        spanId: id(r.id),
        parentSpanId: r.parent === null ? null : id(r.parent),
        chosenSpanId: r.chosen === null ? null : id(r.chosen),
        chosenConfidence: r.confidence,
        carriedTraceId: r.carried === null ? null : (`${r.carried + 1}`.repeat(32) as TraceId),
        duration: r.duration,
      });
    });
  const nodes = fc.array(node, { maxLength: 14 });
  const shuffled = nodes.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })),
  );

  it('gives the same whatever the order, for any links at all', () => {
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        expect(weave(other)).toEqual(weave(one));
      }),
      { numRuns: 1000 },
    );
  });

  it('has each span once, each parent before its child in the same trace, and no name twice', () => {
    fc.assert(
      fc.property(nodes, (all) => {
        const traces = weave(all);
        const ids = traces.flatMap((trace) => trace.spans.map((s) => s.node.spanId));
        expect(ids.sort()).toEqual([...new Set(all.map((n) => n.spanId))].sort());
        expect(new Set(traces.map((t) => t.traceId)).size).toBe(traces.length);
        for (const trace of traces) {
          const seen = new Set<SpanId>();
          for (const one of trace.spans) {
            if (one.parentSpanId !== null) expect(seen.has(one.parentSpanId)).toBe(true);
            seen.add(one.node.spanId);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('survives a chain of a hundred thousand spans', () => {
    const chain: SpanNode[] = [];
    for (let i = 0; i < 100_000; i++) {
      const served = chain[i - 1];
      chain.push(served === undefined ? span(i + 1, 'client-process', i) : call(i + 1, served, i));
    }
    const last = chain[chain.length - 1]!;
    chain[0] = { ...chain[0]!, parentSpanId: last.spanId, chosenSpanId: last.spanId, chosenConfidence: 0.1 };
    expect(only(weave(chain)).spans).toHaveLength(100_000);
  });
});
