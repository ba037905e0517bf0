import { readdirSync, readFileSync } from 'node:fs';
import { kernelObject } from '../../paths.ts';
import { KernelCapture } from '../kernel-capture.ts';

/** Traces a cgroup until it is killed: prints the ids of the programs that it has loaded. */
const capture = KernelCapture.start({
  tier: null,
  tls: false,
  mask: true,
  without: [],
  cpuBudget: null,
  onlyCgroup: process.argv[2] ?? null,
  excludeCgroup: null,
  excludePids: [],
  object: kernelObject(),
  onlyPid: null,
  monotonicEpoch: 0n,
});
const ids = readdirSync('/proc/self/fd')
  .map((fd) => {
    try {
      return Number(/^prog_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? 0);
    } catch {
      // The folder's own descriptor is closed by now.
      return 0;
    }
  })
  .filter((id) => id > 0);
process.stdout.write(`${JSON.stringify({ ids: [...new Set(ids)], hooks: capture.hooks })}\n`);
setInterval(() => capture.lost(), 1000);
