import koffi from 'koffi';
import { BpfError } from './errors.ts';
import { lastErrno, native, type Pointer } from './native.ts';

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const SC_PAGESIZE = 30;

/** Memory of this process, seen as an ArrayBuffer. */
export interface Mapping {
  readonly address: bigint;
  readonly buffer: ArrayBuffer;
  /**
   * Gives up what was mapped. The buffer stays safe to touch: it shows private zeros from then on, and
   * its addresses are given back when nothing holds it any more. May be called again.
   */
  close(): void;
}

/** Bytes of a page: 4 KiB on x86-64, also 16 or 64 KiB on arm64. */
export function pageSize(): number {
  return native().sysconf(SC_PAGESIZE);
}

/**
 * A typed array that outlives an munmap would crash the process, so a mapping is first replaced by
 * anonymous zero pages and its addresses are freed only with the last view of it.
 */
const addressSpace = new FinalizationRegistry<{ address: bigint; size: number }>(({ address, size }) => {
  native().munmap(address, size);
});

function map(
  operation: string,
  at: Pointer,
  size: number,
  prot: number,
  flags: number,
  fd: number,
  offset: number,
) {
  const address = native().mmap(at, size, prot, flags, fd, offset);
  if (address === null || address === MAP_FAILED) throw new BpfError(operation, lastErrno());
  return address;
}

/**
 * Maps `size` bytes of the file descriptor of a BPF map from `offset` on, shared with the kernel.
 * Writing into a mapping that is not `writable` crashes the process.
 * @throws BpfError
 */
export function mapFd(
  operation: string,
  fd: number,
  offset: number,
  size: number,
  writable: boolean,
): Mapping {
  const prot = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const address = map(operation, null, size, prot, MAP_SHARED, fd, offset);
  const buffer = koffi.view(address, size);
  addressSpace.register(buffer, { address, size });
  let open = true;
  return {
    address,
    buffer,
    close() {
      if (!open) return;
      open = false;
      const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
      map(`unmap ${operation}`, address, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    },
  };
}

/** Zeroed memory outside of JavaScript's heap, which takes pages only as they are touched. */
export interface Scratch {
  readonly address: bigint;
  readonly size: number;
  free(): void;
}

/** Allocates `size` bytes that C code may keep a pointer to until `free`. */
export function allocate(operation: string, size: number): Scratch {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  let address: Pointer = map(operation, null, size, PROT_READ | PROT_WRITE, flags, -1, 0);
  return {
    address,
    size,
    free() {
      if (address !== null) native().munmap(address, size);
      address = null;
    },
  };
}

/** A copy of `size` bytes at `address`. */
export function copyFrom(address: bigint, size: number): Uint8Array {
  return size === 0 ? new Uint8Array(0) : new Uint8Array(koffi.view(address, size)).slice();
}
