import { decode, type Instruction } from './x86-length.ts';

/**
 * Where to put a probe. The kernel emulates a few instructions (`push`, jumps, calls, `nop`) and single-steps all
 * others, at five times the cost (arch/x86/kernel/uprobes.c: branch_setup_xol_ops, push_setup_xol_ops). So the probe
 * goes on the first instruction that is emulated, as long as the arguments are still in their registers.
 */
export interface ProbeSite {
  /** Offset from the function's start. */
  readonly offset: number;
  /** The kernel need not single-step it. */
  readonly isCheap: boolean;
  /** The return address is on top of the stack: the function's return can be probed from here. */
  readonly canReturn: boolean;
}

/** Numbers of general registers, as instructions encode them. */
export const REGISTER = { ax: 0, cx: 1, dx: 2, bx: 3, sp: 4, bp: 5, si: 6, di: 7, r14: 14 } as const;

/** Instructions looked at before giving up. */
const MOST_INSTRUCTIONS = 24;

function isEndbr64(code: Uint8Array, at: number): boolean {
  return code[at] === 0xf3 && code[at + 1] === 0x0f && code[at + 2] === 0x1e && code[at + 3] === 0xfa;
}

function isEmulated({ opcode, prefixed }: Instruction): boolean {
  if (prefixed) return false;
  if (opcode >= 0x50 && opcode <= 0x57) return true;
  if (opcode >= 0x70 && opcode <= 0x7f) return true;
  if (opcode >= 0x0f80 && opcode <= 0x0f8f) return true;
  return opcode === 0x90 || opcode === 0xe8 || opcode === 0xe9 || opcode === 0xeb || opcode === 0x0f1f;
}

/** Register that the instruction changes; -1: none; null: unknown. */
function changed(instruction: Instruction): number | null {
  const { opcode, modrm, rex } = instruction;
  const reg = ((modrm >> 3) & 7) | ((rex & 4) << 1);
  const rm = modrm >> 6 === 3 ? (modrm & 7) | ((rex & 1) << 3) : -1;
  if (opcode < 0x40 && opcode >= 0 && modrm >= 0) {
    // cmp changes nothing; the other arithmetic its first operand.
    if (opcode >= 0x38) return -1;
    return (opcode & 2) !== 0 ? reg : rm;
  }
  if (opcode >= 0x50 && opcode <= 0x57) return REGISTER.sp;
  if (opcode >= 0xb8 && opcode <= 0xbf) return (opcode & 7) | ((rex & 1) << 3);
  switch (opcode) {
    case 0x80:
    case 0x81:
    case 0x83:
      return (modrm & 0x38) === 0x38 ? -1 : rm;
    case 0x84:
    case 0x85:
      return -1;
    case 0xf6:
    case 0xf7:
      return (modrm & 0x30) === 0 ? -1 : null;
    case 0x88:
    case 0x89:
    case 0xc6:
    case 0xc7:
      return rm;
    case 0x63:
    case 0x8a:
    case 0x8b:
    case 0x8d:
    case 0x0fb6:
    case 0x0fb7:
    case 0x0fbe:
    case 0x0fbf:
      return reg;
    default:
      return null;
  }
}

/** `movslq %edx,%rdx` and the like: the register keeps its value. */
function isSignExtension({ opcode, modrm, rex }: Instruction): boolean {
  return opcode === 0x63 && modrm >> 6 === 3 && ((modrm >> 3) & 7) === (modrm & 7) && (rex & 5) % 5 === 0;
}

/**
 * The best place to probe a function's entry.
 * @param code from the function's start; some 100 bytes suffice
 * @param live registers that must still hold what the caller put there
 * @param returns the function's return is to be probed from there too
 */
export function entrySite(code: Uint8Array, live: readonly number[], returns: boolean): ProbeSite {
  const first: ProbeSite = { offset: 0, isCheap: false, canReturn: true };
  let at = isEndbr64(code, 0) ? 4 : 0;
  let canReturn = true;
  for (let i = 0; i < MOST_INSTRUCTIONS; i++) {
    const instruction = decode(code, at);
    if (instruction === null) return first;
    if (isEmulated(instruction)) return { offset: at, isCheap: true, canReturn };
    const register = changed(instruction);
    if (register === null || (live.includes(register) && !isSignExtension(instruction))) return first;
    if (register === REGISTER.sp) canReturn = false;
    if (returns && !canReturn) return first;
    at += instruction.length;
  }
  return first;
}

/**
 * The function that a thin wrapper calls with its own arguments: libssl's `SSL_read` does no more than hand them to
 * the function which `SSL_read_ex` calls too, and which begins with an instruction that is emulated.
 * @param live registers that must still hold the arguments
 * @returns its offset from the wrapper's start; null: not such a wrapper
 */
export function wrappedFunction(code: Uint8Array, live: readonly number[]): number | null {
  let at = isEndbr64(code, 0) ? 4 : 0;
  for (let i = 0; i < MOST_INSTRUCTIONS; i++) {
    const instruction = decode(code, at);
    if (instruction === null) return null;
    const { opcode, length } = instruction;
    if (opcode === 0xe8) {
      const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
      return at + length + view.getInt32(at + 1, true);
    }
    // A check that fails leaves by a jump forwards.
    const isCheck = opcode >= 0x70 && opcode <= 0x7f && code[at + 1]! < 0x80;
    if (!isCheck) {
      const register = changed(instruction);
      if (register === null || (live.includes(register) && !isSignExtension(instruction))) return null;
    }
    at += length;
  }
  return null;
}

/** Offsets of the function's `ret` instructions. @param code the whole function */
export function returnSites(code: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = 0; at < code.length; ) {
    const instruction = decode(code, at);
    // Padding behind the last instruction of a Go function is int3, which decodes.
    if (instruction === null) break;
    if (instruction.opcode === 0xc3) found.push(at);
    at += instruction.length;
  }
  return found;
}
