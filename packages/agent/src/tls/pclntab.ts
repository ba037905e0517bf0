import type { ByteSource, Elf } from '../process/elf.ts';
import type { FunctionSymbol } from './elf-symbols.ts';

/** Magic numbers of Go 1.18/1.19 and of 1.20 on (internal/abi/symtab.go). */
const MAGIC = [0xfffffff0, 0xfffffff1];
const HEADER_BYTES = 72;
const MOST_BYTES = 256 << 20;

/**
 * Functions by name from a Go program's own table (`.gopclntab`, cmd/link/internal/ld/pcln.go), which stripped programs
 * keep: the runtime needs it. Empty where there is none, or none that is understood.
 */
export function findGoFunctions(source: ByteSource, elf: Elf, names: readonly string[]): FunctionSymbol[] {
  const section = elf.sections.find(({ name }) => name === '.gopclntab' || name === '.data.rel.ro.gopclntab');
  if (section === undefined || section.size < HEADER_BYTES || section.size > MOST_BYTES) return [];
  const bytes = source.read(section.offset, section.size);
  const table = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (table.length < HEADER_BYTES || !MAGIC.includes(table.readUInt32LE(0)) || table[7] !== 8) return [];
  const word = (index: number) => Number(table.readBigUInt64LE(8 + index * 8));
  const count = word(0);
  const [nameTable, functionTable] = [word(3), word(7)];
  // From Go 1.26 on the header does not tell the code's address any more.
  const text = word(2) || (elf.sections.find(({ name }) => name === '.text')?.address ?? 0);
  if (functionTable + count * 8 + 4 > table.length || nameTable > functionTable) return [];
  const wanted = new Map<number, string>();
  for (const name of names) {
    const at = table.indexOf(Buffer.from(`\0${name}\0`, 'latin1'), nameTable);
    if (at >= 0) wanted.set(at + 1 - nameTable, name);
  }
  const found: FunctionSymbol[] = [];
  for (let i = 0; i < count && found.length < wanted.size; i++) {
    const entry = functionTable + i * 8;
    const description = functionTable + table.readUInt32LE(entry + 4);
    if (description + 8 > table.length) continue;
    const name = wanted.get(table.readUInt32LE(description + 4));
    if (name === undefined) continue;
    const start = table.readUInt32LE(entry);
    found.push({ name, address: text + start, size: table.readUInt32LE(entry + 8) - start });
  }
  return found;
}
