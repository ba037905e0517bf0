import {
  createProgramGroup,
  findProgram,
  type Program,
  type ProgramGroup,
} from '../../scenarios/programs/index.ts';
import type { BenchContext } from '../bench.ts';

/** Runs a program to its end. @returns its stdout @throws Error in one sentence when it fails, or the run is stopped */
export async function finish(context: BenchContext, program: Program): Promise<string> {
  const { signal } = context;
  const code = await new Promise<number | null>((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    void program.exited.then((result) => {
      signal.removeEventListener('abort', abort);
      resolve(result);
    });
  });
  if (code === 0) return program.stdout();
  throw new Error(
    `${program.name} ended with ${code === null ? 'a signal' : `code ${code}`}: ${program.stderr().trim()}`,
  );
}

/** A group of programs that ends with the benchmark. @param cgroup that they enter; null: none */
export function groupIn(context: BenchContext, cgroup: string | null): ProgramGroup {
  const group = createProgramGroup(cgroup);
  context.cleanup(() => group.stop());
  return group;
}

/** What wrk saw. */
export interface WrkResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly errors: number;
  /** Response times in ms. */
  readonly p50: number;
  readonly p99: number;
}

const MS_A_UNIT: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1e3, m: 6e4 };

/** A line of wrk's `--latency`, as `99%    1.20ms`; NaN where there is none. */
function latencyOf(text: string, percentile: number): number {
  const match = new RegExp(`^\\s+${percentile}%\\s+([\\d.]+)(us|ms|s|m)$`, 'm').exec(text);
  return match === null ? Number.NaN : Number(match[1]) * MS_A_UNIT[match[2]!]!;
}

/** Reads wrk's report. @throws Error when it is none */
export function parseWrk(text: string): WrkResult {
  const requests = /^\s*(\d+) requests in /m.exec(text)?.[1];
  const perSecond = /^Requests\/sec:\s+([\d.]+)/m.exec(text)?.[1];
  if (requests === undefined || perSecond === undefined) throw new Error('wrk printed no result.');
  const socket = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? '0';
  const errors = [...(socket?.slice(1) ?? []), refused].reduce((sum, count) => sum + Number(count), 0);
  return {
    ...{ requests: Number(requests), perSecond: Number(perSecond), errors },
    ...{ p50: latencyOf(text, 50), p99: latencyOf(text, 99) },
  };
}

/** Loads a URL as fast as it goes. */
export async function runWrk(
  context: BenchContext,
  group: ProgramGroup,
  url: string,
  options: { readonly connections: number; readonly seconds: number },
): Promise<WrkResult> {
  const wrk = findProgram('wrk', 'WEFT_WRK', ['/usr/bin/wrk']);
  if (wrk === null) throw new Error('wrk was not found: install it (apt-get install wrk).');
  const args = ['-t1', '--latency', `-c${options.connections}`, `-d${options.seconds}s`, url];
  return parseWrk(await finish(context, await group.start({ name: 'wrk', command: wrk, args })));
}

/** What the paced client saw. */
export interface PacedResult {
  readonly requests: number;
  readonly answered: number;
  readonly seconds: number;
  /** How far it fell behind its schedule at worst. */
  readonly latestMs: number;
  /** When the last byte of the last response had been read. */
  readonly endUnixMs: number;
  /** Response times from when each request was due. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Loads with a steady rate. @param client path of the compiled bench/paced.c */
export async function runPaced(
  context: BenchContext,
  group: ProgramGroup,
  client: string,
  options: {
    readonly port: number;
    readonly path: string;
    readonly perSecond: number;
    readonly count: number;
    readonly connections: number;
    readonly traceparent?: string;
  },
): Promise<PacedResult> {
  const { port, path, perSecond, count, connections, traceparent } = options;
  const args = [
    port,
    path,
    perSecond,
    count,
    connections,
    ...(traceparent === undefined ? [] : [traceparent]),
  ];
  const program = await group.start({ name: 'paced', command: client, args: args.map(String) });
  return JSON.parse(await finish(context, program)) as PacedResult;
}
