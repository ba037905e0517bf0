import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { TraceJson, TraceListJson, TraceSummaryJson } from '@weft/model';

/** The `weft` command as users of the repository run it. */
const WEFT = fileURLToPath(new URL('../../../cli/bin/weft.js', import.meta.url));

/** `weft up` with a data folder and a port of its own. */
export interface RunningWeft {
  readonly url: string;
  /** One answer of its API. */
  get<T>(path: string): Promise<T>;
  stop(): Promise<void>;
}

/** Waits until a condition gives something. @throws Error with `what` when that takes too long */
export async function waitFor<T>(
  what: () => string,
  limitMs: number,
  condition: () => T | null | undefined | Promise<T | null | undefined>,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value !== null && value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms in vain: ${what()}`);
    await sleep(50);
  }
}

/** Starts `weft up` with these arguments, and waits until it is ready. */
export async function startWeft(...args: readonly string[]): Promise<RunningWeft> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-ui-'));
  const child = spawn(process.execPath, [WEFT, 'up', '--port', '0', '--data', folder, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const url = await waitFor(
      () => `no ready line\n${errors}`,
      60_000,
      () => {
        if (child.exitCode !== null) throw new Error(`weft has ended (${child.exitCode})\n${errors}`);
        return /^ready (http\S+)$/m.exec(output)?.[1];
      },
    );
    const get = async <T>(path: string): Promise<T> => {
      const response = await fetch(`${url}/api/v1/${path}`);
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    };
    return { url, get, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A trace that is whole and settled, as soon as the API lists one that is `good`, and is so when it is read. */
export function settledTrace(
  weft: RunningWeft,
  query: string,
  good: (trace: TraceSummaryJson) => boolean,
  goodWhole: (trace: TraceJson) => boolean = () => true,
  limitMs = 60_000,
): Promise<TraceJson> {
  let looked = 'none is listed';
  return waitFor(
    () => `no such trace: ${looked}`,
    limitMs,
    async () => {
      const { traces } = await weft.get<TraceListJson>(`traces?limit=200&${query}`);
      looked = `none of ${traces.length} is good`;
      for (const summary of traces.filter(good)) {
        const trace = await weft.get<TraceJson>(`traces/${summary.traceId}`);
        if (trace.settled && trace.completeness.linked === 1 && goodWhole(trace)) return trace;
        looked = JSON.stringify({ ...trace, spans: trace.spans.length });
      }
      return null;
    },
  );
}
