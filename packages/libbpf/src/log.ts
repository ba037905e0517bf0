import koffi from 'koffi';
import { native, type Pointer } from './native.ts';

/** How much of a log is kept, from its end. The verifier's logs run to megabytes. */
export const LOG_TAIL_BYTES = 16 * 1024;
const LOG_TAIL_LINES = 60;
const LEVEL_DEBUG = 2;

const line = new Uint8Array(4096);
const decoder = new TextDecoder();

/** What libbpf said during the running capture; null when nobody listens on this thread. */
let captured: string | null = null;
/** The callback of this thread; registered once and kept, since libbpf may hold it for a moment longer. */
let callback: Pointer = null;

function onPrint(level: number, format: Pointer, list: Pointer): number {
  if (captured === null || level >= LEVEL_DEBUG) return 0;
  const wanted = native().vsnprintf(line, line.length, format, list);
  const length = Math.max(0, Math.min(wanted, line.length - 1));
  captured = (captured + decoder.decode(line.subarray(0, length))).slice(-LOG_TAIL_BYTES);
  return length;
}

/**
 * Runs calls of libbpf with its messages kept instead of printed, and hands `body` a function that gives
 * those so far. libbpf has one print function for the whole process; it is set to this thread's for the
 * time of `body` and to none after it, so two threads should not open, load or attach at the same moment.
 */
export function withCapturedLog<T>(body: (said: () => string) => T): T {
  const outer = captured;
  callback ??= koffi.register(onPrint, native().printFn);
  captured = outer ?? '';
  native().setPrint(callback);
  try {
    return body(() => captured ?? '');
  } finally {
    captured = outer;
    if (outer === null) native().setPrint(null);
  }
}

/** The last lines of a text, at most `LOG_TAIL_BYTES` of them. */
export function tailOf(text: string): string {
  const lines = text.slice(-LOG_TAIL_BYTES).trim().split('\n');
  return lines.slice(-LOG_TAIL_LINES).join('\n');
}

/** The tail of the NUL-terminated text in `size` bytes of native memory. */
export function tailOfMemory(address: bigint, size: number): string {
  const length = native().strnlen(address, size);
  const start = Math.max(0, length - LOG_TAIL_BYTES);
  if (length === 0) return '';
  return tailOf(decoder.decode(new Uint8Array(koffi.view(address + BigInt(start), length - start))));
}
