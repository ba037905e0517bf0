import {
  type ByteSource,
  type Elf,
  EM_X86_64,
  PF_W,
  PF_X,
  PT_INTERP,
  PT_LOAD,
  PT_TLS,
  readElf,
} from './elf.ts';

/** Where the kernel side finds the goroutine of a thread (`struct weft_process`). */
export interface GoRuntime {
  /** As the binary says it: `go1.26.1`. */
  readonly version: string;
  /** Offsets in `runtime.g`, bytes. */
  readonly goid: number;
  /** 0: the field does not exist (Go < 1.21). */
  readonly parentGoid: number;
  readonly m: number;
  readonly schedSp: number;
  /** Offset of the g pointer from the thread pointer, negative. */
  readonly gTls: number;
}

/** A Go program whose goroutines cannot be told. */
export interface GoUnknown {
  /** Short and countable. */
  readonly unknown: 'architecture' | 'version' | 'shared-runtime' | 'tls-offset';
  /** As in the binary; '' when it is of a format before Go 1.18. */
  readonly version: string;
}

/**
 * Offsets by Go 1.x, read from the DWARF of programs built by 1.19.13, 1.20.14, 1.21.13, 1.22.12, 1.23.0,
 * 1.23.12, 1.24.0, 1.24.13, 1.25.0, 1.25.7, 1.26.0 and 1.26.8. `gobuf.ret` left in 1.25, so goid moved
 * back. Versions that are not here are unknown: a guess would link requests wrongly.
 */
const LAYOUTS: Readonly<Record<number, { readonly goid: number; readonly parentGoid: number }>> = {
  19: { goid: 152, parentGoid: 0 },
  20: { goid: 152, parentGoid: 0 },
  21: { goid: 152, parentGoid: 272 },
  22: { goid: 152, parentGoid: 272 },
  23: { goid: 160, parentGoid: 280 },
  24: { goid: 160, parentGoid: 280 },
  25: { goid: 152, parentGoid: 272 },
  26: { goid: 152, parentGoid: 280 },
};
/** `g.m` and `g.sched.sp` in all of them. */
const G_M = 48;
const G_SCHED_SP = 56;

const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
const BUILD_INFO_HEADER = 32;
const FLAG_INLINE = 2;
const MAX_VERSION = 128;
/** The blob lies at the beginning of the data segment when no section names it. */
const MAX_SEARCH = 64 * 1024;

/** Releases and their patches, with a vendor's suffix; pre-releases and `devel` may have any layout. */
const RELEASE = /^go1\.(\d+)(?:\.\d+)?(?![\w.])/;

/** Offset in the file of the build info (Go's debug/buildinfo), -1 when the program is not Go's. */
function findBuildInfo(source: ByteSource, elf: Elf): number {
  const section = elf.sections.find(({ name }) => name === '.go.buildinfo');
  if (section !== undefined) return section.offset;
  if (elf.sections.length > 0) return -1;
  for (const segment of elf.segments) {
    if (segment.type !== PT_LOAD || (segment.flags & (PF_W | PF_X)) !== PF_W) continue;
    const bytes = source.read(segment.offset, Math.min(segment.fileSize, MAX_SEARCH));
    const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(MAGIC);
    if (at >= 0) return segment.offset + at;
  }
  return -1;
}

/**
 * Version of the toolchain; '' when it stands behind a pointer (before Go 1.18, not supported anyway),
 * null when this is no build info.
 */
function readVersion(source: ByteSource, offset: number): string | null {
  const bytes = source.read(offset, BUILD_INFO_HEADER + 2 + MAX_VERSION);
  if (bytes.length <= BUILD_INFO_HEADER || MAGIC.compare(bytes, 0, MAGIC.length) !== 0) return null;
  if ((bytes[15]! & FLAG_INLINE) === 0) return '';
  const length = bytes[BUILD_INFO_HEADER]!;
  // A varint: from 128 on it would have a second byte, and no version is as long.
  if (length === 0 || length >= 128) return '';
  return Buffer.from(bytes.subarray(BUILD_INFO_HEADER + 1, BUILD_INFO_HEADER + 1 + length)).toString(
    'latin1',
  );
}

const SCAN_CHUNK = 1024 * 1024;
const SCAN_OVERLAP = 16;
const SCAN_LIMIT = 64 * 1024 * 1024;
// `MOVQ $0x123, g(BX)` after `get_tls(BX)`, as linkers leave it: position-dependent and -independent.
const STORE_DIRECT = Buffer.from('6448c70425', 'hex');
const STORE_BY_BX = Buffer.from('6448c70323010000', 'hex');
const LOAD_BX = 0xc3c748;

/** The displacement in `movq $0x123, %fs:disp32`, or of the `mov $imm32, %rbx` before `movq $0x123, %fs:(%rbx)`. */
function storedOffset(chunk: Buffer): number | null {
  for (let at = chunk.indexOf(STORE_DIRECT); at >= 0; at = chunk.indexOf(STORE_DIRECT, at + 1)) {
    if (at + 13 <= chunk.length && chunk.readUInt32LE(at + 9) === 0x123) return chunk.readInt32LE(at + 5);
  }
  const at = chunk.indexOf(STORE_BY_BX);
  return at >= 7 && chunk.readUIntLE(at - 7, 3) === LOAD_BX ? chunk.readInt32LE(at - 4) : null;
}

/**
 * The offset that the program itself uses: at start `runtime.rt0_go` tests thread-local storage by
 * storing 0x123 through it, an instruction like no other. Works on stripped programs too.
 */
function scanForOffset(source: ByteSource, elf: Elf): number | null {
  let budget = SCAN_LIMIT;
  for (const segment of elf.segments) {
    if (segment.type !== PT_LOAD || (segment.flags & PF_X) === 0) continue;
    for (let at = 0; at < segment.fileSize && budget > 0; at += SCAN_CHUNK - SCAN_OVERLAP) {
      const bytes = source.read(segment.offset + at, Math.min(SCAN_CHUNK, segment.fileSize - at));
      if (bytes.length === 0) break;
      budget -= bytes.length;
      const found = storedOffset(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
      if (found !== null) return found;
    }
  }
  return null;
}

/**
 * Offset of the g pointer from the thread pointer (x86-64: fs base). Without C code the runtime lays
 * its own block, or its word is all there is in the TLS segment, which ends at the thread pointer (ELF
 * TLS variant II). With C code other variables share the segment, and only the code tells.
 */
function gOffset(source: ByteSource, elf: Elf): number | 'shared-runtime' | 'tls-offset' {
  const tls = elf.segments.find(({ type }) => type === PT_TLS);
  if (tls === undefined) {
    // Dynamically linked and no TLS of its own: the runtime is in a shared library (-linkshared).
    return elf.segments.some(({ type }) => type === PT_INTERP) ? 'shared-runtime' : -8;
  }
  if (tls.memorySize === 8 && tls.align <= 8) return -8;
  const offset = scanForOffset(source, elf);
  const lowest = -(tls.memorySize + tls.align);
  return offset !== null && offset <= -8 && offset >= lowest && offset % 8 === 0 ? offset : 'tls-offset';
}

/**
 * Is this program Go's, and where does its runtime keep the goroutine's id? Reads headers and a few
 * hundred bytes; of programs with C code, part of the machine code (64 MiB at most). Null: not Go's.
 * Never throws, whatever the file.
 */
export function inspectGo(source: ByteSource): GoRuntime | GoUnknown | null {
  const read = readElf(source);
  if (!read.ok) return null;
  const elf = read.value;
  const at = findBuildInfo(source, elf);
  if (at < 0) return null;
  const version = readVersion(source, at);
  if (version === null) return null;
  const layout = LAYOUTS[Number(RELEASE.exec(version)?.[1] ?? 0)];
  if (layout === undefined) return { unknown: 'version', version };
  // arm64 keeps g in a register, and in memory only when C code takes part.
  if (elf.machine !== EM_X86_64) return { unknown: 'architecture', version };
  const gTls = gOffset(source, elf);
  if (typeof gTls === 'string') return { unknown: gTls, version };
  return { version, goid: layout.goid, parentGoid: layout.parentGoid, m: G_M, schedSp: G_SCHED_SP, gTls };
}
