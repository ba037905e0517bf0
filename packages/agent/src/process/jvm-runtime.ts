import type { ByteSource } from './elf.ts';
import type { JvmLibrary } from './jvm-library.ts';

/** How the kernel side finds the virtual thread that runs on a thread of a Java process. */
export interface JvmRuntime {
  /** Number of `libjvm.so` among the modules with thread-local storage: its place in the thread's vector of blocks. */
  readonly tlsModule: number;
  /** Offset of the pointer to the `JavaThread` in that block. */
  readonly threadTls: number;
  /** Offset in `JavaThread` of a byte that is not 0 while a virtual thread is mounted. */
  readonly mounted: number;
  /** Offset in `JavaThread` of the id of the virtual thread that is mounted, or was last; 8 bytes. */
  readonly threadId: number;
}

/** hotspot/share/runtime/vmStructs.hpp: type, field, type of the field, is it static, offset, address. */
const ENTRY_BYTES = 48;
const FIELD_NAME = 8;
const OFFSET = 32;
const NAME_BYTES = 64;
const MOST_MODULES = 4096;
const MOST_OFFSET = 0xffff;

/** The part of a thread that belongs to the flight recorder, and what it holds of the virtual thread, by class and field. */
const RECORDER = 'Thread._jfr_thread_local';
const MOUNTED = 'JfrThreadLocal._vthread';
const THREAD_ID = 'JfrThreadLocal._vthread_id';
const CLASSES = /^(?:Thread|JfrThreadLocal)$/;

function u64(bytes: Uint8Array, at: number): number {
  if (at + 8 > bytes.length) return 0;
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true));
}

function textAt(memory: ByteSource, address: number): string {
  const bytes = memory.read(address, NAME_BYTES);
  const end = bytes.indexOf(0);
  return end < 0 ? '' : Buffer.from(bytes.subarray(0, end)).toString('latin1');
}

/** Offsets by `class.field`. */
function threadFields(memory: ByteSource, library: JvmLibrary, base: number): Map<string, number> {
  const found = new Map<string, number>();
  // Names are shared: each text is read once.
  const texts = new Map<number, string>();
  const text = (address: number) => {
    const known = texts.get(address) ?? textAt(memory, address);
    texts.set(address, known);
    return known;
  };
  for (const { address, size } of library.tables) {
    const table = memory.read(base + address, size);
    for (let at = 0; at + ENTRY_BYTES <= table.length; at += ENTRY_BYTES) {
      const type = u64(table, at);
      if (type === 0 || !CLASSES.test(text(type))) continue;
      found.set(`${text(type)}.${text(u64(table, at + FIELD_NAME))}`, u64(table, at + OFFSET));
    }
  }
  return found;
}

/**
 * Reads where a Java process keeps which virtual thread runs on a thread: from JDK 21 on the VM tells the flight recorder's part
 * of the `JavaThread` at each switch, whether anything is recorded or not (`JfrThreadLocal::on_set_current_thread`; compiled code:
 * `LibraryCallKit::extend_setCurrentThread`).
 * @param memory the process's, by address
 * @param base where the library is loaded
 * @returns null: an older JDK, one without the flight recorder, or one that has not begun yet
 */
export function readJvmRuntime(memory: ByteSource, library: JvmLibrary, base: number): JvmRuntime | null {
  const tlsModule = u64(memory.read(base + library.moduleWord, 8), 0);
  if (tlsModule === 0 || tlsModule > MOST_MODULES) return null;
  const fields = threadFields(memory, library, base);
  const [recorder, byte, id] = [RECORDER, MOUNTED, THREAD_ID].map((name) => fields.get(name) ?? 0);
  if (!recorder || !byte || !id) return null;
  const [mounted, threadId] = [recorder + byte, recorder + id];
  if (mounted > MOST_OFFSET || threadId > MOST_OFFSET) return null;
  return { tlsModule, threadTls: library.threadTls, mounted, threadId };
}
