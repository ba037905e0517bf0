const DISCARD = 0x4000_0000;
const LENGTH_MASK = 0x3fff_ffff;
const HEADER_BYTES = 8;

/** The memory of a BPF ring buffer (kernel/bpf/ringbuf.c): three parts, in one or several buffers. */
export interface RingMemory {
  /** Page whose first 8 bytes are the consumer's position; ours to write. */
  readonly consumer: ArrayBuffer;
  /** Page whose first 8 bytes are the producer's position. */
  readonly producer: ArrayBuffer;
  /** Holds the data, mapped twice in a row so that a record never wraps: `2 * size` bytes from `dataOffset` on. */
  readonly data: ArrayBuffer;
  readonly dataOffset: number;
  /** Bytes of data, a power of two, at most 2^30. */
  readonly size: number;
}

/**
 * Reads the records of a BPF ring buffer in place: no copy, no callback, no allocation for a record.
 *
 * ```ts
 * ring.poll();
 * while (ring.next()) handle(ring.u32[ring.offset >> 2], ring.bytes, ring.offset, ring.length);
 * ring.release();
 * ```
 * One reader per ring: a position belongs to one consumer. Positions are unsigned longs in the kernel;
 * their low 32 bits suffice here, as no two that are compared are further apart than the ring is large.
 */
export class RingReader {
  /** Bytes of data that the ring can hold, headers included. */
  readonly size: number;
  /** The data, over which a record is `bytes[offset .. offset + length)`. Read only: a write may crash. */
  readonly bytes: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  /** Offset in bytes of the current record into `bytes`; a multiple of 8. */
  offset = 0;
  /** Length in bytes of the current record. */
  length = 0;

  private readonly producer: Int32Array;
  private readonly consumer: BigUint64Array;
  private readonly mask: number;
  /** What has been given back to the kernel, as it stands in the consumer's page. */
  private position: bigint;
  /** Low words: given back, read up to, and the producer's at the last poll. */
  private released: number;
  private cursor: number;
  private limit: number;

  constructor(memory: RingMemory) {
    const { size, dataOffset } = memory;
    if (size < 8 || size > 0x4000_0000 || (size & (size - 1)) !== 0) {
      throw new RangeError(`size of a ring must be a power of two up to 2^30, not ${size}`);
    }
    this.size = size;
    this.mask = size - 1;
    this.bytes = new Uint8Array(memory.data, dataOffset, 2 * size);
    this.u16 = new Uint16Array(memory.data, dataOffset, size);
    this.u32 = new Uint32Array(memory.data, dataOffset, size / 2);
    this.i32 = new Int32Array(memory.data, dataOffset, size / 2);
    this.producer = new Int32Array(memory.producer, 0, 2);
    this.consumer = new BigUint64Array(memory.consumer, 0, 1);
    // A map that was read before goes on where it was left.
    this.position = Atomics.load(this.consumer, 0);
    this.released = Number(BigInt.asIntN(32, this.position));
    this.cursor = this.released;
    this.limit = this.released;
  }

  /**
   * Looks how far the producers are. `next` goes no further than that, so a loop over one poll ends
   * however fast records come in.
   * @returns whether there is anything beyond the last record read, committed or not
   */
  poll(): boolean {
    // Pairs with the kernel's smp_store_release of the producer's position: headers below it are valid.
    this.limit = Atomics.load(this.producer, 0);
    return this.limit !== this.cursor;
  }

  /**
   * Goes on to the next committed record and sets `offset` and `length`. Discarded records are skipped.
   * @returns false at the end of what the last `poll` saw, or at a record that is still being written
   * @throws RangeError when a header cannot be true (the memory is not that of a ring buffer)
   */
  next(): boolean {
    const { i32, limit, mask } = this;
    let cursor = this.cursor;
    while (cursor !== limit) {
      const at = cursor & mask;
      // Pairs with the kernel's xchg of the header on commit: what was written before it is visible.
      const header = Atomics.load(i32, at >> 2);
      // Bit 31: reserved, not committed yet.
      if (header < 0) return false;
      const length = header & LENGTH_MASK;
      const after = (cursor + ((length + HEADER_BYTES + 7) & ~7)) | 0;
      if (length > mask || ((limit - after) | 0) < 0) {
        throw new RangeError(`record of ${length} bytes at ${at} goes beyond what was produced`);
      }
      cursor = after;
      this.cursor = after;
      if ((header & DISCARD) === 0) {
        this.offset = at + HEADER_BYTES;
        this.length = length;
        return true;
      }
    }
    return false;
  }

  /** Gives everything read so far back to the kernel; those bytes may be overwritten at once. */
  release(): void {
    const bytes = (this.cursor - this.released) >>> 0;
    if (bytes === 0) return;
    this.position = BigInt.asUintN(64, this.position + BigInt(bytes));
    this.released = this.cursor;
    // One 64-bit store: between two halves the kernel would see a position far off and drop records.
    Atomics.store(this.consumer, 0, this.position);
  }

  /** Bytes that are in use now: not given back yet, headers and records being written included. */
  pending(): number {
    return (Atomics.load(this.producer, 0) - this.released) >>> 0;
  }

  /** Makes the reader see nothing more: its memory is about to go away. */
  protected stop(): void {
    this.cursor = 0;
    this.released = 0;
    this.limit = 0;
  }
}
