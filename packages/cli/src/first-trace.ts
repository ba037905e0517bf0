import { setTimeout as sleep } from 'node:timers/promises';
import type { TraceJson, TraceSummaryJson } from '@weft/model';
import { type Api, getJson } from './api.ts';

/** After so long without a trace that is both the largest and flawless, the best there is will do. */
const CONTENT_MS = 25_000;
/** So long at least: the first seconds do not show every path. */
const LOOK_AROUND_MS = 4000;
const INTERVAL_MS = 1000;
const CANDIDATES = 8;

/** The traces that show most, best first: many services, then many spans. */
export function bestFirst(traces: readonly TraceSummaryJson[]): readonly TraceSummaryJson[] {
  return [...traces].sort((a, b) => b.services.length - a.services.length || b.spanCount - a.spanCount);
}

/** Whether nothing is missing from a trace, and nothing can be added any more. */
export function isComplete(trace: TraceJson): boolean {
  const { linked, incomplete } = trace.completeness;
  return trace.settled && !trace.truncated && linked === 1 && incomplete === 0;
}

/**
 * Which of some traces (best first) to show.
 * @param content whether a smaller one, or one with something missing, will do
 */
export function choose(traces: readonly TraceJson[], content: boolean): TraceJson | null {
  const servicesOf = (trace: TraceJson) => new Set(trace.spans.map((span) => span.service)).size;
  const most = Math.max(0, ...traces.map(servicesOf));
  const flawless = traces.filter(isComplete);
  const best = flawless.find((trace) => servicesOf(trace) === most);
  return best ?? (content ? (flawless[0] ?? traces[0] ?? null) : null);
}

/**
 * Waits for a trace worth showing: a complete one with the most services.
 * @returns null when the signal ended the wait
 */
export async function firstTrace(api: Api, signal: AbortSignal): Promise<TraceJson | null> {
  const since = String(BigInt(Date.now()) * 1_000_000n);
  let firstSeen: number | null = null;
  while (!signal.aborted) {
    await sleep(INTERVAL_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return null;
    const found = await look(api, since, signal).catch(() => []);
    if (found.length === 0) continue;
    firstSeen ??= Date.now();
    const waited = Date.now() - firstSeen;
    const chosen = waited < LOOK_AROUND_MS ? null : choose(found, waited > CONTENT_MS);
    if (chosen !== null) return chosen;
  }
  return null;
}

async function look(api: Api, from: string, signal: AbortSignal): Promise<readonly TraceJson[]> {
  const listed = await getJson<{ readonly traces: readonly TraceSummaryJson[] }>(
    api,
    '/api/v1/traces',
    { from, limit: 200 },
    signal,
  );
  const full = await Promise.all(
    bestFirst(listed?.traces ?? [])
      .slice(0, CANDIDATES)
      .map((trace) => getJson<TraceJson>(api, `/api/v1/traces/${trace.traceId}`, {}, signal)),
  );
  return full.filter((trace) => trace !== null);
}
