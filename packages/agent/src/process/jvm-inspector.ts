import { readFileSync, readSync } from 'node:fs';
import type { ByteSource } from './elf.ts';
import { FileFacts, withFile } from './file-facts.ts';
import { type JvmLibrary, readJvmLibrary } from './jvm-library.ts';
import { type JvmRuntime, readJvmRuntime } from './jvm-runtime.ts';

const MAX_CACHED = 64;
/** First mapping of a library, whose address is what the file's numbering starts from (proc_pid_maps(5)). */
const LIBRARY = /^([0-9a-f]+)-[0-9a-f]+ \S+ 0+ \S+ [1-9]\d* +(\/.*\/libjvm\.so)$/m;

/** It keeps blocks of thread-local storage in another way than glibc. */
const OTHER_LIBC = /\/ld-musl-[^/]*$/m;

/** The memory of a process, read without stopping it. */
function memorySource(fd: number): ByteSource {
  return {
    read(address, length) {
      const bytes = new Uint8Array(length);
      try {
        return bytes.subarray(0, readSync(fd, bytes, 0, length, address));
      } catch {
        return bytes.subarray(0, 0);
      }
    },
  };
}

/** Looks at Java processes; each `libjvm.so` is read once (25 MB with its symbols, of which 5 are read). */
export class JvmInspector {
  readonly #libraries = new FileFacts<JvmLibrary | null>(MAX_CACHED, readJvmLibrary);

  /** How the virtual threads of a process are told apart; null: it is not Java, or they cannot be. Never throws. */
  inspect(tgid: number): JvmRuntime | null {
    const maps = mapsOf(tgid);
    const found = LIBRARY.exec(maps);
    if (found === null || OTHER_LIBC.test(maps)) return null;
    const base = Number.parseInt(found[1]!, 16);
    const library = this.#libraries.of(`/proc/${tgid}/root${found[2]}`);
    if (library === null) return null;
    return withFile(`/proc/${tgid}/mem`, (fd) => readJvmRuntime(memorySource(fd), library, base));
  }
}

function mapsOf(tgid: number): string {
  try {
    return readFileSync(`/proc/${tgid}/maps`, 'latin1');
  } catch {
    return '';
  }
}
