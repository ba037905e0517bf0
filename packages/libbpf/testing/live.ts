import { existsSync, readFileSync } from 'node:fs';
import { type BpfObject, openObject, type RingReader } from '../index.ts';

/** Number of the system call that `process.ppid` makes. */
const GETPPID: Readonly<Record<string, number>> = { x64: 110, arm64: 173 };

/** Opens the fixture, limited to this process and one system call. */
export function openFixture(path: string): BpfObject {
  const object = openObject(path);
  object.setVariables({
    target_tgid: process.pid,
    target_syscall: GETPPID[process.arch] ?? 0,
    record_bytes: 3,
    small: -5,
    label: new TextEncoder().encode('hello'),
  });
  return object;
}

/** Makes the traced system call `times` times. */
export function call(times: number): void {
  for (let i = 0; i < times; i++) void process.ppid;
}

/** Sequence numbers of the events in the ring; gives them back. */
export function readSequences(ring: RingReader, offset: number): number[] {
  const sequences: number[] = [];
  ring.poll();
  while (ring.next()) sequences.push(ring.u32[(ring.offset + offset) >> 2]!);
  ring.release();
  return sequences;
}

/** The kernel's ids of what an object has loaded, to look for afterwards. */
export interface KernelIds {
  readonly programs: number[];
  readonly maps: number[];
}

function fdinfo(fd: number, field: string): number {
  const found = new RegExp(`^${field}:\\s*(\\d+)`, 'm').exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
  if (found === null) throw new Error(`fd ${fd} has no ${field}`);
  return Number(found[1]);
}

export function kernelIds(object: BpfObject): KernelIds {
  return {
    programs: object.programs.filter(({ fd }) => fd >= 0).map(({ fd }) => fdinfo(fd, 'prog_id')),
    maps: [...object.maps.values()].map(({ fd }) => fdinfo(fd, 'map_id')),
  };
}

/** bpftool is in no user's PATH. */
export const BPFTOOL =
  ['/usr/sbin/bpftool', '/usr/bin/bpftool'].find((path) => existsSync(path)) ?? 'bpftool';
