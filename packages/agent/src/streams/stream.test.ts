import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf } from '../testing/events.ts';
import { HOLD_NANOS, Stream } from './stream.ts';

const WRAP = 0x1_0000_0000;

/** A stream that writes down what it gives: text, and gaps as `<n>`. */
function listen(hold?: number) {
  let text = '';
  let end = Number.NaN;
  const positions: number[] = [];
  const advance = (position: number, length: number) => {
    // Whatever comes: without holes and never back.
    if (!Number.isNaN(end)) expect(position).toBe(end);
    expect(length).toBeGreaterThan(0);
    end = position + length;
    positions.push(position);
  };
  const stream = new Stream(
    {
      bytes(bytes, position) {
        advance(position, bytes.length);
        text += String.fromCharCode(...bytes);
      },
      gap(position, length) {
        advance(position, length);
        text += `<${length}>`;
      },
    },
    hold,
  );
  const add = (raw: number, content: string, time = 0) =>
    stream.add(raw >>> 0, content.length, 0, bytesOf(content), time);
  return { stream, add, positions, text: () => text };
}

describe('order', () => {
  test('chunks in order pass at once', () => {
    const { add, text, stream } = listen();
    expect([add(100, 'ab'), add(102, 'cd')]).toEqual([true, true]);
    expect(text()).toBe('abcd');
    expect(stream.waiting).toBe(false);
  });

  test('a chunk that comes before its predecessor waits for it', () => {
    const { add, text, stream } = listen();
    add(100, 'ab');
    expect(add(104, 'ef')).toBe(false);
    expect(stream.waiting).toBe(true);
    expect(text()).toBe('ab');
    add(102, 'cd');
    expect(text()).toBe('abcdef');
    expect(stream.lostBytes).toBe(0);
  });

  test('what a chunk came with stays with it while it waits', () => {
    const seen: [string, number, number | undefined][] = [];
    const stream = new Stream({
      bytes: (bytes) => seen.push([String.fromCharCode(...bytes), stream.otherRaw, stream.moment?.tid]),
      gap: () => seen.push(['gap', stream.otherRaw, stream.moment?.tid]),
    });
    // The reporter has one object, and moves it on.
    const event = {
      ...{ time: 0, tgid: 1, tid: 0, goid: 0, parentGoid: 0, handoverGoid: 0, handoverParentGoid: 0 },
      ...{ askerGoid: 0, askerParentGoid: 0 },
      ...{ waiterGoid: 0, waiterParentGoid: 0, switches: 0 },
    };
    const add = (raw: number, content: string, otherRaw: number, tid: number) => {
      event.tid = tid;
      stream.add(raw, content.length, 0, bytesOf(content), 0, otherRaw, event);
      event.tid = 999;
    };
    add(100, 'a', 7, 1);
    add(102, 'c', 9, 3);
    add(101, 'b', 8, 2);
    add(110, 'z', 10, 4);
    stream.flush(0);
    expect(seen).toEqual([
      ['a', 7, 1],
      ['b', 8, 2],
      ['c', 9, 3],
      ['gap', 10, undefined],
      ['z', 10, 4],
    ]);
    expect(stream.moment).toBeNull();
  });

  test('the sequence wraps at 32 bits, positions go on', () => {
    const { add, text, positions } = listen();
    add(WRAP - 2, 'abcd');
    add(2, 'ef');
    expect(text()).toBe('abcdef');
    expect(positions).toEqual([WRAP - 2, WRAP + 2]);
  });

  test('it wraps many times', () => {
    const { stream, positions } = listen();
    const step = 1 << 29;
    for (let i = 0; i < 40; i++) stream.add((i * step) >>> 0, step, 0, new Uint8Array(0), 0);
    expect(positions.at(-1)).toBe(39 * step);
  });
});

describe('what comes twice', () => {
  test('the same chunk again is dropped', () => {
    const { add, text } = listen();
    add(100, 'abc');
    expect(add(100, 'abc')).toBe(true);
    expect(text()).toBe('abc');
  });

  test('a send that was announced and accepted in part is sent again from there: its bytes count once', () => {
    const { add, text } = listen();
    add(100, 'abcdef');
    add(103, 'def');
    add(106, 'gh');
    expect(text()).toBe('abcdefgh');
  });

  test('an overlap gives what is new of it', () => {
    const { add, text } = listen();
    add(100, 'abcd');
    add(102, 'cdef');
    expect(text()).toBe('abcdef');
  });

  test('the new part of a chunk whose beginning was not copied', () => {
    const { stream, text, add } = listen();
    add(100, 'abcd');
    stream.add(102, 8, 4, bytesOf('gh'), 0);
    expect(text()).toBe('abcd<2>gh<2>');
  });
});

describe('what is missing', () => {
  test('the middle that was not copied is a gap of known length', () => {
    const { stream, text } = listen();
    stream.add(100, 10, 3, bytesOf('def'), 0);
    stream.add(110, 4, 0, new Uint8Array(0), 0);
    expect(text()).toBe('<3>def<4><4>');
    expect(stream.lostBytes).toBe(0);
  });

  test('what never comes is declared lost when the hold is over', () => {
    const { add, stream, text } = listen();
    add(100, 'ab', 0);
    add(105, 'fg', 1_000);
    stream.expire(1_000 + HOLD_NANOS - 1);
    expect(text()).toBe('ab');
    stream.expire(1_000 + HOLD_NANOS);
    expect(text()).toBe('ab<3>fg');
    expect(stream.lostBytes).toBe(3);
    // Late, it is dropped.
    add(102, 'cde', 1_000 + HOLD_NANOS);
    expect(text()).toBe('ab<3>fg');
  });

  test('the next chunk notices that the hold is over', () => {
    const { add, text } = listen();
    add(100, 'ab', 0);
    add(103, 'd', 0);
    add(106, 'g', HOLD_NANOS + 1);
    expect(text()).toBe('ab<1>d');
  });

  test('the end of the stream gives out what waits', () => {
    const { add, stream, text } = listen();
    add(100, 'a');
    add(102, 'c');
    add(104, 'e');
    stream.flush(0);
    expect(text()).toBe('a<1>c<1>e');
    expect(stream.waiting).toBe(false);
  });

  test('no more than so many chunks wait', () => {
    const { add, text } = listen();
    add(0, 'a');
    for (let i = 1; i <= 33; i++) add(2 * i, 'x');
    expect(text()).toBe(`a${'<1>x'.repeat(33)}`);
  });
});

describe('where it begins', () => {
  test('the first chunk says where', () => {
    const { add, positions } = listen();
    add(5_000, 'x');
    expect(positions).toEqual([5_000]);
  });

  test('bytes between the place that the other direction told and the first chunk are a gap', () => {
    const { stream, add, text } = listen();
    stream.next = 100;
    add(110, 'x', 0);
    expect(text()).toBe('');
    stream.expire(HOLD_NANOS);
    expect(text()).toBe('<10>x');
  });

  test('the first chunk may lie before the place that the other direction told: a response overtook its request', () => {
    const { stream, add, text } = listen();
    stream.next = 110;
    add(100, 'request');
    expect(text()).toBe('request');
  });

  test('a place that has nothing to do with the first chunk is forgotten', () => {
    const { stream, add, text, positions } = listen();
    stream.next = 100;
    add(0x7000_0000, 'x');
    expect([text(), positions]).toEqual(['x', [0x7000_0000]]);
  });

  test.each([
    ['forward', 0x6000_0000],
    ['back', 0xb000_0000],
  ])('a jump %s: everything between counts as lost, and it goes on from there', (_, to) => {
    const { add, text, stream, positions } = listen();
    add(0, 'ab');
    add(10, 'held');
    add(to, 'x');
    add(to + 1, 'y');
    expect(text()).toBe(`ab<${to - 2}>xy`);
    expect(positions.at(-1)).toBe(to + 1);
    expect(stream.lostBytes).toBe(to - 2);
  });
});

test('any order, any overlap and any repetition within the hold give the same bytes', () => {
  const content = fc.string({ minLength: 1, maxLength: 80, unit: fc.constantFrom(...'abcdefgh') });
  const world = fc
    .record({
      text: content,
      start: fc.oneof(fc.constantFrom(0, WRAP - 1, WRAP - 40, 0x7fff_fff0), fc.nat(0xffff_ffff)),
      cuts: fc.array(fc.nat(80), { maxLength: 12 }),
      extra: fc.array(fc.tuple(fc.nat(80), fc.nat(20)), { maxLength: 8 }),
    })
    .chain(({ text, start, cuts, extra }) => {
      const edges = [...new Set([0, text.length, ...cuts.map((cut) => cut % text.length)])].sort(
        (a, b) => a - b,
      );
      const chunks = edges.slice(1).map((edge, i) => [edges[i]!, edge] as const);
      for (const [from, length] of extra) {
        const at = from % text.length;
        chunks.push([at, Math.min(text.length, at + length + 1)]);
      }
      return fc.record({
        text: fc.constant(text),
        start: fc.constant(start),
        order: fc.shuffledSubarray(chunks, { minLength: chunks.length, maxLength: chunks.length }),
      });
    });
  fc.assert(
    fc.property(world, ({ text, start, order }) => {
      const { stream, add, text: given } = listen();
      stream.next = start;
      for (const [from, to] of order) add(start + from, text.slice(from, to));
      expect(given()).toBe(text);
      expect(stream.waiting).toBe(false);
      expect(stream.lostBytes).toBe(0);
    }),
    { numRuns: 1_000 },
  );
});

test('with pieces missing, what is there is given in order, and the gaps have the right lengths', () => {
  const chunks = fc
    .array(fc.record({ length: fc.integer({ min: 1, max: 9 }), isThere: fc.boolean() }), {
      minLength: 1,
      maxLength: 20,
    })
    .filter((all) => all.some((chunk) => chunk.isThere));
  fc.assert(
    fc.property(chunks, fc.infiniteStream(fc.nat()), (all, random) => {
      const { stream, add, text } = listen();
      stream.next = 1_000;
      const there: [number, string][] = [];
      let position = 1_000;
      let expected = '';
      let missing = 0;
      for (const [i, { length, isThere }] of all.entries()) {
        if (isThere) {
          const content = String.fromCharCode(97 + (i % 26)).repeat(length);
          there.push([position, content]);
          expected += (missing > 0 ? `<${missing}>` : '') + content;
          missing = 0;
        } else missing += length;
        position += length;
      }
      const keyed = there.map((chunk) => ({ chunk, key: random.next().value as number }));
      for (const { chunk } of keyed.sort((a, b) => a.key - b.key)) add(...chunk);
      stream.flush(0);
      expect(text()).toBe(expected);
    }),
  );
});

test('any numbers at all: positions never go back and nothing is handed over twice', () => {
  const number = fc.oneof(
    fc.nat(100),
    fc.nat(0xffff_ffff),
    fc.constantFrom(0, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
  );
  const chunk = fc.record({
    raw: number,
    length: number,
    skipped: fc.nat(40),
    size: fc.nat(40),
    time: fc.nat(1e9),
  });
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 60 }), (chunks) => {
      const { stream } = listen();
      for (const { raw, length, skipped, size, time } of chunks) {
        // What the pipeline lets through.
        if (skipped + size > length) continue;
        stream.add(raw, length, skipped, new Uint8Array(size), time);
      }
      stream.flush(2e9);
    }),
    { numRuns: 500 },
  );
});
