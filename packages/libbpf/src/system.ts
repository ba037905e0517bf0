import { native } from './native.ts';

const RLIMIT_MEMLOCK = 8;
const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

/** Version of the loaded libbpf as it says itself, without a patch level: `1.1` for Debian 12's 1.1.2. */
export function libraryVersion(): string {
  return native().versionString().replace(/^v/, '');
}

/** CPUs that this machine could have: per-CPU maps have a value for each. */
export function possibleCpus(): number {
  return native().possibleCpus();
}

/**
 * Lifts the limit of locked memory, which kernels before 5.11 charge BPF maps to. Newer ones charge the
 * memory cgroup, so a refusal is no reason to stop.
 * @returns whether the limit is lifted
 */
export function setRlimitMemlock(): boolean {
  return native().setrlimit(RLIMIT_MEMLOCK, new BigUint64Array([RLIM_INFINITY, RLIM_INFINITY])) === 0;
}

/** Numbers of `enum bpf_prog_type` (linux/bpf.h) for `isProgramTypeSupported`. */
export const PROGRAM_TYPES = {
  socket_filter: 1,
  kprobe: 2,
  sched_cls: 3,
  tracepoint: 5,
  xdp: 6,
  perf_event: 7,
  cgroup_skb: 8,
  sock_ops: 13,
  sk_msg: 16,
  raw_tracepoint: 17,
  tracing: 26,
  struct_ops: 27,
  lsm: 29,
  syscall: 31,
} as const;

/** Numbers of `enum bpf_map_type` (linux/bpf.h). */
export const MAP_TYPES = {
  hash: 1,
  array: 2,
  prog_array: 3,
  perf_event_array: 4,
  percpu_hash: 5,
  percpu_array: 6,
  stack_trace: 7,
  lru_hash: 9,
  lru_percpu_hash: 10,
  lpm_trie: 11,
  sockhash: 18,
  queue: 22,
  stack: 23,
  sk_storage: 24,
  ringbuf: 27,
  task_storage: 29,
} as const;

export type ProgramTypeName = keyof typeof PROGRAM_TYPES;
export type MapTypeName = keyof typeof MAP_TYPES;

/**
 * Whether the kernel loads a trivial program of this type with the rights of this process (a few
 * milliseconds at most). It says nothing about attaching, and `tracing` is tried as a function's entry: a kernel that
 * refuses those may take `tp_btf`. Where that matters, load the program that you mean.
 */
export function isProgramTypeSupported(type: ProgramTypeName): boolean {
  return native().probeProgramType(PROGRAM_TYPES[type], null) === 1;
}

/** Whether the kernel creates maps of this type with the rights of this process. */
export function isMapTypeSupported(type: MapTypeName): boolean {
  return native().probeMapType(MAP_TYPES[type], null) === 1;
}

/** Whether programs of a type may call a helper, by its number in `enum bpf_func_id`. */
export function isHelperSupported(type: ProgramTypeName, helper: number): boolean {
  return native().probeHelper(PROGRAM_TYPES[type], helper, null) === 1;
}
