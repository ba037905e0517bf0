import { hexWord } from '../hash.ts';

const encoder = new TextEncoder();
/** Larger buffers are given back after a batch: one giant batch must not hold memory for ever. */
const KEEP_BYTES = 4 << 20;
const FIRST_BYTES = 1024;

/** Bytes that grow: the data of one column while a block is being built. Reused from batch to batch. */
export class ByteColumn {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_BYTES);
  length = 0;
  private view: DataView = new DataView(this.bytes.buffer);

  reset(): void {
    this.length = 0;
    if (this.bytes.length > KEEP_BYTES) this.resize(FIRST_BYTES);
  }

  private resize(size: number): void {
    const next = new Uint8Array(size);
    next.set(this.bytes.subarray(0, this.length));
    this.bytes = next;
    this.view = new DataView(next.buffer);
  }

  /** Makes room for so many bytes and returns where they begin; the caller fills them. */
  reserve(count: number): number {
    const at = this.length;
    if (at + count > this.bytes.length) this.resize(Math.max(this.bytes.length * 2, at + count));
    this.length = at + count;
    return at;
  }

  u8(value: number): void {
    const at = this.reserve(1);
    this.bytes[at] = value;
  }

  u16(value: number): void {
    const at = this.reserve(2);
    this.view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.reserve(4);
    this.view.setUint32(at, value, true);
  }

  /** 64 bits from two halves. */
  words(low: number, high: number): void {
    const at = this.reserve(8);
    this.view.setUint32(at, low, true);
    this.view.setUint32(at + 4, high, true);
  }

  /** A whole number of up to 53 bits, negative ones in two's complement. */
  i64(value: number): void {
    const high = Math.floor(value / 0x1_0000_0000);
    this.words(value - high * 0x1_0000_0000, high);
  }

  f64(value: number): void {
    const at = this.reserve(8);
    this.view.setFloat64(at, value, true);
  }

  /** 16 hex digits as UInt64; null is 0. */
  hex64(text: string | null): void {
    if (text === null) this.words(0, 0);
    else this.words(hexWord(text, 8), hexWord(text, 0));
  }

  /** 32 hex digits as 16 bytes in their order; null is zero bytes. */
  hex128(text: string | null): void {
    const at = this.reserve(16);
    for (let word = 0; word < 4; word++) {
      this.view.setUint32(at + word * 4, text === null ? 0 : hexWord(text, word * 8), false);
    }
  }

  varuint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.u8((rest & 127) | 128);
      rest = Math.floor(rest / 128);
    }
    this.u8(rest);
  }

  /** Length and UTF-8. Short ASCII, which is nearly everything, stays out of the encoder. */
  string(text: string): void {
    const size = text.length;
    if (size < 64) {
      const at = this.reserve(size + 1);
      const bytes = this.bytes;
      bytes[at] = size;
      let i = 0;
      for (; i < size; i++) {
        const code = text.charCodeAt(i);
        if (code > 127) break;
        bytes[at + 1 + i] = code;
      }
      if (i === size) return;
      this.length = at;
    }
    const encoded = encoder.encode(text);
    this.varuint(encoded.length);
    this.append(encoded, encoded.length);
  }

  append(source: Uint8Array, length: number): void {
    const at = this.reserve(length);
    this.bytes.set(length === source.length ? source : source.subarray(0, length), at);
  }
}
