import { createCgroup, removeCgroup } from '../../scenarios/programs/index.ts';
import type { BenchContext } from '../bench.ts';

/** A cgroup for the programs that are traced, gone after the benchmark. @returns its absolute path */
export function benchCgroup(context: BenchContext): string {
  const cgroup = createCgroup(`weft-bench-${process.pid}-${Date.now() % 1e6}`);
  context.cleanup(() => removeCgroup(cgroup));
  return cgroup;
}
