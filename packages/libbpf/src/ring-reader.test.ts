import { describe, expect, it } from 'vitest';
import { RingReader } from './ring-reader.ts';

const BUSY = 0x8000_0000;
const DISCARD = 0x4000_0000;

/** The kernel's side of a ring buffer, as kernel/bpf/ringbuf.c does it, over plain memory. */
class Producer {
  readonly size: number;
  readonly consumer = new ArrayBuffer(4096);
  /** The producer's page and the data twice, as one mapping: the way the live ring has it. */
  readonly rest: ArrayBuffer;
  readonly reader: RingReader;
  private position: bigint;
  private readonly view: DataView;

  constructor(size: number, start = 0n) {
    this.size = size;
    this.rest = new ArrayBuffer(4096 + 2 * size);
    this.view = new DataView(this.rest);
    this.position = start;
    new BigUint64Array(this.consumer)[0] = start;
    this.publish(start);
    this.reader = new RingReader({
      consumer: this.consumer,
      producer: this.rest,
      data: this.rest,
      dataOffset: 4096,
      size,
    });
  }

  get consumed(): bigint {
    return new BigUint64Array(this.consumer)[0]!;
  }

  /** @returns the record's offset in the data, or null when the ring is full */
  reserve(length: number): number | null {
    const total = BigInt((length + 8 + 7) & ~7);
    const after = BigInt.asUintN(64, this.position + total);
    if (BigInt.asUintN(64, after - this.consumed) > BigInt(this.size - 1)) return null;
    const at = Number(this.position & BigInt(this.size - 1));
    this.write32(at, (length | BUSY) >>> 0);
    this.publish(after);
    return at + 8;
  }

  commit(at: number, length: number, flags = 0): void {
    this.write32(at - 8, (length | flags) >>> 0);
  }

  /** A whole record whose bytes are all `fill`. */
  submit(length: number, fill: number): boolean {
    const at = this.reserve(length);
    if (at === null) return false;
    for (let i = 0; i < length; i++) this.write8(at + i, fill);
    this.commit(at, length);
    return true;
  }

  private publish(position: bigint): void {
    this.position = position;
    this.view.setBigUint64(0, position, true);
  }

  private write32(at: number, value: number): void {
    for (let i = 0; i < 4; i++) this.write8(at + i, (value >>> (8 * i)) & 0xff);
  }

  /** The same page is mapped twice: a byte shows in both places. */
  private write8(at: number, value: number): void {
    const base = at & (this.size - 1);
    this.view.setUint8(4096 + base, value);
    this.view.setUint8(4096 + base + this.size, value);
  }
}

/** Reads all that is there: [length, first byte, whether all bytes are the same]. */
function drain(reader: RingReader): [number, number, boolean][] {
  const records: [number, number, boolean][] = [];
  reader.poll();
  while (reader.next()) {
    const bytes = reader.bytes.subarray(reader.offset, reader.offset + reader.length);
    records.push([reader.length, bytes[0] ?? -1, bytes.every((byte) => byte === bytes[0])]);
  }
  return records;
}

describe('RingReader', () => {
  it('reads nothing from an empty ring', () => {
    const { reader } = new Producer(4096);
    expect(reader.poll()).toBe(false);
    expect(reader.next()).toBe(false);
    expect(reader.pending()).toBe(0);
  });

  it('gives records in order, 8-byte aligned, and their bytes through every view', () => {
    const producer = new Producer(4096);
    for (const [length, fill] of [
      [1, 11],
      [8, 22],
      [13, 33],
    ] as const)
      producer.submit(length, fill);
    const { reader } = producer;
    expect(reader.pending()).toBe(16 + 16 + 24);
    expect(reader.poll()).toBe(true);
    expect(reader.next()).toBe(true);
    expect([reader.offset, reader.length, reader.bytes[reader.offset]]).toEqual([8, 1, 11]);
    expect(reader.next()).toBe(true);
    expect([reader.offset, reader.length]).toEqual([24, 8]);
    expect(reader.u32[reader.offset >> 2]).toBe(0x16161616);
    expect(reader.i32[reader.offset >> 2]).toBe(0x16161616);
    expect(reader.u16[reader.offset >> 1]).toBe(0x1616);
    expect(reader.next()).toBe(true);
    expect([reader.offset, reader.length]).toEqual([40, 13]);
    expect(reader.next()).toBe(false);
  });

  it('gives space back only on release, a batch at a time', () => {
    const producer = new Producer(64);
    expect(producer.submit(24, 1)).toBe(true);
    expect(producer.submit(16, 2)).toBe(true);
    // The kernel never fills the last byte: 32 + 24 of 63 are used.
    expect(producer.submit(1, 3)).toBe(false);
    expect(drain(producer.reader)).toEqual([
      [24, 1, true],
      [16, 2, true],
    ]);
    expect(producer.consumed).toBe(0n);
    expect(producer.submit(1, 3)).toBe(false);
    producer.reader.release();
    expect(producer.consumed).toBe(56n);
    expect(producer.submit(1, 3)).toBe(true);
    expect(drain(producer.reader)).toEqual([[1, 3, true]]);
  });

  it('stops at a record that is being written and goes on when it is committed', () => {
    const producer = new Producer(4096);
    producer.submit(8, 1);
    const open = producer.reserve(8)!;
    producer.submit(8, 3);
    const { reader } = producer;
    expect(drain(reader)).toEqual([[8, 1, true]]);
    reader.release();
    expect(producer.consumed).toBe(16n);
    expect(reader.pending()).toBe(32);
    expect(drain(reader)).toEqual([]);
    producer.commit(open, 8);
    expect(drain(reader).map((record) => record[1])).toEqual([0, 3]);
  });

  it('skips discarded records and gives their space back', () => {
    const producer = new Producer(4096);
    producer.commit(producer.reserve(100)!, 100, DISCARD);
    producer.submit(8, 2);
    producer.commit(producer.reserve(50)!, 50, DISCARD);
    expect(drain(producer.reader)).toEqual([[8, 2, true]]);
    producer.reader.release();
    expect(producer.consumed).toBe(112n + 16n + 64n);
    expect(producer.reader.pending()).toBe(0);
  });

  it('ends at what the last poll saw', () => {
    const producer = new Producer(4096);
    producer.submit(8, 1);
    expect(producer.reader.poll()).toBe(true);
    producer.submit(8, 2);
    expect(producer.reader.next()).toBe(true);
    expect(producer.reader.next()).toBe(false);
    expect(drain(producer.reader)).toEqual([[8, 2, true]]);
  });

  it('reads a record across the end of the ring in one piece', () => {
    const producer = new Producer(64);
    producer.submit(40, 1);
    drain(producer.reader);
    producer.reader.release();
    expect(producer.submit(32, 2)).toBe(true);
    expect(drain(producer.reader)).toEqual([[32, 2, true]]);
    expect(producer.reader.offset + producer.reader.length).toBeGreaterThan(64);
  });

  it.each([
    ['the start', 0n],
    ['where the low word becomes negative', 0x8000_0000n - 512n],
    ['where the low word wraps', 0x1_0000_0000n - 512n],
    ['where the whole position wraps', 0x1_0000_0000_0000_0000n - 512n],
  ])('keeps every byte over many rounds from %s on', (_name, start) => {
    const producer = new Producer(256, start);
    let random = 12345;
    let written = 0;
    let read = 0;
    let refused = 0;
    const lengths: number[] = [];
    for (let step = 0; step < 5000; step++) {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      const length = 1 + ((random >>> 8) % 90);
      if (producer.submit(length, written & 0xff)) {
        lengths.push(length);
        written++;
      } else {
        refused++;
      }
      if ((random >>> 20) % 3 !== 0) continue;
      for (const [size, fill, whole] of drain(producer.reader)) {
        expect([size, fill, whole]).toEqual([lengths[read], read & 0xff, true]);
        read++;
      }
      producer.reader.release();
    }
    read += drain(producer.reader).length;
    expect(read).toBe(written);
    expect(refused).toBeGreaterThan(100);
    expect(written).toBeGreaterThan(1000);
  });

  it('refuses headers that cannot be true, and sizes that are no ring', () => {
    const producer = new Producer(4096);
    const at = producer.reserve(8)!;
    producer.commit(at, 0x3000);
    producer.reader.poll();
    expect(() => producer.reader.next()).toThrow(RangeError);
    expect(() => new Producer(100)).toThrow(RangeError);
  });
});
