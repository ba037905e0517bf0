import { err, ok, type Result } from '@weft/model';

/** Random access to a file's bytes. */
export interface ByteSource {
  /** Bytes [offset, offset + length), fewer at the end of the file. Never throws. */
  read(offset: number, length: number): Uint8Array;
}

export interface ElfSegment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

export interface ElfSection {
  readonly name: string;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
}

/** The headers of a 64-bit little-endian ELF file. */
export interface Elf {
  readonly machine: number;
  readonly segments: readonly ElfSegment[];
  /** Empty where the section headers were removed. */
  readonly sections: readonly ElfSection[];
}

export const EM_X86_64 = 62;
export const PT_LOAD = 1;
export const PT_INTERP = 3;
export const PT_TLS = 7;
export const PF_X = 1;
export const PF_W = 2;

const HEADER_SIZE = 64;
const SEGMENT_SIZE = 56;
const SECTION_SIZE = 64;
// Real programs stay far below; a hostile file must not make us read megabytes of headers.
const MAX_SEGMENTS = 256;
const MAX_SECTIONS = 4096;
const MAX_NAMES = 256 * 1024;

/** Bytes in memory as a source. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    read: (offset, length) =>
      offset >= 0 && length > 0 ? bytes.subarray(offset, offset + length) : bytes.subarray(0, 0),
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** 64 bits as a number; what no file can hold becomes imprecise, and the read behind it comes back empty. */
function u64(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * 0x1_0000_0000 + view.getUint32(offset, true);
}

function readSegments(source: ByteSource, offset: number, count: number): ElfSegment[] {
  const bytes = source.read(offset, count * SEGMENT_SIZE);
  const view = viewOf(bytes);
  const segments: ElfSegment[] = [];
  for (let at = 0; at + SEGMENT_SIZE <= bytes.length; at += SEGMENT_SIZE) {
    segments.push({
      type: view.getUint32(at, true),
      flags: view.getUint32(at + 4, true),
      offset: u64(view, at + 8),
      address: u64(view, at + 16),
      fileSize: u64(view, at + 32),
      memorySize: u64(view, at + 40),
      align: u64(view, at + 48),
    });
  }
  return segments;
}

/** Text from `start` to the next zero byte. */
function nameAt(names: Uint8Array, start: number): string {
  if (start >= names.length) return '';
  const end = names.indexOf(0, start);
  return Buffer.from(names.subarray(start, Math.min(end < 0 ? names.length : end, start + 64))).toString(
    'latin1',
  );
}

function readSections(source: ByteSource, offset: number, count: number, namesIndex: number): ElfSection[] {
  const bytes = source.read(offset, count * SECTION_SIZE);
  const view = viewOf(bytes);
  const namesAt = namesIndex * SECTION_SIZE;
  if (namesAt + SECTION_SIZE > bytes.length) return [];
  const namesSize = u64(view, namesAt + 32);
  if (namesSize > MAX_NAMES) return [];
  const names = source.read(u64(view, namesAt + 24), namesSize);
  const sections: ElfSection[] = [];
  for (let at = 0; at + SECTION_SIZE <= bytes.length; at += SECTION_SIZE) {
    sections.push({
      name: nameAt(names, view.getUint32(at, true)),
      address: u64(view, at + 16),
      offset: u64(view, at + 24),
      size: u64(view, at + 32),
    });
  }
  return sections;
}

/**
 * Reads the program and section headers of an ELF file (System V ABI, "Object Files"): a few KiB,
 * whatever the file's size. Errors: `not-elf`, `not-64-bit` (or big-endian), `headers` (out of bounds).
 */
export function readElf(source: ByteSource): Result<Elf, 'not-elf' | 'not-64-bit' | 'headers'> {
  const header = source.read(0, HEADER_SIZE);
  if (header.length < HEADER_SIZE || viewOf(header).getUint32(0) !== 0x7f454c46) return err('not-elf');
  if (header[4] !== 2 || header[5] !== 1) return err('not-64-bit');
  const view = viewOf(header);
  const segmentCount = view.getUint16(56, true);
  const sectionCount = view.getUint16(60, true);
  const segmentSize = view.getUint16(54, true);
  const sectionSize = view.getUint16(58, true);
  if (segmentCount === 0 || segmentCount > MAX_SEGMENTS || segmentSize !== SEGMENT_SIZE)
    return err('headers');
  const withSections = sectionCount > 0 && sectionCount <= MAX_SECTIONS && sectionSize === SECTION_SIZE;
  return ok({
    machine: view.getUint16(18, true),
    segments: readSegments(source, u64(view, 32), segmentCount),
    sections: withSections ? readSections(source, u64(view, 40), sectionCount, view.getUint16(62, true)) : [],
  });
}
