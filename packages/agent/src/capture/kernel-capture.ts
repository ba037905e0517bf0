import { randomInt } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { LOST, MODE, PROCESS, PROCESS_FLAG, RING_DATA, RING_SLACK, VERDICT, VERDICTS } from '@weft/kernel';
import {
  BpfError,
  type BpfMap,
  type BpfObject,
  openObject,
  possibleCpus,
  readKernelBtf,
  setRlimitMemlock,
} from '@weft/libbpf';
import { type CaptureOptions, TIERS, type Tier } from '../options.ts';
import type { GoRuntime } from '../process/go-runtime.ts';
import type { JvmRuntime } from '../process/jvm-runtime.ts';
import type { ProbePoint } from '../tls/probe-plan.ts';
import { cgroupFolder } from './cgroup.ts';
import { CpuRings, ringBytesFor } from './cpu-rings.ts';
import { HOOKS, TLS_PROGRAMS, TLS_TABLES } from './hooks.ts';

/** Names of the kernel's loss causes by their number in the ABI. */
/** A field of `struct weft_process` behind its flags. */
type ProcessField = Exclude<keyof typeof PROCESS, 'size' | 'flags'>;

const LOST_CAUSES: readonly string[] = Object.entries(LOST)
  .filter(([name]) => name !== 'LOST_CAUSES')
  .sort(([, a], [, b]) => a - b)
  .map(([name]) => name.replace(/^LOST_/, '').toLowerCase());

export interface KernelCaptureOptions extends CaptureOptions {
  /** Path of weft.bpf.o. */
  readonly object: string;
  /** Trace this process alone; null: all. */
  readonly onlyPid: number | null;
  /** CLOCK_MONOTONIC nanoseconds that count as 0. */
  readonly monotonicEpoch: bigint;
  /** Run without these hooks, as if the kernel refused them: for tests. */
  readonly refuse?: readonly string[];
  /** Bytes of each CPU's ring, a power of two; without it what the number of CPUs asks for. For tests. */
  readonly ringBytes?: number;
}

/** The kernel side, loaded and attached. Everything hangs on file descriptors: when the process ends, however, it is gone. */
export class KernelCapture {
  readonly tier: Tier;
  readonly ring: CpuRings;
  /** Program → `attached`, or why not. */
  readonly hooks: Readonly<Record<string, string>>;
  readonly #object: BpfObject;
  readonly #processes: BpfMap;
  readonly #lost: BpfMap;
  readonly #verdicts: Uint32Array;
  readonly #portVerdicts: Uint32Array;
  readonly #paused: Uint32Array;
  readonly #tlsSites: Uint32Array;
  /** Grows with each change of what the kernel side is told of processes. */
  readonly #generation: Uint32Array;

  private constructor(tier: Tier, object: BpfObject, hooks: Record<string, string>, shape: RingShape) {
    this.tier = tier;
    this.hooks = hooks;
    this.#object = object;
    const rings = object.map('weft_rings');
    this.ring = new CpuRings(rings.mmap(), rings.stride, shape.bytes, shape.key);
    this.#processes = object.map('weft_processes');
    this.#lost = object.map('weft_lost');
    const verdicts = object.map('weft_verdicts').mmap();
    const ports = object.map('weft_port_verdicts').mmap();
    this.#portVerdicts = new Uint32Array(ports.buffer, ports.byteOffset, 65_536 * PORT_WORDS);
    const { variables: known } = object.btf;
    const paused = known.get('weft_paused');
    const generation = known.get('weft_scope_generation');
    const variables = object.map('.bss').mmap();
    this.#paused = new Uint32Array(variables.buffer, variables.byteOffset + (paused?.offset ?? 0), 1);
    this.#generation = new Uint32Array(variables.buffer, variables.byteOffset + (generation?.offset ?? 0), 1);
    const sites = known.get('weft_tls_sites');
    this.#tlsSites = new Uint32Array(variables.buffer, variables.byteOffset + (sites?.offset ?? 0), 1);
    this.#verdicts = new Uint32Array(verdicts.buffer, verdicts.byteOffset, (VERDICTS * VERDICT.size) >> 2);
  }

  /** Loads and attaches the best tier that works, or the one asked for. @throws Error in one sentence with the remedy */
  static start(options: KernelCaptureOptions): KernelCapture {
    if (process.getuid?.() !== 0) {
      throw new Error(
        'tracing needs root: run it with sudo, or give it CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE',
      );
    }
    setRlimitMemlock();
    const tiers = options.tier === null ? TIERS : [options.tier];
    const reasons: string[] = [];
    for (const tier of tiers) {
      try {
        return KernelCapture.#startTier(tier, options);
      } catch (error) {
        if (!(error instanceof BpfError || error instanceof MissingHook)) throw error;
        reasons.push(`${tier}: ${error.message}`);
      }
    }
    throw new Error(`no usable tier (${reasons.join('; ')}): \`weft doctor\` shows what this kernel allows`);
  }

  static #startTier(tier: Tier, options: KernelCaptureOptions): KernelCapture {
    const btf = readKernelBtf();
    if (btf === null) throw new MissingHook('the kernel has no BTF (/sys/kernel/btf/vmlinux)');
    const hooks: Record<string, string> = {};
    const wanted = new Set<string>();
    for (const hook of HOOKS[tier]) {
      if (options.refuse?.includes(hook.program)) hooks[hook.program] = 'refused: by request';
      else if (btf.hasTracepoint(hook.tracepoint)) wanted.add(hook.program);
      else hooks[hook.program] = `refused: the kernel has no tracepoint ${hook.tracepoint}`;
      if (!wanted.has(hook.program) && !hook.optional) {
        throw new MissingHook(hooks[hook.program] ?? hook.program);
      }
    }
    if (options.tls) for (const program of TLS_PROGRAMS) wanted.add(program);
    const shape = newRingShape(options);
    let interrupted = 0;
    // An optional program that the verifier refuses must not cost the tier: try again without it.
    for (;;) {
      const object = openObject(options.object);
      try {
        prepare(object, tier, wanted, options, shape);
        object.load();
        setCgroups(object, options);
        attach(object, tier, wanted, hooks);
        return new KernelCapture(tier, object, hooks, shape);
      } catch (error) {
        object.close();
        if (isInterrupted(error) && interrupted++ < INTERRUPTED_TRIES) continue;
        const culprit = refusedProgram(error, tier, wanted);
        if (culprit === null) throw error;
        // One TLS program alone is of no use.
        const refused = TLS_PROGRAMS.includes(culprit) ? TLS_PROGRAMS : [culprit];
        for (const program of refused) wanted.delete(program);
        hooks[culprit] = `refused: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
  }

  /** Losses of the kernel side by cause, all CPUs together. */
  lost(): Record<string, number> {
    const result: Record<string, number> = {};
    const key = new Uint8Array(4);
    for (let cause = 0; cause < LOST_CAUSES.length; cause++) {
      key[0] = cause;
      let count = 0;
      for (const value of this.#lost.lookupPerCpu(key) ?? []) {
        count += Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true));
      }
      result[`kernel_${LOST_CAUSES[cause]}`] = count;
    }
    return result;
  }

  /** Switches all reports off or on again: costs the traced programs next to nothing while off. */
  set paused(paused: boolean) {
    Atomics.store(this.#paused, 0, paused ? 1 : 0);
  }

  /** TLS functions can be probed: that was asked for, and the kernel has taken the programs. */
  get canProbeTls(): boolean {
    return TLS_PROGRAMS.every((name) => this.#object.program(name).fd >= 0);
  }

  /**
   * Probes an instruction of a TLS library or of a program that holds one, in all processes that run it.
   * @param path of the file, such as `/proc/PID/exe`
   * @returns what takes the probe off again
   * @throws BpfError when the kernel refuses
   */
  probeTls(path: string, { program, offset, isReturn }: ProbePoint): () => void {
    const link = this.#object.program(program).attachUprobe(path, offset, isReturn);
    Atomics.add(this.#tlsSites, 0, 1);
    return () => {
      link.destroy();
      Atomics.sub(this.#tlsSites, 0, 1);
    };
  }

  /** Tells the kernel side not to trace a process. */
  exclude(tgid: number): void {
    this.#setProcess(tgid, PROCESS_FLAG.PROCESS_EXCLUDED);
  }

  /** Tells the kernel side where a Go process keeps its goroutines. */
  setGoRuntime(tgid: number, runtime: GoRuntime): void {
    this.#setProcess(tgid, PROCESS_FLAG.PROCESS_GO, {
      g_tls: runtime.gTls,
      goid: runtime.goid,
      parent_goid: runtime.parentGoid,
      m: runtime.m,
      sched_sp: runtime.schedSp,
    });
  }

  /** The virtual threads of this Java process can be told apart: each of its events says which one it was. */
  setJvmRuntime(tgid: number, runtime: JvmRuntime): void {
    this.#setProcess(tgid, PROCESS_FLAG.PROCESS_JVM, {
      tls_module: runtime.tlsModule,
      thread_tls: runtime.threadTls,
      mounted: runtime.mounted,
      thread_id: runtime.threadId,
    });
  }

  forget(tgid: number): void {
    if (this.#processes.delete(keyOf(tgid))) Atomics.add(this.#generation, 0, 1);
  }

  #setProcess(tgid: number, flags: number, fields: Partial<Record<ProcessField, number>> = {}): void {
    const value = new DataView(new ArrayBuffer(PROCESS.size));
    value.setUint32(PROCESS.flags, flags, true);
    for (const [name, field] of Object.entries(fields)) {
      // The one that may lie on either side of the thread pointer has a sign and 32 bits.
      if (name === 'g_tls') value.setInt32(PROCESS.g_tls, field, true);
      else value.setUint16(PROCESS[name as ProcessField], field, true);
    }
    this.#processes.update(keyOf(tgid), new Uint8Array(value.buffer));
    Atomics.add(this.#generation, 0, 1);
  }

  /**
   * Asks for the heads of a socket's messages alone: nothing below the needed position of each direction,
   * then up to `limit` bytes a call. Written into mapped memory: no system call. Positions wrap, so it
   * must be told again at least every 2^31 bytes.
   */
  wantHeads(cookie: number, neededReceived: number, neededSent: number, limit: number): void {
    this.#write(cookie, MODE.HEADS, limit, neededReceived, neededSent);
  }

  /** How much of a socket's payload is copied from now on; of heads, see `wantHeads`. */
  setVerdict(cookie: number, mode: number): void {
    this.#write(cookie, mode, 0, 0, 0);
  }

  /** How much is copied of sockets without a verdict of their own, by the server's port. */
  setPortVerdict(port: number, mode: number): void {
    Atomics.store(this.#portVerdicts, port * PORT_WORDS, mode);
  }

  #write(cookie: number, mode: number, limit: number, neededReceived: number, neededSent: number): void {
    const words = this.#verdicts;
    const at = ((cookie % VERDICTS) * VERDICT.size) >> 2;
    const low = cookie >>> 0;
    const high = Math.floor(cookie / 0x1_0000_0000);
    const ours = words[at] === low && words[at + 1] === high && words[at + VERDICT.mode / 4] === mode;
    // The kernel compares the cookie: until it stands there, what is written is nobody's verdict.
    if (!ours) Atomics.store(words, at, 0);
    words[at + VERDICT.needed / 4] = neededReceived >>> 0;
    words[at + VERDICT.needed / 4 + 1] = neededSent >>> 0;
    words[at + VERDICT.limit / 4] = limit;
    if (ours) return;
    words[at + VERDICT.mode / 4] = mode;
    words[at + 1] = high;
    Atomics.store(words, at, low);
  }

  close(): void {
    this.#object.close();
  }
}

/** An array map's elements stand 8 bytes apart, however small they are. */
const PORT_WORDS = 2;

/** A process that gets many signals (a profiler's) can have its loads interrupted more often than libbpf tries again. */
const INTERRUPTED_TRIES = 20;

/** The verifier was interrupted by a signal (kernel/bpf/verifier.c: do_check): nothing is wrong with the program. */
function isInterrupted(error: unknown): boolean {
  return error instanceof BpfError && (error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK');
}

class MissingHook extends Error {}

/** An optional hook that could be loaded, but not attached. */
class RefusedHook extends Error {
  readonly program: string;

  constructor(program: string, message: string) {
    super(message);
    this.program = program;
  }
}

function keyOf(tgid: number): Uint8Array {
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, tgid, true);
  return key;
}

/** What the programs and the reader of their rings have to agree on. */
interface RingShape {
  /** Bytes of one CPU's ring. */
  readonly bytes: number;
  /** Nobody but the two may know it: who did could have his bytes taken for a record. */
  readonly key: number;
}

function newRingShape(options: KernelCaptureOptions): RingShape {
  return { bytes: options.ringBytes ?? ringBytesFor(possibleCpus()), key: randomInt(2 ** 32) };
}

function prepare(
  object: BpfObject,
  tier: Tier,
  wanted: ReadonlySet<string>,
  options: KernelCaptureOptions,
  shape: RingShape,
): void {
  for (const program of object.programs.values()) program.setAutoload(wanted.has(program.name));
  const seesTls = TLS_PROGRAMS.every((program) => wanted.has(program));
  // Their memory is taken at once, used or not.
  if (!seesTls) for (const map of TLS_TABLES) object.map(map).setMaxEntries(1);
  const rings = object.map('weft_rings');
  rings.setMaxEntries(possibleCpus());
  rings.setValueSize(RING_DATA + shape.bytes + RING_SLACK);
  object.setVariables({
    weft_ring_bytes: shape.bytes,
    weft_ring_key: shape.key,
    weft_epoch: options.monotonicEpoch,
    weft_self: process.pid,
    weft_only_pid: options.onlyPid ?? 0,
    weft_use_only_cgroup: options.onlyCgroup === null ? 0 : 1,
    weft_use_exclude_cgroup: options.excludeCgroup === null ? 0 : 1,
    weft_syscall_tier: tier === 'syscall' ? 1 : 0,
    weft_send_locked: wanted.has('weft_tcp_send') ? 1 : 0,
    weft_tls: seesTls ? 1 : 0,
  });
}

function attach(
  object: BpfObject,
  tier: Tier,
  wanted: ReadonlySet<string>,
  hooks: Record<string, string>,
): void {
  for (const hook of HOOKS[tier]) {
    if (!wanted.has(hook.program)) continue;
    try {
      object.program(hook.program).attach();
      hooks[hook.program] = 'attached';
    } catch (error) {
      if (!hook.optional || !(error instanceof BpfError)) throw error;
      // The other programs were loaded in the belief that this one reports (weft_send_locked).
      throw new RefusedHook(hook.program, error.message);
    }
  }
}

/** The programs compare with these once they are attached. */
function setCgroups(object: BpfObject, options: KernelCaptureOptions): void {
  const cgroups = [options.onlyCgroup, options.excludeCgroup];
  for (const [index, path] of cgroups.entries()) {
    if (path === null) continue;
    const fd = openSync(cgroupFolder(path), 'r');
    try {
      object.map('weft_cgroups').update(keyOf(index), keyOf(fd));
    } finally {
      closeSync(fd);
    }
  }
}

/** The optional program that a failed load is about, or null. */
function refusedProgram(error: unknown, tier: Tier, wanted: ReadonlySet<string>): string | null {
  if (error instanceof RefusedHook) return error.program;
  if (!(error instanceof BpfError)) return null;
  const said = `${error.message}\n${error.log}`;
  const optional = HOOKS[tier].filter((hook) => hook.optional).map((hook) => hook.program);
  const culprit = [...optional, ...TLS_PROGRAMS].find(
    (program) => wanted.has(program) && said.includes(`prog '${program}': `),
  );
  return culprit ?? null;
}
