import { readFileSync } from 'node:fs';
import { BtfTypes, isBtf, KIND, type KindName } from './btf-types.ts';
import { type ElfSymbol, elfSections, elfSymbols, isElf64 } from './elf.ts';
import { usageError } from './errors.ts';

export type { KindName } from './btf-types.ts';

/** What a field or variable holds; of an array, what its elements are. */
export type FieldKind = 'int' | 'enum' | 'pointer' | 'struct' | 'union' | 'float' | 'other';

/** Where a value lies and what it is. */
export interface BtfField {
  readonly name: string;
  /** Bytes from the start of the outermost struct, or of the section. */
  readonly offset: number;
  /** Bytes, of the whole array for arrays; of the storage type for bit fields. */
  readonly size: number;
  readonly kind: FieldKind;
  /** Outermost name of the type as in the source (`__u32`, `event_kind`); empty when it has none. */
  readonly typeName: string;
  /** Whether integers and enums are signed. */
  readonly signed: boolean;
  /** Elements of an array, of all its dimensions together; null when it is none. */
  readonly elements: number | null;
  /** Bytes of an element; `size` when it is no array. */
  readonly elementSize: number;
  /** Position within the bits from `offset` on and width of a bit field; null for ordinary members. */
  readonly bits: { readonly offset: number; readonly width: number } | null;
  /** Members of a struct or union (or of an array's element), offsets from the element's start; else null. */
  readonly members: readonly BtfField[] | null;
}

/** A struct or union. Members of anonymous ones within it stand in its own list. */
export interface BtfStruct {
  readonly name: string;
  readonly kind: 'struct' | 'union';
  /** Bytes. */
  readonly size: number;
  readonly members: readonly BtfField[];
}

/** A global variable. */
export interface BtfVariable extends BtfField {
  /** `.rodata`, `.data`, `.bss`, or a name of its own. */
  readonly section: string;
}

type FieldType = Omit<BtfField, 'name' | 'offset' | 'bits'>;

const FIELD_KINDS: Readonly<Record<number, FieldKind>> = {
  [KIND.int]: 'int',
  [KIND.enum]: 'enum',
  [KIND.enum64]: 'enum',
  [KIND.pointer]: 'pointer',
  [KIND.struct]: 'struct',
  [KIND.union]: 'union',
  [KIND.float]: 'float',
};

const POINTER_BYTES = 8;
const INT_SIGNED = 1;
const MAX_DEPTH = 64;

/**
 * The types and variables of a BPF object, or the types of a kernel. Pure: no kernel and no libbpf needed.
 * Its methods throw RangeError where types of damaged data refer to what is not there.
 */
export class Btf {
  /** Global variables by name, with their offsets in the section. */
  readonly variables: ReadonlyMap<string, BtfVariable>;
  private readonly types: BtfTypes;

  /** Use `readBtf`. */
  constructor(types: BtfTypes, place: (variable: string, section: string) => number | null) {
    this.types = types;
    this.variables = this.readVariables(place);
  }

  /** Whether there is a type of that kind and name: what a kernel has, its BTF knows. */
  has(kind: KindName, name: string): boolean {
    return this.types.find(KIND[kind], name) !== 0;
  }

  /** Whether a kernel's BTF has this tracepoint, so that `tp_btf/NAME` finds it. */
  hasTracepoint(name: string): boolean {
    return this.has('typedef', `btf_trace_${name}`);
  }

  /** A struct or union by its name, or by the name of a typedef for it; null when there is none. */
  struct(name: string): BtfStruct | null {
    const { types } = this;
    const named =
      types.find(KIND.struct, name) || types.find(KIND.union, name) || types.find(KIND.typedef, name);
    if (named === 0) return null;
    const id = this.strip(named).id;
    const kind = types.kind(id);
    if (kind !== KIND.struct && kind !== KIND.union) return null;
    return {
      name,
      kind: kind === KIND.struct ? 'struct' : 'union',
      size: types.sizeOrType(id),
      members: this.members(id, []),
    };
  }

  /** Names of all structs that have one. */
  structNames(): string[] {
    const names: string[] = [];
    for (let id = 1; id < this.types.count; id++) {
      const name = this.types.kind(id) === KIND.struct ? this.types.name(id) : '';
      if (name !== '') names.push(name);
    }
    return names;
  }

  /** Constants of all enums, named or not: `KIND_A` → 1. Values beyond 2^53 lose precision. */
  constants(): Map<string, number> {
    const { types } = this;
    const constants = new Map<string, number>();
    for (let id = 1; id < types.count; id++) {
      const kind = types.kind(id);
      if (kind !== KIND.enum && kind !== KIND.enum64) continue;
      const words = kind === KIND.enum ? 2 : 3;
      for (let i = 0; i < types.length(id); i++) {
        const low = types.extra(id, i * words + 1);
        const high = kind === KIND.enum64 ? types.extra(id, i * words + 2) : types.flag(id) ? low >> 31 : 0;
        const value = types.flag(id) ? (high | 0) * 2 ** 32 + low : high * 2 ** 32 + low;
        constants.set(types.text(types.extra(id, i * words)), value);
      }
    }
    return constants;
  }

  /** Follows typedefs and qualifiers to the type itself; `name` is the first that is met on the way. */
  private strip(from: number): { id: number; name: string } {
    const { types } = this;
    let name = '';
    let id = from;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const kind = types.kind(id);
      const passes =
        kind === KIND.typedef ||
        kind === KIND.volatile ||
        kind === KIND.const ||
        kind === KIND.restrict ||
        kind === KIND.type_tag;
      if (name === '' && kind !== KIND.type_tag) name = types.name(id);
      if (!passes) return { id, name };
      id = types.sizeOrType(id);
    }
    throw new RangeError(`type ${from} refers to itself`);
  }

  /** @param within the structs and arrays that this type lies in: none may come again */
  private fieldType(from: number, within: readonly number[]): FieldType {
    const { types } = this;
    const { id, name } = this.strip(from);
    const kind = types.kind(id);
    if (within.includes(id)) throw new RangeError(`type ${from} contains itself`);
    if (kind === KIND.array) {
      const element = this.fieldType(types.extra(id, 0), [...within, id]);
      const count = types.extra(id, 2);
      return {
        ...element,
        size: element.size * count,
        elements: (element.elements ?? 1) * count,
        typeName: element.typeName || name,
      };
    }
    const holds = FIELD_KINDS[kind] ?? 'other';
    const size = holds === 'pointer' ? POINTER_BYTES : holds === 'other' ? 0 : types.sizeOrType(id);
    const signed =
      holds === 'int' ? ((types.extra(id, 0) >>> 24) & INT_SIGNED) !== 0 : holds === 'enum' && types.flag(id);
    const members = holds === 'struct' || holds === 'union' ? this.members(id, within) : null;
    return { kind: holds, typeName: name, size, signed, elements: null, elementSize: size, members };
  }

  private members(id: number, within: readonly number[]): BtfField[] {
    const { types } = this;
    const bitFields = types.flag(id);
    const list: BtfField[] = [];
    for (let i = 0; i < types.length(id); i++) {
      const name = types.text(types.extra(id, i * 3));
      const type = this.fieldType(types.extra(id, i * 3 + 1), [...within, id]);
      const where = types.extra(id, i * 3 + 2);
      const width = bitFields ? where >>> 24 : 0;
      const bit = bitFields ? where & 0xff_ffff : where;
      // A bit field is read from the unit of its type that holds its first bit.
      const unit = width === 0 ? 8 : Math.max(8, type.size * 8);
      const offset = (Math.floor(bit / unit) * unit) / 8;
      if (name === '' && type.members !== null) {
        list.push(...type.members.map((member) => ({ ...member, offset: member.offset + offset })));
      } else {
        list.push({ ...type, name, offset, bits: width === 0 ? null : { offset: bit - offset * 8, width } });
      }
    }
    return list;
  }

  private readVariables(
    place: (variable: string, section: string) => number | null,
  ): Map<string, BtfVariable> {
    const { types } = this;
    const variables = new Map<string, BtfVariable>();
    for (let id = 1; id < types.count; id++) {
      const section = types.kind(id) === KIND.data_section ? types.name(id) : '';
      // Of `.maps`, `license` and the like there is nothing to set; a kernel's are not in its objects.
      if (!/^\.(rodata|data|bss)/.test(section)) continue;
      for (let i = 0; i < types.length(id); i++) {
        const variable = types.extra(id, i * 3);
        const name = types.name(variable);
        const offset = place(name, section) ?? types.extra(id, i * 3 + 1);
        variables.set(name, {
          ...this.fieldType(types.sizeOrType(variable), []),
          name,
          offset,
          bits: null,
          section,
        });
      }
    }
    return variables;
  }
}

/** Offsets by the symbol table: compilers leave those in BTF zero, for the linker or loader to fill in. */
function placeBySymbols(symbols: readonly ElfSymbol[], sectionNames: readonly string[]) {
  const offsets = new Map<string, number>();
  for (const symbol of symbols) offsets.set(`${sectionNames[symbol.section]}\0${symbol.name}`, symbol.value);
  return (variable: string, section: string) => offsets.get(`${section}\0${variable}`) ?? null;
}

/**
 * Reads BTF out of an ELF object's `.BTF` section, or bare as a kernel shows it.
 * @throws BpfError when it is not there or not well formed
 */
export function readBtf(source: string | Uint8Array): Btf {
  const bytes = typeof source === 'string' ? readFileSync(source) : source;
  try {
    if (isBtf(bytes)) return new Btf(new BtfTypes(bytes), () => null);
    if (!isElf64(bytes)) throw usageError('read BTF', 'neither BTF nor a little-endian 64-bit ELF file');
    const sections = elfSections(bytes);
    const section = sections.find((candidate) => candidate.name === '.BTF');
    if (section === undefined) throw usageError('read BTF', 'the file has no section .BTF: compile with -g');
    const names = sections.map((candidate) => candidate.name);
    return new Btf(new BtfTypes(section.bytes), placeBySymbols(elfSymbols(sections), names));
  } catch (error) {
    if (error instanceof RangeError) throw usageError('read BTF', error.message);
    throw error;
  }
}

/** The running kernel's types; null when it shows none (CONFIG_DEBUG_INFO_BTF). */
export function readKernelBtf(): Btf | null {
  try {
    return readBtf('/sys/kernel/btf/vmlinux');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
