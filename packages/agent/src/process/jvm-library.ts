import { type ByteSource, type Elf, EM_X86_64, readElf } from './elf.ts';

/** What a file `libjvm.so` tells of the threads of its processes; addresses are in the file's own numbering. */
export interface JvmLibrary {
  /** Where `Thread::_thr_current` (hotspot/share/runtime/thread.hpp) lies in the library's block of thread-local storage. */
  readonly threadTls: number;
  /** A word that the loader fills with the library's number among the modules that have thread-local storage. */
  readonly moduleWord: number;
  /** Tables of `VMStructEntry` (hotspot/share/runtime/vmStructs.hpp), which name the fields of the VM's classes, and their bytes. */
  readonly tables: readonly { readonly address: number; readonly size: number }[];
}

const CURRENT = '_ZN6Thread12_thr_currentE';
const TABLES = ['_ZN9VMStructs21localHotSpotVMStructsE', '_ZN14JVMCIVMStructs21localHotSpotVMStructsE'];
const STT_TLS = 6;
const SYMBOL_BYTES = 24;
const RELOCATION_BYTES = 24;
/** ELF for the AMD64 psABI: module number of thread-local storage. */
const R_X86_64_DTPMOD64 = 16;
/** Those of JDK 25 have 4 MiB. */
const MOST_BYTES = 64 << 20;
const MOST_TABLE_BYTES = 1 << 20;

interface Symbol {
  readonly type: number;
  readonly address: number;
  readonly size: number;
}

function sectionBytes(source: ByteSource, elf: Elf, name: string): Buffer {
  const section = elf.sections.find((one) => one.name === name);
  if (section === undefined || section.size > MOST_BYTES) return Buffer.alloc(0);
  const bytes = source.read(section.offset, section.size);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function symbolsOf(source: ByteSource, elf: Elf, names: readonly string[]): Map<string, Symbol> {
  const strings = sectionBytes(source, elf, '.strtab');
  const offsets = new Map<number, string>();
  for (const name of names) {
    const at = strings.indexOf(`\0${name}\0`, 0, 'latin1');
    if (at >= 0) offsets.set(at + 1, name);
  }
  const found = new Map<string, Symbol>();
  if (offsets.size === 0) return found;
  const symbols = sectionBytes(source, elf, '.symtab');
  for (let at = 0; at + SYMBOL_BYTES <= symbols.length; at += SYMBOL_BYTES) {
    const name = offsets.get(symbols.readUInt32LE(at));
    if (name === undefined) continue;
    const address = Number(symbols.readBigUInt64LE(at + 8));
    const size = Number(symbols.readBigUInt64LE(at + 16));
    found.set(name, { type: symbols[at + 4]! & 15, address, size });
  }
  return found;
}

/** Any of them will do: all name the library itself. */
function moduleWordOf(source: ByteSource, elf: Elf): number | null {
  const relocations = sectionBytes(source, elf, '.rela.dyn');
  for (let at = 0; at + RELOCATION_BYTES <= relocations.length; at += RELOCATION_BYTES) {
    const isOwn = relocations.readUInt32LE(at + 8) === R_X86_64_DTPMOD64;
    if (isOwn && relocations.readUInt32LE(at + 12) === 0) return Number(relocations.readBigUInt64LE(at));
  }
  return null;
}

/** Reads a `libjvm.so`; null: its symbols were stripped, or it is not of this kind of machine. Never throws. */
export function readJvmLibrary(source: ByteSource): JvmLibrary | null {
  const elf = readElf(source);
  if (!elf.ok || elf.value.machine !== EM_X86_64) return null;
  const symbols = symbolsOf(source, elf.value, [CURRENT, ...TABLES]);
  const current = symbols.get(CURRENT);
  const moduleWord = moduleWordOf(source, elf.value);
  if (current?.type !== STT_TLS || moduleWord === null) return null;
  const tables = TABLES.flatMap((name) => symbols.get(name) ?? []).filter(
    ({ address, size }) => address > 0 && size > 0 && size <= MOST_TABLE_BYTES,
  );
  return { threadTls: current.address, moduleWord, tables };
}
