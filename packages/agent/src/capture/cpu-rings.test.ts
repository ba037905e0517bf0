import { EVENT, KIND, RECORD, RING_DATA, RING_SLACK, RING_TAIL } from '@weft/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CpuRings, ringBytesFor } from './cpu-rings.ts';

const SIZE = 4_096;
const STRIDE = RING_DATA + SIZE + RING_SLACK;
const KEY = 0xffff_fe00;

/** ring_mark of the programs: 32 bits, wherever the position is by now. */
const markOf = (position: number) =>
  Number((BigInt.asUintN(32, BigInt(position) >> 3n) + BigInt(KEY)) & 0xffff_ffffn) | 1;

/** What the programs of one CPU do (packages/kernel/bpf/maps/rings.h), in plain arrays. */
class Producer {
  readonly #view: DataView;
  readonly #start: number;

  constructor(memory: Uint8Array, cpu: number) {
    this.#view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
    this.#start = cpu * STRIDE;
  }

  /** @returns a function that commits; null: the ring is full */
  reserve(time: number, length: number, mark: number): (() => void) | null {
    const head = Number(this.#view.getBigUint64(this.#start, true));
    const tail = Number(this.#view.getBigUint64(this.#start + RING_TAIL, true));
    const bytes = (RECORD.size + length + 7) & ~7;
    if (head + bytes - tail > SIZE) return null;
    const at = this.#start + RING_DATA + (head & (SIZE - 1));
    this.#view.setBigUint64(this.#start, BigInt(head + bytes), true);
    this.#view.setUint32(at + RECORD.length, length, true);
    for (let i = 0; i < length; i++) this.#view.setUint8(at + RECORD.size + i, mark);
    this.#view.setUint8(at + RECORD.size, KIND.SEND);
    this.#view.setBigUint64(at + RECORD.size + EVENT.time, BigInt(time), true);
    return () => this.#view.setUint32(at + RECORD.mark, markOf(head), true);
  }

  write(time: number, length = 64, mark = 7): boolean {
    const commit = this.reserve(time, length, mark);
    commit?.();
    return commit !== null;
  }
}

function lab(cpus: number) {
  const memory = new Uint8Array(cpus * STRIDE);
  return {
    rings: new CpuRings(memory, STRIDE, SIZE, KEY),
    cpu: Array.from({ length: cpus }, (_, cpu) => new Producer(memory, cpu)),
  };
}

const timeAt = (rings: CpuRings) =>
  rings.u32[(rings.offset + EVENT.time) >> 2]! + rings.u32[(rings.offset + EVENT.time + 4) >> 2]! * 2 ** 32;

function readAll(rings: CpuRings, until?: number): number[] {
  const times: number[] = [];
  rings.poll(until);
  while (rings.next()) times.push(timeAt(rings));
  rings.release();
  return times;
}

describe('the rings of several CPUs', () => {
  test('are one stream in the order of time', () => {
    const { rings, cpu } = lab(3);
    cpu[0]!.write(10);
    cpu[0]!.write(40);
    cpu[2]!.write(20);
    cpu[1]!.write(30);
    cpu[1]!.write(50);
    expect(readAll(rings)).toEqual([10, 20, 30, 40, 50]);
    expect(readAll(rings)).toEqual([]);
  });

  test('tell how full the fullest is', () => {
    const { rings, cpu } = lab(2);
    expect(rings.fullness).toBe(0);
    for (let i = 0; i < 16; i++) cpu[1]!.write(i, 128 - RECORD.size);
    cpu[0]!.write(99);
    rings.poll();
    expect(rings.fullness).toBe(0.5);
    for (let i = 0; i < 8; i++) rings.next();
    expect(rings.fullness).toBe(0.25);
    readAll(rings);
    expect(rings.fullness).toBe(0);
  });

  test('what is later than asked for waits', () => {
    const { rings, cpu } = lab(2);
    cpu[0]!.write(2 ** 40);
    cpu[1]!.write(2 ** 40 + 1);
    cpu[1]!.write(2 ** 40 + 9);
    expect(readAll(rings, 2 ** 40 + 1)).toEqual([2 ** 40, 2 ** 40 + 1]);
    expect(readAll(rings, 2 ** 40 + 8)).toEqual([]);
    cpu[0]!.write(2 ** 40 + 5);
    expect(readAll(rings)).toEqual([2 ** 40 + 5, 2 ** 40 + 9]);
  });

  test('a record that is being written holds up its own CPU alone', () => {
    const { rings, cpu } = lab(2);
    const commit = cpu[0]!.reserve(1, 64, 1)!;
    cpu[0]!.write(2);
    cpu[1]!.write(3);
    expect(readAll(rings)).toEqual([3]);
    commit();
    expect(readAll(rings)).toEqual([1, 2]);
  });

  test('a record across the end lies behind it whole, and the next one where it stops', () => {
    const { rings, cpu } = lab(1);
    for (let time = 1; time <= 9; time++) {
      expect(cpu[0]!.write(time, 1_000, time)).toBe(true);
      rings.poll();
      expect(rings.next()).toBe(true);
      expect(rings.length).toBe(1_000);
      expect(rings.bytes[rings.offset + 999]).toBe(time);
      expect(rings.next()).toBe(false);
      rings.release();
    }
  });

  test('what an earlier round left where a record is being written is no record', () => {
    const { rings, cpu } = lab(1);
    const lap = SIZE / 128;
    for (let time = 1; time <= lap; time++) cpu[0]!.write(time, 120);
    expect(readAll(rings)).toHaveLength(lap);
    const commit = cpu[0]!.reserve(lap + 1, 120, 1)!;
    cpu[0]!.write(lap + 2, 120);
    expect(readAll(rings)).toEqual([]);
    commit();
    expect(readAll(rings)).toEqual([lap + 1, lap + 2]);
  });

  test('positions go on beyond 32 bits', () => {
    const memory = new Uint8Array(STRIDE);
    const view = new DataView(memory.buffer);
    const far = 2 ** 35 - 256;
    view.setBigUint64(0, BigInt(far), true);
    view.setBigUint64(RING_TAIL, BigInt(far), true);
    const rings = new CpuRings(memory, STRIDE, SIZE, KEY);
    const cpu = new Producer(memory, 0);
    const times: number[] = [];
    for (let time = 1; time <= 99; time++) {
      cpu.write(time);
      times.push(...readAll(rings));
    }
    expect(times).toEqual(Array.from({ length: 99 }, (_, index) => index + 1));
  });

  test('room is given back by release alone', () => {
    const { rings, cpu } = lab(1);
    let written = 0;
    while (cpu[0]!.write(++written, 500)) expect(written).toBeLessThan(100);
    rings.poll();
    while (rings.next());
    expect(cpu[0]!.write(written)).toBe(false);
    rings.release();
    expect(cpu[0]!.write(written)).toBe(true);
    expect(readAll(rings)).toEqual([written]);
  });

  test('nothing is lost, doubled or out of order, however writing and reading interleave', () => {
    const step = fc.record({
      cpu: fc.nat(2),
      length: fc.integer({ min: 64, max: 3_000 }),
      read: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const { rings, cpu } = lab(3);
        const written: number[] = [];
        const seen: number[] = [];
        let time = 0;
        for (const { cpu: which, length, read } of steps) {
          if (cpu[which]!.write(++time, length, time & 255)) written.push(time);
          if (read) seen.push(...readAll(rings));
        }
        seen.push(...readAll(rings));
        expect(seen).toEqual(written);
      }),
    );
  });

  test('memory that is no ring is refused, not followed', () => {
    const memory = new Uint8Array(STRIDE);
    const view = new DataView(memory.buffer);
    view.setBigUint64(0, 128n, true);
    view.setUint32(RING_DATA + RECORD.length, 4_000, true);
    view.setUint32(RING_DATA + RECORD.mark, markOf(0), true);
    const rings = new CpuRings(memory, STRIDE, SIZE, KEY);
    expect(() => rings.poll()).toThrow(RangeError);
    expect(() => new CpuRings(memory, STRIDE, 3_000, KEY)).toThrow(RangeError);
    expect(() => new CpuRings(memory, 4_096, SIZE, KEY)).toThrow(RangeError);
  });
});

test('the size of a ring follows the number of CPUs, within bounds', () => {
  expect(ringBytesFor(1)).toBe(4 << 20);
  expect(ringBytesFor(2)).toBe(4 << 20);
  expect(ringBytesFor(6)).toBe(1 << 20);
  expect(ringBytesFor(256)).toBe(256 << 10);
});
