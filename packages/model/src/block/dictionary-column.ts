import { ByteColumn } from './byte-column.ts';
import { LOW_CARDINALITY_HAS_KEYS, LOW_CARDINALITY_UPDATE, LOW_CARDINALITY_VERSION } from './schema.ts';

/** A LowCardinality(String) column while a block is being built: each string once, and an index a value. */
export class DictionaryColumn {
  private readonly places = new Map<string, number>();
  private readonly keys = new ByteColumn();
  private indexes: Uint32Array = new Uint32Array(256);
  private count = 0;

  reset(): void {
    this.places.clear();
    this.keys.reset();
    this.count = 0;
    if (this.indexes.length > 1 << 20) this.indexes = new Uint32Array(256);
  }

  get length(): number {
    return this.count;
  }

  /** Bytes of the strings, each once. */
  get keyBytes(): number {
    return this.keys.length;
  }

  add(text: string): void {
    let place = this.places.get(text);
    if (place === undefined) {
      place = this.places.size;
      this.places.set(text, place);
      this.keys.string(text);
    }
    if (this.count === this.indexes.length) {
      const next = new Uint32Array(this.count * 2);
      next.set(this.indexes);
      this.indexes = next;
    }
    this.indexes[this.count++] = place;
  }

  /** The state prefix, which stands before everything else of the column (before the offsets of a Map). */
  writePrefix(out: ByteColumn): void {
    out.words(LOW_CARDINALITY_VERSION, 0);
  }

  /** Keys and indexes; nothing at all when there are no values. */
  writeData(out: ByteColumn): void {
    if (this.count === 0) return;
    const size = this.places.size;
    const width = size <= 0x100 ? 0 : size <= 0x1_0000 ? 1 : 2;
    out.words(LOW_CARDINALITY_HAS_KEYS | LOW_CARDINALITY_UPDATE | width, 0);
    out.words(size, 0);
    out.append(this.keys.bytes, this.keys.length);
    out.words(this.count, 0);
    for (let i = 0; i < this.count; i++) {
      const index = this.indexes[i]!;
      if (width === 0) out.u8(index);
      else if (width === 1) out.u16(index);
      else out.u32(index);
    }
  }
}
