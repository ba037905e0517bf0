import { textAt } from './elf.ts';

/** Kinds of BTF types, by their number (Documentation/bpf/btf.rst of the kernel). */
export const KIND = {
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  forward: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  function: 12,
  function_prototype: 13,
  variable: 14,
  data_section: 15,
  float: 16,
  declaration_tag: 17,
  type_tag: 18,
  enum64: 19,
} as const;

export type KindName = keyof typeof KIND;

const MAGIC = 0xeb9f;
const HEADER_BYTES = 24;
const TYPE_BYTES = 12;

/** Bytes that follow a type's twelve, for the kind and its `vlen`. -1 for a kind that is not known. */
function extraBytes(kind: number, vlen: number): number {
  switch (kind) {
    case KIND.int:
    case KIND.variable:
    case KIND.declaration_tag:
      return 4;
    case KIND.array:
      return 12;
    case KIND.struct:
    case KIND.union:
    case KIND.data_section:
    case KIND.enum64:
      return vlen * 12;
    case KIND.enum:
    case KIND.function_prototype:
      return vlen * 8;
    default:
      return kind >= KIND.int && kind <= KIND.enum64 ? 0 : -1;
  }
}

/** Whether bytes begin like BTF data (little endian). */
export function isBtf(bytes: Uint8Array): boolean {
  return bytes.length >= HEADER_BYTES && bytes[0] === (MAGIC & 0xff) && bytes[1] === MAGIC >> 8;
}

/** The types of BTF data, read where they lie: only their positions are kept. */
export class BtfTypes {
  private readonly view: DataView;
  private readonly strings: Uint8Array;
  /** Position of each type's record by id; id 0 is void and has none. */
  private readonly positions: number[] = [0];

  /** @throws RangeError when the data is not well formed */
  constructor(bytes: Uint8Array) {
    if (!isBtf(bytes)) throw new RangeError('no BTF data');
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const header = this.u32(4);
    const typesAt = header + this.u32(8);
    const typesEnd = typesAt + this.u32(12);
    const stringsAt = header + this.u32(16);
    this.strings = bytes.subarray(stringsAt, stringsAt + this.u32(20));
    if (typesEnd > bytes.length) throw new RangeError('types lie outside of the BTF data');
    for (let at = typesAt; at < typesEnd; ) {
      const info = this.u32(at + 4);
      const extra = extraBytes((info >>> 24) & 0x1f, info & 0xffff);
      if (extra < 0) throw new RangeError(`type ${this.positions.length} is of unknown kind`);
      this.positions.push(at);
      at += TYPE_BYTES + extra;
      if (at > typesEnd) throw new RangeError('the last type is cut off');
    }
  }

  /** Ids run from 1 to `count - 1`. */
  get count(): number {
    return this.positions.length;
  }

  /** Number of `KIND`; 0 for void. */
  kind(id: number): number {
    return id === 0 ? 0 : (this.u32(this.at(id) + 4) >>> 24) & 0x1f;
  }

  name(id: number): string {
    return id === 0 ? 'void' : textAt(this.strings, this.u32(this.at(id)));
  }

  /** How many members, values, parameters or variables follow the type. */
  length(id: number): number {
    return this.u32(this.at(id) + 4) & 0xffff;
  }

  /** The flag of struct (bit fields are given), enum (signed) and forward declaration (union). */
  flag(id: number): boolean {
    return this.u32(this.at(id) + 4) >>> 31 === 1;
  }

  /** The third word: the size in bytes, or the type that is pointed to, named or qualified. */
  sizeOrType(id: number): number {
    return this.u32(this.at(id) + 8);
  }

  /** A word behind the type's record. */
  extra(id: number, word: number): number {
    return this.u32(this.at(id) + TYPE_BYTES + 4 * word);
  }

  text(offset: number): string {
    return textAt(this.strings, offset);
  }

  /** The first type of a kind and name, 0 when there is none. */
  find(kind: number, name: string): number {
    const wanted = new TextEncoder().encode(`${name}\0`);
    for (let id = 1; id < this.positions.length; id++) {
      if (this.kind(id) === kind && this.isTextAt(this.u32(this.positions[id]!), wanted)) return id;
    }
    return 0;
  }

  private isTextAt(offset: number, wanted: Uint8Array): boolean {
    const { strings } = this;
    for (let at = 0; at < wanted.length; at++) if (strings[offset + at] !== wanted[at]) return false;
    return true;
  }

  private at(id: number): number {
    const position = id > 0 ? this.positions[id] : undefined;
    if (position === undefined) throw new RangeError(`there is no type ${id}`);
    return position;
  }

  private u32(at: number): number {
    return this.view.getUint32(at, true);
  }
}
