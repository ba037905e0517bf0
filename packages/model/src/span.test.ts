import { expect, test } from 'vitest';
import { err, ok, unreachable } from './result.ts';
import {
  EVIDENCE_KINDS,
  OBSERVATION_POINTS,
  observationPointIndex,
  SPAN_KINDS,
  SPAN_STATUSES,
} from './span.ts';
import { epoch, nanos, toUnixNanos } from './time.ts';

test('names whose place is part of the wire format and of ids: append only', () => {
  expect(OBSERVATION_POINTS).toEqual([
    'client-process',
    'client-interface',
    'node-interface',
    'server-interface',
    'server-process',
    'app',
  ]);
  expect(OBSERVATION_POINTS.map(observationPointIndex)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(SPAN_KINDS).toEqual(['server', 'client', 'producer', 'consumer', 'internal']);
  expect(SPAN_STATUSES).toEqual(['unset', 'ok', 'error']);
  expect(EVIDENCE_KINDS.slice(0, 9)).toEqual([
    'trace-context',
    'tcp-seq',
    'unit',
    'socket-return',
    'lineage',
    'socket-origin',
    'wakeup',
    'carried-id',
    'inferred',
  ]);
});

test('moments become Unix time exactly, also after a hundred days', () => {
  const origin = epoch(1_700_000_000_123_456_789n);
  expect(toUnixNanos(origin, nanos(0))).toBe(1_700_000_000_123_456_789n);
  const days = 100 * 86_400 * 1e9;
  expect(toUnixNanos(origin, nanos(days + 1)) - origin).toBe(BigInt(days) + 1n);
});

test('results and the branch that is never taken', () => {
  expect(ok(1)).toEqual({ ok: true, value: 1 });
  expect(err('why')).toEqual({ ok: false, error: 'why' });
  expect(() => unreachable('x' as never)).toThrow('unreachable: x');
});
