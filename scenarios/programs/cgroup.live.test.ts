import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createCgroup, removeCgroup } from './cgroup.ts';
import { createProgramGroup } from './launch.ts';

test('a program and its children live in the cgroup, and removing it ends them', async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('making a cgroup needs root');
  const cgroup = createCgroup(`weft-test-${process.pid}`);
  const group = createProgramGroup(cgroup);
  try {
    const script = 'sleep 600 & echo started; wait';
    const program = await group.start({ name: 'parent', command: '/bin/sh', args: ['-c', script] });
    while (program.stdout() === '') await sleep(10);
    const members = readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').trim().split('\n').map(Number);
    expect(members).toHaveLength(2);
    expect(members).toContain(program.pid);
    await removeCgroup(cgroup);
    expect(existsSync(cgroup)).toBe(false);
    expect(await program.exited).toBeNull();
  } finally {
    await group.stop();
    await removeCgroup(cgroup);
  }
}, 30_000);
