/** A section of an ELF file. */
export interface ElfSection {
  readonly name: string;
  readonly index: number;
  readonly type: number;
  /** Bytes in memory; a section such as `.bss` has no bytes in the file. */
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly link: number;
}

export interface ElfSymbol {
  readonly name: string;
  /** Index of its section. */
  readonly section: number;
  /** Offset into the section, for relocatable files. */
  readonly value: number;
  readonly size: number;
}

const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SECTION_HEADER = 64;
const SYMBOL = 24;
const latin1 = new TextDecoder('latin1');

/** The NUL-terminated text at an offset of a string table. */
export function textAt(table: Uint8Array, offset: number): string {
  const end = table.indexOf(0, offset);
  return latin1.decode(table.subarray(offset, end < 0 ? table.length : end));
}

/** Whether bytes begin like a little-endian 64-bit ELF file: the only kind that BPF objects are here. */
export function isElf64(bytes: Uint8Array): boolean {
  const magic = [0x7f, 0x45, 0x4c, 0x46, 2, 1];
  return bytes.length >= 64 && magic.every((byte, at) => bytes[at] === byte);
}

/** Reads the section headers of an ELF file. @throws RangeError when they point outside of it */
export function elfSections(file: Uint8Array): ElfSection[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = Number(view.getBigUint64(0x28, true));
  const count = view.getUint16(0x3c, true);
  const namesIndex = view.getUint16(0x3e, true);
  const raw = Array.from({ length: count }, (_, index) => {
    const at = start + index * SECTION_HEADER;
    const type = view.getUint32(at + 4, true);
    const offset = Number(view.getBigUint64(at + 24, true));
    const size = Number(view.getBigUint64(at + 32, true));
    const inFile = type === SHT_NOBITS ? 0 : size;
    if (offset + inFile > file.length) throw new RangeError(`section ${index} lies outside of the file`);
    return {
      nameOffset: view.getUint32(at, true),
      index,
      type,
      size,
      bytes: file.subarray(offset, offset + inFile),
      link: view.getUint32(at + 40, true),
    };
  });
  const names = raw[namesIndex]?.bytes ?? new Uint8Array(0);
  return raw.map(({ nameOffset, ...section }) => ({ ...section, name: textAt(names, nameOffset) }));
}

/** Reads the symbol table; an ELF file without one has no symbols. */
export function elfSymbols(sections: readonly ElfSection[]): ElfSymbol[] {
  const table = sections.find((section) => section.type === SHT_SYMTAB);
  if (table === undefined) return [];
  const names = sections[table.link]?.bytes ?? new Uint8Array(0);
  const view = new DataView(table.bytes.buffer, table.bytes.byteOffset, table.bytes.byteLength);
  return Array.from({ length: Math.floor(table.size / SYMBOL) }, (_, index) => {
    const at = index * SYMBOL;
    return {
      name: textAt(names, view.getUint32(at, true)),
      section: view.getUint16(at + 6, true),
      value: Number(view.getBigUint64(at + 8, true)),
      size: Number(view.getBigUint64(at + 16, true)),
    };
  });
}
