import type { NativeColumn } from './native-reader.ts';

const decoder = new TextDecoder();
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const TWO_32 = 0x1_0000_0000;

/** Access to the values of columns of one array of bytes. Columns of another form than asked for read as empty. */
export class ColumnValues {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly dictionaries = new Map<NativeColumn, string[]>();

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(column: NativeColumn, row: number): number {
    return column.form === 'fixed' ? this.bytes[column.at + row * column.width]! : 0;
  }

  u16(column: NativeColumn, row: number): number {
    return column.form === 'fixed' ? this.view.getUint16(column.at + row * 2, true) : 0;
  }

  f64(column: NativeColumn, row: number): number {
    return column.form === 'fixed' ? this.view.getFloat64(column.at + row * 8, true) : 0;
  }

  /** An unsigned number of 64 bits; exact to 53. */
  u64(column: NativeColumn, row: number): number {
    if (column.form !== 'fixed') return 0;
    const at = column.at + row * 8;
    return this.view.getUint32(at + 4, true) * TWO_32 + this.view.getUint32(at, true);
  }

  /** A signed number of 64 bits minus another one given by halves; exact while the difference fits 53 bits. */
  difference(column: NativeColumn, row: number, low: number, high: number): number {
    if (column.form !== 'fixed') return 0;
    const at = column.at + row * 8;
    return (this.view.getInt32(at + 4, true) - high) * TWO_32 + (this.view.getUint32(at, true) - low);
  }

  /** A UInt64 as 16 hex digits, null when it is 0. */
  hex64(column: NativeColumn, row: number): string | null {
    if (column.form !== 'fixed') return null;
    const at = column.at + row * 8;
    let text = '';
    let any = 0;
    for (let i = 7; i >= 0; i--) {
      const byte = this.bytes[at + i]!;
      any |= byte;
      text += HEX[byte]!;
    }
    return any === 0 ? null : text;
  }

  /** A FixedString(16) as 32 hex digits, null when all bytes are zero. */
  hex128(column: NativeColumn, row: number): string | null {
    if (column.form !== 'fixed') return null;
    const at = column.at + row * 16;
    let text = '';
    let any = 0;
    for (let i = 0; i < 16; i++) {
      const byte = this.bytes[at + i]!;
      any |= byte;
      text += HEX[byte]!;
    }
    return any === 0 ? null : text;
  }

  text(column: NativeColumn, row: number): string {
    if (column.form === 'string') {
      return this.decode(column.starts[row]!, column.ends[row]!);
    }
    if (column.form !== 'dictionary') return '';
    let texts = this.dictionaries.get(column);
    if (texts === undefined) {
      texts = [];
      for (let i = 0; i < column.keys.count; i++) texts.push(this.text(column.keys, i));
      this.dictionaries.set(column, texts);
    }
    const at = column.at + row * column.width;
    if (column.width === 1) return texts[this.bytes[at]!]!;
    return texts[column.width === 2 ? this.view.getUint16(at, true) : this.view.getUint32(at, true)]!;
  }

  private decode(start: number, end: number): string {
    if (end - start < 24) {
      let text = '';
      for (let i = start; i < end; i++) {
        const byte = this.bytes[i]!;
        if (byte > 127) return decoder.decode(this.bytes.subarray(start, end));
        text += String.fromCharCode(byte);
      }
      return text;
    }
    return decoder.decode(this.bytes.subarray(start, end));
  }
}

/** Where the items of a row of an Array or Map begin. */
export function firstItem(column: NativeColumn, row: number): number {
  if (column.form !== 'array' && column.form !== 'map') return 0;
  return row === 0 ? 0 : column.ends[row - 1]!;
}

/** One past the last item of a row of an Array or Map. */
export function endItem(column: NativeColumn, row: number): number {
  return column.form === 'array' || column.form === 'map' ? column.ends[row]! : 0;
}
