import type { SpanId, SpanJson } from '@weft/model';
import { expect, test } from 'vitest';
import { type Baseline, linkedBy } from './baselines.ts';

interface Facts {
  readonly pid?: number;
  readonly tid?: number;
  readonly parent?: string;
}

function span(id: string, side: 'client' | 'server', start: number, end: number, facts: Facts): SpanJson {
  return {
    traceId: 'x'.repeat(32),
    spanId: id,
    parentSpanId: facts.parent ?? null,
    name: 'GET /',
    kind: side,
    observationPoint: `${side}-process`,
    service: 'any',
    startTimeUnixNano: String(start),
    durationNano: String(end - start),
    status: 'ok',
    attributes: { 'process.pid': facts.pid ?? 1, 'thread.id': facts.tid ?? 10 },
    links: [],
  } as unknown as SpanJson;
}

/** Two requests of two threads, the second within the first; and another process's. */
const requests = [
  span('first', 'server', 100, 400, { tid: 10 }),
  span('second', 'server', 150, 200, { tid: 11 }),
  span('other', 'server', 180, 400, { pid: 2, tid: 20 }),
];

function parentOf(rule: Baseline, time: number, tid: number): SpanId | null {
  const spans = linkedBy(rule, [...requests, span('call', 'client', time, time + 5, { tid })]);
  return spans.find((one) => one.spanId === 'call')!.parentSpanId;
}

test('the last open request of the process, whatever the thread', () => {
  expect(parentOf('last-open', 50, 10)).toBeNull();
  expect(parentOf('last-open', 120, 10)).toBe('first');
  expect(parentOf('last-open', 160, 10)).toBe('second');
  expect(parentOf('last-open', 300, 11)).toBe('first');
  expect(parentOf('last-open', 500, 10)).toBeNull();
});

test('the request that the same thread read last, while it is open', () => {
  expect(parentOf('same-thread', 160, 10)).toBe('first');
  expect(parentOf('same-thread', 160, 11)).toBe('second');
  expect(parentOf('same-thread', 300, 11)).toBeNull();
  expect(parentOf('same-thread', 300, 12)).toBeNull();
  // A thread that has read another request since, which is answered, is not thought to have turned back.
  const later = [...requests, span('third', 'server', 210, 220, { tid: 10 })];
  const [call] = linkedBy('same-thread', [...later, span('call', 'client', 300, 305, {})]).slice(-1);
  expect(call!.parentSpanId).toBeNull();
});

test('links over the network stay, and traces are made anew of all links', () => {
  const spans = linkedBy('last-open', [
    span('root', 'client', 90, 410, { pid: 9 }),
    span('served', 'server', 100, 400, { parent: 'root' }),
    span('call', 'client', 120, 130, {}),
    span('lost', 'client', 600, 610, {}),
  ]);
  expect(spans.map((one) => one.parentSpanId)).toEqual([null, 'root', 'served', null]);
  expect(spans.map((one) => one.traceId)).toEqual(['root', 'root', 'root', 'lost']);
});
