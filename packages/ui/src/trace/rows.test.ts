import type { Attributes } from '@weft/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomSpans } from '../testing/random-trace.ts';
import { exchange, makeSpan, makeTrace, SHOP, spanId } from '../testing/traces.ts';
import { innerSpan, isUntraced, originOf, traceRows, untracedHop, worstSpan } from './rows.ts';

describe('traceRows', () => {
  it('folds both ends of a request into one row, with both of their times', () => {
    const { rows, duration } = traceRows(SHOP);
    expect(duration).toBe(1000);
    expect(rows.map((row) => [innerSpan(row).service, row.depth, row.spans.length, row.end])).toEqual([
      ['shop', 0, 2, 3],
      ['stock', 1, 2, 2],
      ['pay', 1, 2, 3],
    ]);
    expect(rows[2]).toMatchObject({
      start: 400,
      duration: 500,
      innerStart: 420,
      innerDuration: 200,
      parent: 0,
    });
    expect(rows.some(isUntraced)).toBe(false);
  });

  it('folds all points of an exchange, and finds each by its id', () => {
    const at = (id: number, point: 'client-process' | 'client-interface' | 'server-process', from: number) =>
      makeSpan({
        id,
        parent: id === 1 ? null : id - 1,
        service: point,
        from,
        to: 100 - from,
        point,
        evidence: 'tcp-seq',
      });
    const { rows, rowOf } = traceRows(
      makeTrace([at(1, 'client-process', 0), at(2, 'client-interface', 10), at(3, 'server-process', 20)]),
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ duration: 100, innerStart: 20, innerDuration: 60 });
    expect([1, 2, 3].map((id) => rowOf.get(spanId(id)))).toEqual([0, 0, 0]);
  });

  it('leaves apart what is no single exchange', () => {
    const call = makeSpan({ id: 1, parent: null, service: 'a', from: 0, to: 9, point: 'client-process' });
    const served = (id: number, evidence: 'unit' | 'tcp-seq') =>
      makeSpan({ id, parent: 1, service: 'b', from: id, to: 8, evidence });
    expect(traceRows(makeTrace([call, served(2, 'unit')])).rows).toHaveLength(2);
    // Answered twice, as after a retransmission: neither is the one.
    expect(traceRows(makeTrace([call, served(2, 'tcp-seq'), served(3, 'tcp-seq')])).rows).toHaveLength(3);
  });

  it('knows calls of which nobody saw the other side', () => {
    const { rows } = traceRows(
      makeTrace([
        ...exchange(1, null, 'load', 'shop', [0, 9], [1, 8]),
        makeSpan({ id: 3, parent: 2, service: 'shop', from: 2, to: 5, point: 'client-process' }),
      ]),
    );
    expect(rows.map(isUntraced)).toEqual([false, true]);
  });

  it('keeps both sides of a hop that is not traced apart, and says where it is', () => {
    const call = makeSpan({ id: 1, parent: null, service: 'a', from: 0, to: 9, point: 'client-process' });
    const served = makeSpan({ id: 2, parent: 1, service: 'b', from: 1, to: 8, evidence: 'carried-id' });
    const behind = (more: Attributes) => ({ ...served, attributes: { ...more, 'weft.untraced': true } });
    const { rows } = traceRows(makeTrace([call, behind({ 'weft.untraced.address': '10.0.0.9:80' })]));
    expect(rows.map(isUntraced)).toEqual([true, false]);
    expect(rows.map((row) => untracedHop(row.spans[0]))).toEqual([null, '10.0.0.9:80']);
    expect(untracedHop(behind({}))).toBe('');
  });

  it('takes for the outcome of a request what either side calls an error', () => {
    const [call, served] = exchange(1, null, 'load', 'shop', [0, 9], [1, 8]);
    const { rows } = traceRows(makeTrace([{ ...call!, status: 'error' }, served!]));
    expect(worstSpan(rows[0]!).service).toBe('load');
    expect(worstSpan(traceRows(SHOP).rows[0]!).service).toBe('shop');
  });

  it('has each span in one row, below its parent', () => {
    fc.assert(
      fc.property(randomSpans, (spans) => {
        const { rows, rowOf } = traceRows(makeTrace(spans));
        expect(rows.flatMap((row) => row.spans)).toEqual(spans);
        for (const row of rows) {
          expect(row.start).toBeGreaterThanOrEqual(0);
          for (const span of row.spans) expect(rowOf.get(span.spanId)).toBe(row.index);
          if (row.parent < 0) continue;
          const parent = rows[row.parent]!;
          expect(row.depth).toBe(parent.depth + 1);
          expect(row.index > parent.index && row.end <= parent.end).toBe(true);
        }
      }),
    );
  });

  it('takes a trace without spans', () => {
    expect(traceRows(makeTrace([]))).toMatchObject({ rows: [], duration: 1 });
  });
});

describe('originOf', () => {
  const link = (confidence: number, chosen = false) => ({
    spanId: spanId(9),
    confidence,
    chosen,
    evidence: [{ kind: 'wakeup', key: 'thread 2', confidence }] as const,
  });
  const span = (links: readonly ReturnType<typeof link>[]) =>
    makeSpan({ id: 1, parent: null, service: 'a', from: 0, to: 1, more: { links } });

  it('tells what was decided from what was only possible', () => {
    expect(originOf(span([])).kind).toBe('none');
    expect(originOf(span([link(0.9, true), link(0.4)]))).toEqual({ kind: 'linked', link: link(0.9, true) });
    expect(originOf(span([link(0.3), link(0.4)])).kind).toBe('candidates');
    expect(originOf(span([link(0.3), link(0.9)]))).toEqual({ kind: 'parent-not-seen', link: link(0.9) });
  });
});
