import { recordEvents } from '@weft/agent';
import type { BenchContext } from '../bench.ts';

/** Records the kernel's events of a cgroup into a file while a load runs. */
export async function record(
  context: BenchContext,
  cgroup: string,
  file: string,
  load: () => Promise<unknown>,
): Promise<void> {
  const end = new AbortController();
  const recording = recordEvents(file, {
    ...{
      tier: null,
      tls: false,
      mask: true,
      without: [],
      cpuBudget: null,
      excludeCgroup: null,
      excludePids: [],
    },
    onlyCgroup: cgroup,
    seconds: null,
    pid: null,
    signal: end.signal,
  });
  const stopped = context.cleanup(async () => {
    end.abort();
    await recording;
  });
  try {
    await load();
  } finally {
    await stopped();
  }
}
