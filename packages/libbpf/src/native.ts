import koffi, { type TypeObject } from 'koffi';
import { BpfError } from './errors.ts';

/** A C pointer: an address, or null. */
export type Pointer = bigint | null;

/** Sets errno and says why a call that returns a pointer gave null. */
export function lastErrno(): number {
  return koffi.errno();
}

function load(path: string): ReturnType<typeof koffi.load> {
  try {
    return koffi.load(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BpfError(`load ${path}`, 0, `${why}; on Debian and Ubuntu: apt-get install libbpf1`);
  }
}

/**
 * The C functions that this library calls. A wrong signature crashes the process, so each is written
 * next to the declaration it was checked against (libbpf.h and bpf.h of 1.1, all of them stable since 1.0).
 */
function bind() {
  const bpf = load('libbpf.so.1');
  const c = load('libc.so.6');
  const P = 'void *';
  const printFn = koffi.pointer(koffi.proto(null, 'int', ['int', P, P]));
  const openOptions = koffi.struct({
    sz: 'size_t',
    object_name: 'str',
    relaxed_maps: 'bool',
    pin_root_path: 'str',
    unused: 'uint32_t',
    kconfig: 'str',
    btf_custom_path: 'str',
    kernel_log_buf: P,
    kernel_log_size: 'size_t',
    kernel_log_level: 'uint32_t',
  });
  const define = <T>(lib: typeof bpf, name: string, result: string, args: (string | TypeObject)[]): T =>
    lib.func(name, result, args) as unknown as T;

  type OfPointer<R> = (pointer: Pointer) => R;
  type Bytes = Uint8Array | null;

  return {
    printFn,
    openOptionsSize: koffi.sizeof(openOptions),

    // libbpf.h: library
    versionString: define<() => string>(bpf, 'libbpf_version_string', 'str', []),
    setPrint: define<(fn: Pointer) => Pointer>(bpf, 'libbpf_set_print', P, [printFn]),
    possibleCpus: define<() => number>(bpf, 'libbpf_num_possible_cpus', 'int', []),
    probeProgramType: define<(type: number, o: null) => number>(bpf, 'libbpf_probe_bpf_prog_type', 'int', [
      'int',
      P,
    ]),
    probeMapType: define<(type: number, o: null) => number>(bpf, 'libbpf_probe_bpf_map_type', 'int', [
      'int',
      P,
    ]),
    probeHelper: define<(type: number, helper: number, o: null) => number>(
      bpf,
      'libbpf_probe_bpf_helper',
      'int',
      ['int', 'int', P],
    ),

    // libbpf.h: objects
    objectOpenMem: define<(bytes: Uint8Array, size: number, options: object) => Pointer>(
      bpf,
      'bpf_object__open_mem',
      P,
      [P, 'size_t', koffi.pointer(openOptions)],
    ),
    objectLoad: define<OfPointer<number>>(bpf, 'bpf_object__load', 'int', [P]),
    objectClose: define<OfPointer<void>>(bpf, 'bpf_object__close', 'void', [P]),
    nextProgram: define<(object: Pointer, previous: Pointer) => Pointer>(bpf, 'bpf_object__next_program', P, [
      P,
      P,
    ]),
    nextMap: define<(object: Pointer, previous: Pointer) => Pointer>(bpf, 'bpf_object__next_map', P, [P, P]),

    // libbpf.h: programs and links
    programName: define<OfPointer<string>>(bpf, 'bpf_program__name', 'str', [P]),
    programSection: define<OfPointer<string>>(bpf, 'bpf_program__section_name', 'str', [P]),
    programAutoload: define<OfPointer<boolean>>(bpf, 'bpf_program__autoload', 'bool', [P]),
    programSetAutoload: define<(program: Pointer, on: boolean) => number>(
      bpf,
      'bpf_program__set_autoload',
      'int',
      [P, 'bool'],
    ),
    programFd: define<OfPointer<number>>(bpf, 'bpf_program__fd', 'int', [P]),
    programAttach: define<OfPointer<Pointer>>(bpf, 'bpf_program__attach', P, [P]),
    programAttachUprobe: define<
      (program: Pointer, isReturn: boolean, pid: number, path: string, offset: number) => Pointer
    >(bpf, 'bpf_program__attach_uprobe', P, [P, 'bool', 'int', 'str', 'size_t']),
    linkFd: define<OfPointer<number>>(bpf, 'bpf_link__fd', 'int', [P]),
    linkDestroy: define<OfPointer<number>>(bpf, 'bpf_link__destroy', 'int', [P]),

    // libbpf.h: maps
    mapName: define<OfPointer<string>>(bpf, 'bpf_map__name', 'str', [P]),
    mapFd: define<OfPointer<number>>(bpf, 'bpf_map__fd', 'int', [P]),
    mapType: define<OfPointer<number>>(bpf, 'bpf_map__type', 'int', [P]),
    mapFlags: define<OfPointer<number>>(bpf, 'bpf_map__map_flags', 'uint32_t', [P]),
    mapKeySize: define<OfPointer<number>>(bpf, 'bpf_map__key_size', 'uint32_t', [P]),
    mapValueSize: define<OfPointer<number>>(bpf, 'bpf_map__value_size', 'uint32_t', [P]),
    mapSetValueSize: define<(map: Pointer, bytes: number) => number>(bpf, 'bpf_map__set_value_size', 'int', [
      P,
      'uint32_t',
    ]),
    mapMaxEntries: define<OfPointer<number>>(bpf, 'bpf_map__max_entries', 'uint32_t', [P]),
    mapSetMaxEntries: define<(map: Pointer, entries: number) => number>(
      bpf,
      'bpf_map__set_max_entries',
      'int',
      [P, 'uint32_t'],
    ),
    mapSetAutocreate: define<(map: Pointer, on: boolean) => number>(bpf, 'bpf_map__set_autocreate', 'int', [
      P,
      'bool',
    ]),
    mapInitialValue: define<(map: Pointer, size: BigUint64Array) => Pointer>(
      bpf,
      'bpf_map__initial_value',
      P,
      [P, P],
    ),
    mapSetInitialValue: define<(map: Pointer, bytes: Uint8Array, size: number) => number>(
      bpf,
      'bpf_map__set_initial_value',
      'int',
      [P, P, 'size_t'],
    ),

    // bpf.h: elements, by file descriptor; negative errno on failure
    lookup: define<(fd: number, key: Bytes, value: Uint8Array) => number>(bpf, 'bpf_map_lookup_elem', 'int', [
      'int',
      P,
      P,
    ]),
    update: define<(fd: number, key: Bytes, value: Uint8Array, flags: number) => number>(
      bpf,
      'bpf_map_update_elem',
      'int',
      ['int', P, P, 'uint64_t'],
    ),
    delete: define<(fd: number, key: Bytes) => number>(bpf, 'bpf_map_delete_elem', 'int', ['int', P]),
    nextKey: define<(fd: number, key: Bytes, next: Uint8Array) => number>(
      bpf,
      'bpf_map_get_next_key',
      'int',
      ['int', P, P],
    ),

    // libc
    mmap: define<
      (at: Pointer, size: number, prot: number, flags: number, fd: number, offset: number) => Pointer
    >(c, 'mmap', P, [P, 'size_t', 'int', 'int', 'int', 'int64_t']),
    munmap: define<(address: Pointer, size: number) => number>(c, 'munmap', 'int', [P, 'size_t']),
    sysconf: define<(name: number) => number>(c, 'sysconf', 'long', ['int']),
    setrlimit: define<(resource: number, limit: BigUint64Array) => number>(c, 'setrlimit', 'int', ['int', P]),
    strnlen: define<(text: Pointer, limit: number) => number>(c, 'strnlen', 'size_t', [P, 'size_t']),
    /** `va_list` is handed on as the pointer it is passed as, on x86-64 and on arm64 alike. */
    vsnprintf: define<(out: Uint8Array, size: number, format: Pointer, list: Pointer) => number>(
      c,
      'vsnprintf',
      'int',
      [P, 'size_t', P, P],
    ),
  };
}

export type Native = ReturnType<typeof bind>;

let bound: Native | null = null;

/**
 * The bound C functions of this thread; the libraries are loaded at first use, so that the pure parts
 * of this package work without them.
 * @throws BpfError when libbpf.so.1 is not installed
 */
export function native(): Native {
  if (bound === null) {
    bound = bind();
    // libbpf prints to stderr by itself; what matters is captured into errors (log.ts).
    bound.setPrint(null);
  }
  return bound;
}
