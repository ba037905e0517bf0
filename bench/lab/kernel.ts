import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { CpuRings, planFileProbes, TLS_PROGRAMS } from '@weft/agent';
import { LOST, RING_BYTES } from '@weft/kernel';
import { type BpfMap, type BpfObject, openObject, possibleCpus, setRlimitMemlock } from '@weft/libbpf';
import { repoRoot } from '../../scenarios/programs/index.ts';
import type { BenchContext } from '../bench.ts';

/** The kernel part alone: its programs attached, its events thrown away. */
export interface KernelAlone {
  /** Events read so far. */
  events(): number;
  /** Events that found no room in the ring. */
  ringFull(): number;
  stop(): Promise<void>;
}

/** What waits meanwhile is a small part of a ring, and each turn of the timer would count as the kernel's cost. */
const POLL_MS = 5;
const RING_KEY = 0x5eed_0001;

/** The kernel programs, to be set up, loaded and attached; gone after the benchmark. */
export interface KernelPrograms {
  readonly object: BpfObject;
  /** Once loaded: has their rings read from now on. @returns how many events were read and thrown away so far */
  discard(): () => number;
  stop(): Promise<void>;
}

/** Opens the programs, with rings that `discard` can read. */
export function openPrograms(context: BenchContext): KernelPrograms {
  setRlimitMemlock();
  const object = openObject(join(repoRoot(), 'packages', 'kernel', 'dist', 'weft.bpf.o'));
  let timer: NodeJS.Timeout | null = null;
  const stop = context.cleanup(() => {
    if (timer !== null) clearInterval(timer);
    object.close();
  });
  object.map('weft_rings').setMaxEntries(possibleCpus());
  object.setVariables({ weft_ring_key: RING_KEY });
  const discard = () => {
    const rings = object.map('weft_rings');
    const ring = new CpuRings(rings.mmap(), rings.stride, RING_BYTES, RING_KEY);
    let events = 0;
    timer = setInterval(() => {
      ring.poll();
      while (ring.next()) events++;
      ring.release();
    }, POLL_MS);
    return () => events;
  };
  return { object, discard, stop };
}

/**
 * Attaches the programs of tier `sock`.
 * @param scope whom they trace: a cgroup, or one process (1: none that does anything)
 * @param tls files whose TLS functions are probed too
 */
export function attachKernel(
  context: BenchContext,
  scope: { readonly cgroup: string } | { readonly pid: number },
  tls: readonly string[] = [],
): KernelAlone {
  const { object, discard, stop } = openPrograms(context);
  // The other tier's programs cost every system call.
  for (const program of object.programs) {
    const isTls = TLS_PROGRAMS.includes(program.name);
    program.setAutoload(isTls ? tls.length > 0 : !program.name.startsWith('weft_sys_'));
  }
  object.setVariables({
    weft_epoch: process.hrtime.bigint(),
    weft_self: process.pid,
    weft_only_pid: 'pid' in scope ? scope.pid : 0,
    weft_use_only_cgroup: 'cgroup' in scope ? 1 : 0,
    weft_send_locked: 1,
    weft_tls: tls.length > 0 ? 1 : 0,
    weft_tls_sites: tls.length,
  });
  object.load();
  if ('cgroup' in scope) setCgroup(object.map('weft_cgroups'), scope.cgroup);
  for (const program of object.programs) {
    if (program.autoload && !TLS_PROGRAMS.includes(program.name)) program.attach();
  }
  for (const path of tls) probe(object, path);
  const events = discard();
  const lost = object.map('weft_lost');
  return { events, ringFull: () => ringFull(lost), stop };
}

function probe(object: BpfObject, path: string): void {
  const plan = planFileProbes(path);
  if (plan === null) throw new Error(`${path} has no TLS functions that can be probed.`);
  for (const { program, offset, isReturn } of plan.points) {
    object.program(program).attachUprobe(path, offset, isReturn);
  }
}

function setCgroup(map: BpfMap, folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    const value = new Uint8Array(4);
    new DataView(value.buffer).setUint32(0, fd, true);
    map.update(new Uint8Array(4), value);
  } finally {
    closeSync(fd);
  }
}

function ringFull(lost: BpfMap): number {
  const key = new Uint8Array(4);
  key[0] = LOST.LOST_RING_FULL;
  let count = 0;
  for (const value of lost.lookupPerCpu(key) ?? []) {
    count += Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true));
  }
  return count;
}
