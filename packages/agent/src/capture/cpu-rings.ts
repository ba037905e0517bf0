import { EVENT, RECORD, RING_DATA, RING_SLACK, RING_TAIL } from '@weft/kernel';
import type { RecordMemory } from './socket-event.ts';

const HIGH = 0x1_0000_0000;
const LENGTH = RECORD.length / 4;
const MARK = RECORD.mark / 4;
/** All events have their time at one place. */
const TIME = (RECORD.size + EVENT.time) / 4;

/** One CPU's ring. Positions are bytes since the start, 53 bits. */
interface CpuRing {
  /** Where its data begins in the mapped memory, bytes. */
  readonly data: number;
  /** Index of its head and tail among the memory's 64-bit words. */
  readonly head: number;
  readonly tail: number;
  /** The kernel may write over everything below. */
  released: number;
  /** The next record begins here. */
  cursor: number;
  /** The head when it was looked at last. */
  limit: number;
  /** Time of the record at the cursor; infinite: there is none yet. */
  time: number;
}

/**
 * Reads the rings of all CPUs (packages/kernel/bpf/maps/rings.h) in the order of the events' times, in place: no copy and no
 * object an event.
 *
 * ```ts
 * rings.poll(until);
 * while (rings.next()) handle(rings, rings.offset, rings.length);
 * rings.release();
 * ```
 */
export class CpuRings implements RecordMemory {
  readonly bytes: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  /** Of the current record: where it begins in `bytes`, a multiple of 8, and its bytes. Valid until `release`. */
  offset = 0;
  length = 0;
  readonly #words: BigUint64Array;
  readonly #marks: Int32Array;
  readonly #key: number;
  readonly #rings: readonly CpuRing[];
  readonly #size: number;
  #until = Number.POSITIVE_INFINITY;
  #current: CpuRing;
  /** Time of the oldest record that waits on another CPU than the current one. */
  #others = Number.NEGATIVE_INFINITY;

  /**
   * @param memory the mapped array map, an element a CPU
   * @param stride bytes of an element
   * @param size bytes of a ring's data, a power of two
   * @param key `weft_ring_key` of the programs: the marks of records begin there
   */
  constructor(memory: Uint8Array, stride: number, size: number, key: number) {
    const { buffer, byteOffset, length } = memory;
    if (size < 8 || (size & (size - 1)) !== 0 || stride < RING_DATA + size + RING_SLACK || stride % 8 !== 0) {
      throw new RangeError(`rings of ${size} bytes do not lie ${stride} bytes apart`);
    }
    this.bytes = memory;
    this.u16 = new Uint16Array(buffer, byteOffset, length >> 1);
    this.u32 = new Uint32Array(buffer, byteOffset, length >> 2);
    this.#marks = new Int32Array(buffer, byteOffset, length >> 2);
    this.#words = new BigUint64Array(buffer, byteOffset, length >> 3);
    this.#size = size;
    this.#key = key;
    this.#rings = Array.from({ length: Math.floor(length / stride) }, (_, cpu) => {
      const start = cpu * stride;
      const tail = (start + RING_TAIL) >> 3;
      const read = Number(Atomics.load(this.#words, tail));
      return {
        data: start + RING_DATA,
        head: start >> 3,
        tail,
        released: read,
        cursor: read,
        limit: read,
        time: Number.POSITIVE_INFINITY,
      };
    });
    this.#current = this.#rings[0]!;
  }

  /**
   * Looks how far the programs are: `next` goes no further than that, so a loop over one poll ends.
   * @param until records of a later time wait for the next poll. A program stamps its event before it reserves room: what is
   *   a little older than now can be relied on to be there, on all CPUs, and order holds
   */
  poll(until = Number.POSITIVE_INFINITY): void {
    this.#until = until;
    for (const ring of this.#rings) {
      ring.limit = Number(Atomics.load(this.#words, ring.head));
      this.#look(ring);
    }
    this.#choose();
  }

  /**
   * Goes on to the next record by time.
   * @returns false when there is none, of those before the last `poll`'s time
   * @throws RangeError when a record cannot be true (the memory is not that of a ring)
   */
  next(): boolean {
    let ring = this.#current;
    if (ring.time > this.#others) {
      this.#choose();
      ring = this.#current;
    }
    if (ring.time > this.#until || ring.time === Number.POSITIVE_INFINITY) return false;
    const at = ring.data + (ring.cursor & (this.#size - 1));
    const length = this.u32[(at >> 2) + LENGTH]!;
    const bytes = (RECORD.size + length + 7) & ~7;
    ring.cursor += bytes;
    this.offset = at + RECORD.size;
    this.length = length;
    this.#look(ring);
    return true;
  }

  /** Gives everything read so far back to the kernel. */
  release(): void {
    for (const ring of this.#rings) {
      if (ring.cursor === ring.released) continue;
      ring.released = ring.cursor;
      // After what was read, which an atomic store orders; one store: of two halves the kernel would see the sum of none.
      Atomics.store(this.#words, ring.tail, BigInt(ring.cursor));
    }
  }

  /** Share of the fullest ring that waited to be read when `poll` looked last, less what was read since. 0..1 */
  get fullness(): number {
    let most = 0;
    for (const ring of this.#rings) most = Math.max(most, ring.limit - ring.cursor);
    return most / this.#size;
  }

  /** Time of the record at the cursor, if it is there. */
  #look(ring: CpuRing): void {
    ring.time = Number.POSITIVE_INFINITY;
    if (ring.cursor >= ring.limit) return;
    const word = (ring.data + (ring.cursor & (this.#size - 1))) >> 2;
    // Pairs with PUBLISH of the programs: what was written before the mark is visible.
    if (Atomics.load(this.#marks, word + MARK) !== ((((ring.cursor / 8) | 0) + this.#key) | 1)) return;
    const length = this.u32[word + LENGTH]!;
    if (length < EVENT.time + 8 || length + RECORD.size > ring.limit - ring.cursor) {
      throw new RangeError(`a record of ${length} bytes at ${ring.cursor} goes beyond what was reserved`);
    }
    ring.time = this.u32[word + TIME]! + this.u32[word + TIME + 1]! * HIGH;
  }

  #choose(): void {
    let best = this.#current;
    let others = Number.POSITIVE_INFINITY;
    for (const ring of this.#rings) {
      if (ring === best) continue;
      if (ring.time < best.time) {
        others = Math.min(others, best.time);
        best = ring;
      } else if (ring.time < others) others = ring.time;
    }
    this.#current = best;
    this.#others = others;
  }
}

/** Bytes of all rings together, if each may be of a useful size: 200 ms of a busy host. */
const ALL_BYTES = 8 << 20;
const LEAST_BYTES = 256 << 10;
const MOST_BYTES = 4 << 20;

/** Bytes of one CPU's ring: a power of two. */
export function ringBytesFor(cpus: number): number {
  const share = 2 ** Math.floor(Math.log2(ALL_BYTES / Math.max(1, cpus)));
  return Math.min(MOST_BYTES, Math.max(LEAST_BYTES, share));
}
