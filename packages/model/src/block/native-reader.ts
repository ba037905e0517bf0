import { err, ok, type Result } from '../result.ts';
import { LOW_CARDINALITY_GLOBAL, LOW_CARDINALITY_HAS_KEYS, LOW_CARDINALITY_VERSION } from './schema.ts';

/** Data of a column where it lies in the bytes; nothing is copied but positions. */
export type NativeColumn =
  | { readonly form: 'fixed'; readonly count: number; readonly width: number; readonly at: number }
  /** `ends[i]` is one past string i; it begins at `starts[i]`. */
  | {
      readonly form: 'string';
      readonly count: number;
      readonly starts: Uint32Array;
      readonly ends: Uint32Array;
    }
  | {
      readonly form: 'dictionary';
      readonly count: number;
      readonly keys: NativeColumn;
      readonly width: number;
      readonly at: number;
    }
  | {
      readonly form: 'array';
      readonly count: number;
      readonly ends: Uint32Array;
      readonly items: NativeColumn;
    }
  | {
      readonly form: 'map';
      readonly count: number;
      readonly ends: Uint32Array;
      readonly keys: NativeColumn;
      readonly values: NativeColumn;
    };

export interface NamedColumn {
  readonly name: string;
  readonly type: string;
  readonly data: NativeColumn;
}

/** One block of the Native format. */
export interface NativeBlock {
  readonly rows: number;
  readonly columns: readonly NamedColumn[];
}

type Type =
  | { readonly form: 'fixed'; readonly width: number }
  | { readonly form: 'string' }
  | { readonly form: 'dictionary' }
  | { readonly form: 'array'; readonly item: Type }
  | { readonly form: 'map'; readonly key: Type; readonly value: Type };

const FIXED_WIDTHS: ReadonlyMap<string, number> = new Map([
  ['UInt8', 1],
  ['Int8', 1],
  ['Bool', 1],
  ['UInt16', 2],
  ['Int16', 2],
  ['UInt32', 4],
  ['Int32', 4],
  ['DateTime', 4],
  ['Float32', 4],
  ['UInt64', 8],
  ['Int64', 8],
  ['Float64', 8],
]);

const MAX_COLUMNS = 256;
const MAX_NAME_BYTES = 1024;
const types = new Map<string, Type>();

/** The types that Weft's tables and queries use; null for any other. */
function parseType(text: string): Type | null {
  const known = types.get(text);
  if (known !== undefined) return known;
  const type = readType(text);
  // Names come from the wire: the memory for them must not grow with what others send.
  if (type !== null && types.size < 256) types.set(text, type);
  return type;
}

function readType(text: string): Type | null {
  const width = FIXED_WIDTHS.get(text);
  if (width !== undefined) return { form: 'fixed', width };
  if (text === 'String') return { form: 'string' };
  if (text === 'LowCardinality(String)') return { form: 'dictionary' };
  if (text.startsWith('DateTime64(')) return { form: 'fixed', width: 8 };
  if (text.startsWith('DateTime(')) return { form: 'fixed', width: 4 };
  if (text.startsWith('Enum8(')) return { form: 'fixed', width: 1 };
  const fixed = /^FixedString\((\d{1,4})\)$/.exec(text);
  if (fixed !== null) return Number(fixed[1]) > 0 ? { form: 'fixed', width: Number(fixed[1]) } : null;
  const array = /^Array\((.*)\)$/.exec(text);
  if (array !== null) {
    const item = readType(array[1]!);
    // Deeper nesting is in no query of ours, and a type of many levels in no honest block.
    return item !== null && item.form !== 'array' && item.form !== 'map' ? { form: 'array', item } : null;
  }
  const map = /^Map\((LowCardinality\(String\)|String), (.*)\)$/.exec(text);
  if (map !== null) {
    const key = readType(map[1]!);
    const value = readType(map[2]!);
    if (key === null || value === null || value.form === 'array' || value.form === 'map') return null;
    return { form: 'map', key, value };
  }
  return null;
}

/** Thrown inside this file only, and caught at its edge: bytes that are no block. */
class Malformed extends Error {}

const decoder = new TextDecoder();

class Reader {
  at = 0;
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Claims so many bytes and returns where they begin. */
  take(count: number): number {
    const at = this.at;
    if (count > this.bytes.length - at) throw new Malformed('block ends early');
    this.at = at + count;
    return at;
  }

  varuint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 6; i++) {
      const byte = this.bytes[this.take(1)]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new Malformed('number too large');
  }

  /** A UInt64 that must be a count: below 2^32. */
  count(): number {
    const at = this.take(8);
    if (this.view.getUint32(at + 4, true) !== 0) throw new Malformed('count too large');
    return this.view.getUint32(at, true);
  }

  text(limit: number): string {
    const length = this.varuint();
    if (length > limit) throw new Malformed('name too long');
    const at = this.take(length);
    return decoder.decode(this.bytes.subarray(at, at + length));
  }

  prefix(type: Type): void {
    switch (type.form) {
      case 'dictionary':
        if (this.count() !== LOW_CARDINALITY_VERSION) throw new Malformed('unknown dictionary version');
        return;
      case 'array':
        this.prefix(type.item);
        return;
      case 'map':
        this.prefix(type.key);
        this.prefix(type.value);
        return;
      case 'fixed':
      case 'string':
        return;
    }
  }

  data(type: Type, count: number): NativeColumn {
    switch (type.form) {
      case 'fixed':
        return { form: 'fixed', count, width: type.width, at: this.take(count * type.width) };
      case 'string':
        return this.strings(count);
      case 'dictionary':
        return this.dictionary(count);
      case 'array': {
        const ends = this.ends(count);
        return { form: 'array', count, ends, items: this.data(type.item, last(ends)) };
      }
      case 'map': {
        const ends = this.ends(count);
        const keys = this.data(type.key, last(ends));
        return { form: 'map', count, ends, keys, values: this.data(type.value, last(ends)) };
      }
    }
  }

  private strings(count: number): NativeColumn {
    // A string takes a byte at least, so an honest count is bounded by what is there.
    if (count > this.bytes.length - this.at) throw new Malformed('block ends early');
    const starts = new Uint32Array(count);
    const ends = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const length = this.varuint();
      starts[i] = this.take(length);
      ends[i] = this.at;
    }
    return { form: 'string', count, starts, ends };
  }

  private dictionary(count: number): NativeColumn {
    const none: NativeColumn = {
      form: 'string',
      count: 0,
      starts: new Uint32Array(0),
      ends: new Uint32Array(0),
    };
    if (count === 0) return { form: 'dictionary', count, keys: none, width: 1, at: this.at };
    const flags = this.count();
    const code = flags & 0xff;
    if (code > 2 || (flags & LOW_CARDINALITY_HAS_KEYS) === 0 || (flags & LOW_CARDINALITY_GLOBAL) !== 0) {
      throw new Malformed('unknown kind of dictionary');
    }
    const keys = this.strings(this.count());
    if (this.count() !== count) throw new Malformed('dictionary column of another length');
    const width = 1 << code;
    const at = this.take(count * width);
    const size = keys.count;
    for (let i = 0; i < count; i++) {
      if (this.index(at, width, i) >= size) throw new Malformed('index beyond the dictionary');
    }
    return { form: 'dictionary', count, keys, width, at };
  }

  private index(at: number, width: number, i: number): number {
    if (width === 1) return this.bytes[at + i]!;
    if (width === 2) return this.view.getUint16(at + i * 2, true);
    return this.view.getUint32(at + i * 4, true);
  }

  private ends(count: number): Uint32Array {
    const at = this.take(count * 8);
    const ends = new Uint32Array(count);
    let previous = 0;
    for (let i = 0; i < count; i++) {
      const end = this.view.getUint32(at + i * 8, true);
      if (this.view.getUint32(at + i * 8 + 4, true) !== 0 || end < previous) {
        throw new Malformed('array offsets out of order');
      }
      ends[i] = end;
      previous = end;
    }
    return ends;
  }
}

function last(ends: Uint32Array): number {
  return ends.length === 0 ? 0 : ends[ends.length - 1]!;
}

/**
 * Finds the columns of Native blocks that lie one after another. Any bytes at all give blocks or a
 * sentence; lengths are never trusted, and memory stays within a small multiple of the bytes.
 * @param maxBlocks more blocks than these are refused
 */
export function readNative(bytes: Uint8Array, maxBlocks = 1_000_000): Result<NativeBlock[]> {
  const reader = new Reader(bytes);
  const blocks: NativeBlock[] = [];
  try {
    while (reader.at < bytes.length) {
      if (blocks.length === maxBlocks) return err('more blocks than allowed');
      blocks.push(readBlock(reader));
    }
    return ok(blocks);
  } catch (error) {
    if (error instanceof Malformed) return err(error.message);
    throw error;
  }
}

function readBlock(reader: Reader): NativeBlock {
  const width = reader.varuint();
  const rows = reader.varuint();
  if (width > MAX_COLUMNS) throw new Malformed('too many columns');
  if (rows > reader.bytes.length) throw new Malformed('block ends early');
  const columns: NamedColumn[] = [];
  for (let i = 0; i < width; i++) {
    const name = reader.text(MAX_NAME_BYTES);
    const text = reader.text(MAX_NAME_BYTES);
    const type = parseType(text);
    if (type === null) throw new Malformed(`column ${name} has an unknown type`);
    if (rows > 0) reader.prefix(type);
    columns.push({ name, type: text, data: reader.data(type, rows) });
  }
  return { rows, columns };
}
