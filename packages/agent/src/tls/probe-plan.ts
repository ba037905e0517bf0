import { type ByteSource, type Elf, EM_X86_64, readElf } from '../process/elf.ts';
import { type FunctionSymbol, fileOffset, findFunctions } from './elf-symbols.ts';
import { findGoFunctions } from './pclntab.ts';
import { entrySite, REGISTER, returnSites, wrappedFunction } from './probe-site.ts';

/** One probe in a file. */
export interface ProbePoint {
  /** Program in weft.bpf.o. */
  readonly program: string;
  /** Of the instruction, in the file. */
  readonly offset: number;
  readonly isReturn: boolean;
}

/** Kinds of TLS libraries that are understood. */
export type TlsLibrary = 'openssl' | 'gnutls' | 'go';

/** What is probed in one file. */
export interface ProbePlan {
  readonly library: TlsLibrary;
  readonly points: readonly ProbePoint[];
}

interface Target {
  readonly library: TlsLibrary;
  readonly name: string;
  readonly entry: string;
  readonly exit: string;
  /** Arguments that the probe reads. */
  readonly live: readonly number[];
}

const { ax, bx, cx, dx, si, di, r14 } = REGISTER;

const C_TARGETS: readonly Target[] = [
  {
    library: 'openssl',
    name: 'SSL_read_ex',
    entry: 'weft_tls_read_ex',
    exit: 'weft_tls_read_end',
    live: [di, si, dx, cx],
  },
  {
    library: 'openssl',
    name: 'SSL_read',
    entry: 'weft_tls_read',
    exit: 'weft_tls_read_end',
    live: [di, si, dx],
  },
  {
    library: 'openssl',
    name: 'SSL_write_ex',
    entry: 'weft_tls_write',
    exit: 'weft_tls_write_end',
    live: [di, si, dx],
  },
  {
    library: 'openssl',
    name: 'SSL_write',
    entry: 'weft_tls_write',
    exit: 'weft_tls_write_end',
    live: [di, si, dx],
  },
  {
    library: 'gnutls',
    name: 'gnutls_record_recv',
    entry: 'weft_tls_read',
    exit: 'weft_tls_read_end',
    live: [di, si, dx],
  },
  {
    library: 'gnutls',
    name: 'gnutls_record_send',
    entry: 'weft_tls_write',
    exit: 'weft_tls_write_end',
    live: [di, si, dx],
  },
];

const GO_READ = 'crypto/tls.(*Conn).Read';
const GO_WRITE = 'crypto/tls.(*Conn).Write';
/** ABIInternal: receiver, slice; and the goroutine. */
const GO_LIVE = [ax, bx, cx, r14];

/** Code that is looked at for a place to probe. */
const PROLOGUE_BYTES = 160;
const LONGEST_FUNCTION = 65_536;

/** Is it a library, or a program, whose TLS functions can be probed? Reads headers and symbols. Null: it has none. Never throws. */
export function planProbes(source: ByteSource): ProbePlan | null {
  const read = readElf(source);
  if (!read.ok || read.value.machine !== EM_X86_64) return null;
  const elf = read.value;
  return planGo(source, elf) ?? planC(source, elf);
}

function codeOf(source: ByteSource, elf: Elf, address: number, length: number): Uint8Array | null {
  const offset = fileOffset(elf, address);
  return offset === null ? null : source.read(offset, length);
}

function planC(source: ByteSource, elf: Elf): ProbePlan | null {
  const functions = findFunctions(
    source,
    elf,
    C_TARGETS.map(({ name }) => name),
  );
  const points = new Map<string, ProbePoint>();
  const add = (program: string, address: number, isReturn: boolean) => {
    const offset = fileOffset(elf, address);
    if (offset !== null) points.set(`${offset}${isReturn}`, { program, offset, isReturn });
  };
  for (const target of C_TARGETS) {
    const address = functions.find(({ name }) => name === target.name)?.address;
    if (address === undefined) continue;
    // What both of a pair of functions call is probed in their stead, once.
    const shared = sharedFunction(source, elf, functions, target.name);
    const isRead = target.entry !== 'weft_tls_write';
    const entry = shared !== null && isRead ? 'weft_tls_read_ex' : target.entry;
    const at = shared ?? address;
    const code = codeOf(source, elf, at, PROLOGUE_BYTES);
    if (code === null) continue;
    const site = entrySite(code, target.live, true);
    add(entry, at + site.offset, false);
    add(target.exit, at + site.offset, true);
  }
  const library = functions[0]?.name.startsWith('gnutls') ? 'gnutls' : 'openssl';
  return points.size === 0 ? null : { library, points: [...points.values()] };
}

/** The function that `SSL_read` and `SSL_read_ex` (or the two that write) both hand their arguments to; null: there is none. */
function sharedFunction(
  source: ByteSource,
  elf: Elf,
  functions: readonly FunctionSymbol[],
  name: string,
): number | null {
  const base = name.replace(/_ex$/, '');
  const target = (of: string) => {
    const address = functions.find((one) => one.name === of)?.address;
    if (address === undefined) return null;
    const code = codeOf(source, elf, address, PROLOGUE_BYTES);
    const distance = code === null ? null : wrappedFunction(code, [di, si, dx]);
    return distance === null ? null : address + distance;
  };
  const plain = target(base);
  return plain !== null && plain === target(`${base}_ex`) ? plain : null;
}

function planGo(source: ByteSource, elf: Elf): ProbePlan | null {
  const points: ProbePoint[] = [];
  for (const { name, address, size } of findGoFunctions(source, elf, [GO_READ, GO_WRITE])) {
    const offset = fileOffset(elf, address);
    const code = codeOf(source, elf, address, Math.min(size, LONGEST_FUNCTION));
    if (offset === null || code === null) continue;
    const isRead = name === GO_READ;
    const site = entrySite(code, GO_LIVE, false);
    points.push({
      program: isRead ? 'weft_go_tls_read' : 'weft_go_tls_write',
      offset: offset + site.offset,
      isReturn: false,
    });
    if (!isRead) continue;
    // Never a return probe: it would put an address on the stack that Go's own unwinder does not know.
    for (const at of returnSites(code)) {
      points.push({ program: 'weft_go_tls_read_end', offset: offset + at, isReturn: false });
    }
  }
  return points.length === 0 ? null : { library: 'go', points };
}
