import os from 'node:os';

/** Numbers that the kernel gives beyond what libc knows. */
const KERNEL_ERRNO: Readonly<Record<number, string>> = { 524: 'ENOTSUPP' };

const ERRNO_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(os.constants.errno).map(([name, value]) => [value, name]),
);

/** Name of an errno value: 1 gives `EPERM`; unknown ones give `E<number>`. */
export function errnoName(errno: number): string {
  return ERRNO_NAMES.get(errno) ?? KERNEL_ERRNO[errno] ?? `E${errno}`;
}

/** A call to libbpf or to the kernel failed, or was refused before it could do harm. */
export class BpfError extends Error {
  override readonly name = 'BpfError';
  /** What was tried, such as `load weft` or `attach weft_fork`. */
  readonly operation: string;
  /** Positive errno; 0 where no call failed (wrong use of this library). */
  readonly errno: number;
  /** Name of `errno` (`EPERM`, …), or `EUSAGE` where no call failed. */
  readonly code: string;
  /** Last lines of the verifier's log and of what libbpf said meanwhile; may be empty. */
  readonly log: string;

  constructor(operation: string, errno: number, detail = '', log = '') {
    const code = errno === 0 ? 'EUSAGE' : errnoName(errno);
    const reason = errno === 0 ? detail : `${code}${detail === '' ? '' : ` (${detail})`}`;
    super(`${operation}: ${reason}`);
    this.operation = operation;
    this.errno = errno;
    this.code = code;
    this.log = log;
  }
}

/** An error of the caller: nothing was handed to the kernel. */
export function usageError(operation: string, detail: string): BpfError {
  return new BpfError(operation, 0, detail);
}
