import { join } from 'node:path';
import { type ProgramGroup, repoRoot } from '../programs/index.ts';
import type { LoadTarget } from './scenario.ts';

/** Closed loop: `concurrency` requests under way at any time. Open loop: Poisson arrivals, at a share of the capacity. */
export type LoadShape =
  | { readonly loop: 'closed'; readonly concurrency: number }
  | { readonly loop: 'open'; readonly ratePerSecond: number; readonly percentOfCapacity: number };

/** How much load: it ends after so many requests or seconds, whichever is later. */
export interface LoadAmount {
  readonly requests: number;
  readonly seconds: number;
}

/** What the load generator saw. */
export interface LoadSummary {
  readonly requests: number;
  /** Requests that got no answer. */
  readonly errors: number;
  /** HTTP status → answers. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** Milliseconds from call to the last byte of the answer; null when there was none. */
  readonly latencyMs: Readonly<Record<'p50' | 'p90' | 'p99' | 'max', number | null>>;
  readonly startUnixNano: string;
  readonly endUnixNano: string;
}

/**
 * Runs the load generator once, in the group's cgroup.
 * @throws Error when it fails or prints no summary
 */
export async function runLoad(
  group: ProgramGroup,
  target: LoadTarget,
  shape: LoadShape,
  amount: LoadAmount,
  truthLog: string,
): Promise<LoadSummary> {
  const args = [
    join(repoRoot(), 'scenarios', 'load', 'load.mjs'),
    ...['--port', String(target.port), '--paths', JSON.stringify(target.paths), '--truth', truthLog],
    ...['--requests', String(amount.requests), '--seconds', String(amount.seconds)],
    ...(shape.loop === 'closed'
      ? ['--concurrency', String(shape.concurrency)]
      : ['--rate', String(shape.ratePerSecond)]),
    ...(target.requestIds ? ['--request-ids'] : []),
  ];
  const program = await group.start({
    name: 'load',
    command: process.execPath,
    args,
    env: { OTEL_SERVICE_NAME: 'load' },
  });
  const code = await program.exited;
  if (code !== 0)
    throw new Error(`The load generator failed (${code ?? 'killed'}): ${program.stderr().trim()}`);
  return JSON.parse(program.stdout()) as LoadSummary;
}
