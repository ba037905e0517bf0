import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  isMapTypeSupported,
  isProgramTypeSupported,
  libraryVersion,
  possibleCpus,
  readKernelBtf,
  setRlimitMemlock,
} from '../index.ts';

describe('the system', () => {
  it('names its version and CPUs', () => {
    expect(libraryVersion()).toMatch(/^1\.\d+$/);
    const last = /(\d+)\s*$/.exec(readFileSync('/sys/devices/system/cpu/possible', 'utf8'));
    expect(possibleCpus()).toBe(Number(last?.[1]) + 1);
  });

  it('answers probes', () => {
    expect(isProgramTypeSupported('socket_filter')).toBe(true);
    expect(isMapTypeSupported('ringbuf')).toBe(true);
  });

  it('takes a refused memory limit as an answer', () => {
    const before = readFileSync('/proc/self/limits', 'utf8');
    const lifted = setRlimitMemlock();
    const line = /^Max locked memory.*$/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[0];
    if (lifted) expect(line).toContain('unlimited');
    else expect(before).toContain(line);
  });

  it("reads the running kernel's types", () => {
    const btf = readKernelBtf();
    expect(btf?.hasTracepoint('sys_enter')).toBe(true);
    expect(btf?.hasTracepoint('weft_no_such_tracepoint')).toBe(false);
    const task = btf?.struct('task_struct');
    expect(task?.members.find(({ name }) => name === 'tgid')).toMatchObject({ kind: 'int', size: 4 });
    expect(btf?.struct('list_head')?.members.map(({ offset, size }) => [offset, size])).toEqual([
      [0, 8],
      [8, 8],
    ]);
  });
});
