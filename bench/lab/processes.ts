import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Kernel's clock ticks a second in /proc (USER_HZ): 100 on all that matter here. */
const TICKS = 100;

/** CPU seconds that a process has used, all its threads and none of its children. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Resident memory of a process in bytes: now, and at most so far. */
export function residentBytes(pid: number): { now: number; most: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
  return { now: field('VmRSS'), most: field('VmHWM') };
}

/** Number of the CPU that measured programs are pinned to: the last one. */
export function measuredCpu(): number {
  return cpus().length - 1;
}

/** The CPUs for everything else: all but that one, if there are several. */
export function otherCpus(): string {
  return cpus().length > 1 ? `0-${cpus().length - 2}` : '0';
}

/** Binds all threads of a process to CPUs. @param list as taskset(1) takes it @returns a function that binds them to all again */
export function bindToCpus(pid: number, list: string): () => void {
  const bind = (cpuList: string) =>
    execFileSync('taskset', ['-a', '-p', '-c', cpuList, String(pid)], { stdio: 'pipe' });
  bind(list);
  return () => bind(`0-${cpus().length - 1}`);
}
