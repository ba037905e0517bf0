import { setTimeout as sleep } from 'node:timers/promises';
import type { SpanJson } from '@weft/model';

async function getJson(url: URL, signal: AbortSignal | undefined): Promise<Record<string, unknown>> {
  const response = await fetch(url, signal === undefined ? {} : { signal });
  if (!response.ok) {
    throw new Error(`${url.pathname} answered ${response.status}: ${(await response.text()).slice(0, 200)}`);
  }
  const body: unknown = await response.json();
  if (typeof body !== 'object' || body === null) throw new Error(`${url.pathname} answered no JSON object.`);
  return body as Record<string, unknown>;
}

/**
 * Waits until everything that ended before a moment is stored and linked.
 * @param untilUnixNano Unix ns
 * @returns milliseconds waited
 * @throws Error when that does not come within `timeoutMs`
 */
export async function waitSettled(
  apiUrl: string,
  untilUnixNano: bigint,
  timeoutMs = 60_000,
  signal?: AbortSignal,
): Promise<number> {
  const begin = Date.now();
  let settled = 'nothing';
  while (Date.now() - begin < timeoutMs) {
    const health = await getJson(new URL('/api/v1/health', apiUrl), signal);
    settled = String(health['settledUntilUnixNano']);
    if (/^\d+$/.test(settled) && BigInt(settled) >= untilUnixNano) return Date.now() - begin;
    await sleep(100, undefined, signal === undefined ? {} : { signal });
  }
  throw new Error(
    `The spans were not settled within ${timeoutMs / 1000} s: wanted ${untilUnixNano}, health says ${settled}.`,
  );
}

/** All spans of a window, page by page. Times in Unix ns. @throws Error when the server answers anything else */
export async function fetchSpans(
  apiUrl: string,
  fromUnixNano: bigint,
  toUnixNano: bigint,
  signal?: AbortSignal,
): Promise<SpanJson[]> {
  const spans: SpanJson[] = [];
  let cursor: string | null = null;
  do {
    const url = new URL('/api/v1/spans', apiUrl);
    url.searchParams.set('from', String(fromUnixNano));
    url.searchParams.set('to', String(toUnixNano));
    url.searchParams.set('limit', '1000');
    if (cursor !== null) url.searchParams.set('cursor', cursor);
    const page = await getJson(url, signal);
    if (!Array.isArray(page['spans'])) throw new Error('/api/v1/spans answered no list of spans.');
    spans.push(...(page['spans'] as SpanJson[]));
    const next: unknown = page['nextCursor'];
    if (next !== null && next !== undefined && (typeof next !== 'string' || next === cursor)) {
      throw new Error('/api/v1/spans answered a cursor that leads nowhere.');
    }
    cursor = (next as string | null | undefined) ?? null;
  } while (cursor !== null);
  return spans;
}

/** What was lost so far, by cause (`weft_lost_total` of `/metrics`). @throws Error when the server does not tell */
export async function fetchLosses(apiUrl: string, signal?: AbortSignal): Promise<Map<string, number>> {
  const response = await fetch(new URL('/metrics', apiUrl), signal === undefined ? {} : { signal });
  if (!response.ok) throw new Error(`/metrics answered ${response.status}.`);
  const lines = (await response.text()).matchAll(/^weft_lost_total\{cause="([^"]+)"\} (\d+)/gm);
  return new Map([...lines].map(([, cause, count]) => [cause!, Number(count)]));
}
