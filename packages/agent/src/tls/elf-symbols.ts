import type { ByteSource, Elf, ElfSection } from '../process/elf.ts';

/** A function of a file. */
export interface FunctionSymbol {
  readonly name: string;
  /** Address in the file's own numbering. */
  readonly address: number;
  /** Bytes; 0 = not told. */
  readonly size: number;
}

const SYMBOL_BYTES = 24;
const STT_FUNC = 2;
/** A large browser's table is below. */
const MOST_BYTES = 64 << 20;

function readSection(source: ByteSource, section: ElfSection | undefined): Buffer | null {
  if (section === undefined || section.size > MOST_BYTES) return null;
  const bytes = source.read(section.offset, section.size);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Where `name` stands in a table of strings: also as the end of a longer string, which linkers share. */
function offsetsOf(name: string, strings: Buffer): number[] {
  const wanted = Buffer.from(`${name}\0`, 'latin1');
  const found: number[] = [];
  for (let at = strings.indexOf(wanted); at >= 0; at = strings.indexOf(wanted, at + 1)) found.push(at);
  return found;
}

function inTable(source: ByteSource, elf: Elf, table: string, strings: string, names: readonly string[]) {
  const section = (name: string) =>
    readSection(
      source,
      elf.sections.find((one) => one.name === name),
    );
  const text = section(strings);
  if (text === null) return [];
  const byOffset = new Map<number, string>();
  for (const name of names) for (const offset of offsetsOf(name, text)) byOffset.set(offset, name);
  if (byOffset.size === 0) return [];
  const symbols = section(table) ?? Buffer.alloc(0);
  const found = new Map<string, FunctionSymbol>();
  for (let at = 0; at + SYMBOL_BYTES <= symbols.length; at += SYMBOL_BYTES) {
    const name = byOffset.get(symbols.readUInt32LE(at));
    if (name === undefined || found.has(name)) continue;
    const type = symbols[at + 4]! & 15;
    const address = Number(symbols.readBigUInt64LE(at + 8));
    // Undefined ones are imports.
    if (type !== STT_FUNC || address === 0 || symbols.readUInt16LE(at + 6) === 0) continue;
    found.set(name, { name, address, size: Number(symbols.readBigUInt64LE(at + 16)) });
  }
  return [...found.values()];
}

/** The functions of these names that a file exports, or (not stripped) has at all. Never throws. */
export function findFunctions(source: ByteSource, elf: Elf, names: readonly string[]): FunctionSymbol[] {
  const exported = inTable(source, elf, '.dynsym', '.dynstr', names);
  return exported.length > 0 ? exported : inTable(source, elf, '.symtab', '.strtab', names);
}

const PT_LOAD = 1;

/** Offset in the file of an address; null: nothing of the file is loaded there. */
export function fileOffset(elf: Elf, address: number): number | null {
  for (const { type, address: start, fileSize, offset } of elf.segments) {
    if (type === PT_LOAD && address >= start && address < start + fileSize) return address - start + offset;
  }
  return null;
}
