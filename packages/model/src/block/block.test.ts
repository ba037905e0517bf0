import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExchangeKey, SpanId, TraceId } from '../ids.ts';
import type { JoinId } from '../join-id.ts';
import { EVIDENCE_KINDS, OBSERVATION_POINTS, SPAN_KINDS, SPAN_STATUSES, type SpanRecord } from '../span.ts';
import { epoch, nanos } from '../time.ts';
import { checkBlock } from './check.ts';
import { decodeSpans } from './decode.ts';
import { BlockEncoder, encodeBlock } from './encode.ts';
import { readNative } from './native-reader.ts';
import { SPAN_COLUMNS } from './schema.ts';

const EPOCH = epoch(1_760_000_000_123_456_789n);

function hex(digits: number): fc.Arbitrary<string> {
  return fc
    .uint8Array({ minLength: digits / 2, maxLength: digits / 2 })
    .map((bytes) => Buffer.from(bytes).toString('hex'))
    .filter((text) => !/^0+$/.test(text));
}

const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme', maxLength: 100 }));
const spanId = hex(16) as fc.Arbitrary<SpanId>;
const evidence = fc.record({
  kind: fc.constantFrom(...EVIDENCE_KINDS),
  key: text,
  confidence: fc.double({ min: 0, max: 1 }),
});
const link = fc.record({
  spanId,
  evidence: fc.array(evidence, { maxLength: 3 }),
  confidence: fc.double({ min: 0, max: 1 }),
  chosen: fc.boolean(),
});
const members = {
  spanId,
  exchangeKey: hex(32) as fc.Arbitrary<ExchangeKey>,
  carriedTraceId: fc.option(hex(32) as fc.Arbitrary<TraceId>),
  parentSpanId: fc.option(spanId),
  links: fc.array(link, { maxLength: 3 }),
  name: text,
  kind: fc.constantFrom(...SPAN_KINDS),
  observationPoint: fc.constantFrom(...OBSERVATION_POINTS),
  service: text,
  start: fc.maxSafeInteger().map(nanos),
  duration: fc.maxSafeNat(),
  status: fc.constantFrom(...SPAN_STATUSES),
  attributes: fc.dictionary(
    fc.oneof(text, fc.constantFrom('http.request.method', '__proto__')),
    fc.oneof(text, fc.double({ noNaN: true }), fc.boolean()),
    { maxKeys: 5, noNullPrototype: true },
  ),
};
const joinIds = {
  joinIds: fc.array(spanId as fc.Arbitrary<string> as fc.Arbitrary<JoinId>, { minLength: 1, maxLength: 3 }),
};
const record: fc.Arbitrary<SpanRecord> = fc.oneof(fc.record(members), fc.record({ ...members, ...joinIds }));

/** Round trips keep no lone surrogates (UTF-8 has none) and order attributes by type. */
function canonical(span: SpanRecord): unknown {
  const utf8 = (value: string): string => Buffer.from(value).toString();
  return JSON.parse(
    JSON.stringify(
      { ...span, attributes: Object.entries(span.attributes).sort((a, b) => (a[0] < b[0] ? -1 : 1)) },
      (_, v) => (typeof v === 'string' ? utf8(v) : Object.is(v, -0) ? 0 : v),
    ),
  );
}

describe('wire block', () => {
  it('gives back every span as it was', () => {
    const encoder = new BlockEncoder({ agentId: 'a1', host: 'h', epoch: EPOCH });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), (records) => {
        for (const span of records) encoder.add(span);
        expect(encoder.rows).toBe(records.length);
        const bytes = encoder.take();
        expect(encoder.rows).toBe(0);
        expect(checkBlock(bytes)).toEqual({ ok: true, value: { rows: records.length } });
        const decoded = decodeSpans(bytes, EPOCH);
        if (!decoded.ok) throw new Error(decoded.error);
        expect(decoded.value.map((span) => canonical(span.record))).toEqual(records.map(canonical));
        expect(decoded.value.every((span) => span.agentId === 'a1' && span.host === 'h')).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('goes into memory that is free again, whatever lies there, if it fits', () => {
    const encoder = new BlockEncoder({ agentId: 'a1', host: 'h', epoch: EPOCH });
    const spans = fc.sample(record, { numRuns: 9, seed: 2 });
    const take = (spare: ArrayBuffer | null) => {
      for (const span of spans) encoder.add(span);
      return encoder.take(spare);
    };
    const fresh = take(null);
    const spare = new Uint8Array(fresh.length + 100).fill(0xee).buffer;
    const again = take(spare);
    expect(again.buffer).toBe(spare);
    expect(again).toEqual(fresh);
    const tooSmall = new ArrayBuffer(fresh.length - 1);
    expect(take(tooSmall)).toEqual(fresh);
    expect(new Uint8Array(tooSmall).every((byte) => byte === 0)).toBe(true);
  });

  it('knows about how large it is before it is taken', () => {
    const encoder = new BlockEncoder({ agentId: 'a1', host: 'h', epoch: EPOCH });
    expect(encoder.size).toBe(0);
    const plain = fc.sample(record, { numRuns: 1, seed: 1 })[0]!;
    for (const [text, count] of [
      ['x'.repeat(3_000), 400],
      ['short', 4_000],
    ] as const) {
      const attributes = { 'url.path': text, 'process.pid': 7, 'client.port': 8 };
      for (let i = 0; i < count; i++) encoder.add({ ...plain, name: `${i % 50}`, links: [], attributes });
      const told = encoder.size;
      const real = encoder.take().length;
      expect(told / real).toBeGreaterThan(0.7);
      expect(told / real).toBeLessThan(1.5);
    }
  });

  it('writes absolute times exactly, also before the epoch and across a carry', () => {
    for (const start of [0, -1, 1, 0xffff_ffff, 0x1_0000_0000, -0x1_0000_0001, 2 ** 52 + 1]) {
      const span = { ...fc.sample(record, { numRuns: 1, seed: 1 })[0]!, start: nanos(start) };
      const bytes = encodeBlock([span], { agentId: '', host: '', epoch: EPOCH });
      const column = readColumn(bytes, 'start_time');
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      expect(view.getBigInt64(column, true)).toBe(EPOCH + BigInt(start));
    }
  });

  it('keeps the order of hex digits: the number reads as users see the id', () => {
    const span = { ...fc.sample(record, { numRuns: 1, seed: 1 })[0]!, spanId: '0123456789abcdef' as SpanId };
    const bytes = encodeBlock([span], { agentId: '', host: '', epoch: EPOCH });
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    expect(view.getBigUint64(readColumn(bytes, 'span_id'), true)).toBe(0x0123456789abcdefn);
  });

  it('uses wider indexes for larger dictionaries', () => {
    const one = fc.sample(record, { numRuns: 1, seed: 2 })[0]!;
    for (const count of [256, 257, 70_000]) {
      const records = Array.from({ length: count }, (_, i) => ({
        ...one,
        links: [],
        attributes: {},
        name: `n${i}`,
      }));
      const bytes = encodeBlock(records, { agentId: 'a', host: 'h', epoch: EPOCH });
      expect(checkBlock(bytes).ok).toBe(true);
      const decoded = decodeSpans(bytes, EPOCH);
      expect(decoded.ok && decoded.value[count - 1]!.record.name).toBe(`n${count - 1}`);
    }
  });

  it('refuses any other bytes without throwing', () => {
    const good = encodeBlock(fc.sample(record, { numRuns: 5, seed: 3 }), {
      agentId: 'a',
      host: 'h',
      epoch: EPOCH,
    });
    for (let cut = 0; cut < good.length; cut++) expect(checkBlock(good.subarray(0, cut)).ok).toBe(false);
    expect(checkBlock(new Uint8Array([...good, 0])).ok).toBe(false);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => !checkBlock(bytes).ok));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length - 1), (at, value, other) => {
        const bytes = good.slice();
        bytes[at] = value;
        bytes[other] = 255 - value;
        const checked = checkBlock(bytes);
        // What passes the check can be read.
        if (checked.ok) expect(decodeSpans(bytes, EPOCH).ok).toBe(true);
        else expect(typeof checked.error).toBe('string');
      }),
      { numRuns: 2000 },
    );
  });

  it('does not believe counts', () => {
    const header = [SPAN_COLUMNS.length, 0xff, 0xff, 0xff, 0xff, 0x0f];
    expect(checkBlock(new Uint8Array(header)).ok).toBe(false);
    expect(readNative(new Uint8Array([1, 200, 1, 1, 97, 6, ...Buffer.from('String')])).ok).toBe(false);
  });
});

function readColumn(bytes: Uint8Array, name: string): number {
  const blocks = readNative(bytes);
  if (!blocks.ok) throw new Error(blocks.error);
  const data = blocks.value[0]!.columns.find((column) => column.name === name)!.data;
  if (data.form !== 'fixed') throw new Error('no fixed column');
  return data.at;
}
