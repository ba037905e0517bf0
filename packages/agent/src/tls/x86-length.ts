/**
 * Length of x86-64 instructions, by the opcode maps of the Intel SDM (volume 2, appendix A): enough to walk compiled
 * code from a function's start, nothing about what the instructions do.
 */

const NONE = 0;
const MODRM = 1;
const IMM8 = 2;
/** 32 bits, 16 with an operand-size prefix. */
const IMM_Z = 4;
/** A branch's distance: 32 bits always. */
const REL32 = 8;
const INVALID = 16;

function table(fill: number, ranges: readonly (readonly [number, number, number])[]): Uint8Array {
  const flags = new Uint8Array(256).fill(fill);
  for (const [from, to, value] of ranges) flags.fill(value, from, to + 1);
  return flags;
}

/** The eight operations of two operands at 00-3f: four with a ModRM byte, two with an immediate, two that are gone. */
const arithmetic = [0x00, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38].flatMap(
  (at) =>
    [
      [at, at + 3, MODRM],
      [at + 4, at + 4, IMM8],
      [at + 5, at + 5, IMM_Z],
      [at + 6, at + 7, INVALID],
    ] as const,
);

const ONE_BYTE = table(NONE, [
  ...arithmetic,
  [0x60, 0x62, INVALID],
  [0x63, 0x63, MODRM],
  [0x68, 0x68, IMM_Z],
  [0x69, 0x69, MODRM | IMM_Z],
  [0x6a, 0x6a, IMM8],
  [0x6b, 0x6b, MODRM | IMM8],
  [0x70, 0x7f, IMM8],
  [0x80, 0x80, MODRM | IMM8],
  [0x81, 0x81, MODRM | IMM_Z],
  [0x82, 0x82, INVALID],
  [0x83, 0x83, MODRM | IMM8],
  [0x84, 0x8f, MODRM],
  [0x9a, 0x9a, INVALID],
  [0xa8, 0xa8, IMM8],
  [0xa9, 0xa9, IMM_Z],
  [0xb0, 0xb7, IMM8],
  [0xb8, 0xbf, IMM_Z],
  [0xc0, 0xc1, MODRM | IMM8],
  [0xc6, 0xc6, MODRM | IMM8],
  [0xc7, 0xc7, MODRM | IMM_Z],
  [0xcd, 0xcd, IMM8],
  [0xce, 0xce, INVALID],
  [0xd0, 0xd3, MODRM],
  [0xd4, 0xd6, INVALID],
  [0xd8, 0xdf, MODRM],
  [0xe0, 0xe7, IMM8],
  [0xe8, 0xe9, REL32],
  [0xea, 0xea, INVALID],
  [0xeb, 0xeb, IMM8],
  [0xf6, 0xf7, MODRM],
  [0xfe, 0xff, MODRM],
]);

/** Behind 0f. */
const TWO_BYTE = table(MODRM, [
  [0x04, 0x04, INVALID],
  [0x05, 0x09, NONE],
  [0x0a, 0x0a, INVALID],
  [0x0b, 0x0b, NONE],
  [0x0c, 0x0c, INVALID],
  [0x0e, 0x0e, NONE],
  [0x0f, 0x0f, MODRM | IMM8],
  [0x24, 0x27, INVALID],
  [0x30, 0x37, NONE],
  [0x39, 0x39, INVALID],
  [0x3b, 0x3f, INVALID],
  [0x70, 0x73, MODRM | IMM8],
  [0x77, 0x77, NONE],
  [0x80, 0x8f, REL32],
  [0xa0, 0xa2, NONE],
  [0xa4, 0xa4, MODRM | IMM8],
  [0xa8, 0xaa, NONE],
  [0xac, 0xac, MODRM | IMM8],
  [0xba, 0xba, MODRM | IMM8],
  [0xc2, 0xc2, MODRM | IMM8],
  [0xc4, 0xc6, MODRM | IMM8],
  [0xc8, 0xcf, NONE],
]);

const MAP_0F3A = 3;
const XOP_IMM8 = 8;
const XOP_IMM32 = 10;
const LONGEST = 15;

/** Where an instruction's parts lie. */
export interface Instruction {
  readonly length: number;
  /** REX prefix, 0 = none. */
  readonly rex: number;
  /** Opcode of the one-byte map, or 0x0f00 + opcode of the two-byte map; -1 elsewhere (VEX, EVEX, three bytes). */
  readonly opcode: number;
  /** -1 = none. */
  readonly modrm: number;
  /** A prefix of segment, repetition or size stands before it. */
  readonly prefixed: boolean;
}

/** Bytes of a ModRM operand behind the ModRM byte itself: SIB and displacement. */
function operandBytes(code: Uint8Array, at: number): number {
  const modrm = code[at] ?? 0;
  const mode = modrm >> 6;
  const rm = modrm & 7;
  if (mode === 3) return 0;
  const displacement = mode === 1 ? 1 : mode === 2 ? 4 : 0;
  if (rm === 4) {
    const isBaseless = mode === 0 && ((code[at + 1] ?? 0) & 7) === 5;
    return 1 + (isBaseless ? 4 : displacement);
  }
  return mode === 0 && rm === 5 ? 4 : displacement;
}

function isLegacyPrefix(byte: number): boolean {
  switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65:
    case 0x66:
    case 0x67:
    case 0xf0:
    case 0xf2:
    case 0xf3:
      return true;
    default:
      return false;
  }
}

/** Instruction at `at`; null: not one, or cut off. */
export function decode(code: Uint8Array, at: number): Instruction | null {
  let i = at;
  let short = false;
  let shortAddress = false;
  while (i < code.length && isLegacyPrefix(code[i]!)) {
    if (code[i] === 0x66) short = true;
    if (code[i] === 0x67) shortAddress = true;
    i++;
  }
  const prefixed = i > at;
  let rex = 0;
  if (i < code.length && (code[i]! & 0xf0) === 0x40) rex = code[i++]!;
  const first = code[i++];
  if (first === undefined) return null;
  let flags: number;
  let opcode = first;
  if (first === 0x8f && ((code[i] ?? 0) & 31) >= XOP_IMM8) {
    // AMD's XOP: as VEX, with maps of its own.
    const map = code[i]! & 31;
    i += 3;
    opcode = -1;
    flags = MODRM | (map === XOP_IMM8 ? IMM8 : map === XOP_IMM32 ? IMM_Z : 0);
  } else if (first === 0xc5 || first === 0xc4 || first === 0x62) {
    // VEX and EVEX name the map in their payload.
    const payload = first === 0xc5 ? 1 : first === 0xc4 ? 2 : 3;
    const map = first === 0xc5 ? 1 : (code[i] ?? 0) & (first === 0x62 ? 7 : 31);
    const operation = code[i + payload];
    if (operation === undefined) return null;
    i += payload + 1;
    opcode = -1;
    flags = map === 1 ? TWO_BYTE[operation]! : map === MAP_0F3A ? MODRM | IMM8 : MODRM;
    if (map === 0) return null;
  } else if (first === 0x0f) {
    const second = code[i++];
    if (second === undefined) return null;
    if (second === 0x38 || second === 0x3a) {
      opcode = -1;
      i++;
      flags = second === 0x3a ? MODRM | IMM8 : MODRM;
    } else {
      opcode = 0x0f00 | second;
      flags = TWO_BYTE[second]!;
    }
  } else {
    flags = ONE_BYTE[first]!;
  }
  if (flags === INVALID) return null;
  const modrm = (flags & MODRM) !== 0 ? (code[i] ?? 0) : -1;
  if (modrm >= 0) {
    // `test` alone of its group has an immediate.
    if (opcode === 0xf6 && (modrm & 0x30) === 0) flags |= IMM8;
    if (opcode === 0xf7 && (modrm & 0x30) === 0) flags |= IMM_Z;
    i += 1 + operandBytes(code, i);
  }
  if ((flags & IMM8) !== 0) i += 1;
  if ((flags & REL32) !== 0) i += 4;
  if ((flags & IMM_Z) !== 0) {
    const wide = (rex & 8) !== 0;
    i += wide && opcode >= 0xb8 && opcode <= 0xbf ? 8 : short && !wide ? 2 : 4;
  }
  if (opcode === 0xc2 || opcode === 0xca) i += 2;
  if (opcode === 0xc8) i += 3;
  if (opcode >= 0xa0 && opcode <= 0xa3) i += shortAddress ? 4 : 8;
  const length = i - at;
  return i > code.length || length > LONGEST ? null : { length, rex, opcode, modrm, prefixed };
}
