import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { faultOfTrace, type ShopSpan, startDemo } from '../../demo/index.ts';
import type { Bench, BenchContext } from '../bench.ts';
import { benchCgroup } from '../lab/scope.ts';
import { startUpOf } from '../lab/weft.ts';
import { fixed, percent } from '../stats.ts';

const BAR = 0.995;
/** Connections are made and paths compiled in the first seconds: they count, from the first request after Weft is ready. */
const SECONDS = 120;
const SETTLE_LIMIT_MS = 10_000;
const PAGE = 500;

/** A line of the shoppers' log: Unix ms. */
interface ShopperRequest {
  readonly from: number;
  readonly to: number;
  readonly localPort: number;
  readonly method: string;
  readonly path: string;
}

interface ListedTrace {
  readonly traceId: string;
  readonly startTimeUnixNano: string;
}

async function ask<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

async function settled(context: BenchContext, url: string, untilMs: number): Promise<void> {
  const limit = Date.now() + SETTLE_LIMIT_MS;
  for (;;) {
    context.signal.throwIfAborted();
    const { settledUntilUnixNano } = await ask<{ settledUntilUnixNano: string }>(`${url}/api/v1/health`);
    if (Number(settledUntilUnixNano) / 1e6 >= untilMs) return;
    if (Date.now() > limit) throw new Error('The server does not say that the last requests are settled.');
    await sleep(100);
  }
}

/** All traces that begin in a stretch of time. */
async function tracesOf(url: string, fromMs: number, toMs: number): Promise<ShopSpan[][]> {
  const listed: ListedTrace[] = [];
  let cursor = '';
  do {
    const window = `from=${fromMs}000000&to=${toMs}000000&limit=${PAGE}`;
    const page = await ask<{ traces: ListedTrace[]; nextCursor: string | null }>(
      `${url}/api/v1/traces?${window}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    listed.push(...page.traces);
    cursor = page.nextCursor ?? '';
  } while (cursor !== '');
  const traces: ShopSpan[][] = [];
  for (const { traceId } of listed) {
    traces.push((await ask<{ spans: ShopSpan[] }>(`${url}/api/v1/traces/${traceId}`)).spans);
  }
  return traces;
}

/** The client's port and the time, Unix ms, at which a trace's first server began. */
function entryOf(spans: readonly ShopSpan[]): { port: number; start: number } | null {
  const root = spans.find(({ parentSpanId }) => parentSpanId === null);
  const served = spans.find(({ parentSpanId }) => root !== undefined && parentSpanId === root.spanId);
  if (root === undefined || served === undefined) return null;
  const start = Number((root as ShopSpan & { startTimeUnixNano: string }).startTimeUnixNano) / 1e6;
  return { port: Number(served.attributes['network.peer.port']), start };
}

/** Traces of the demo beside what its shoppers say they asked for. */
export const demoTraces: Bench = {
  name: 'demo',
  title: "Traces of the demo's requests",
  async run(context) {
    const cgroup = benchCgroup(context);
    const weft = await startUpOf(context, cgroup, ['--mask', 'off']);
    const shoppersLog = join(mkdtempSync(join(context.folder, 'shop-')), 'requests.jsonl');
    const demo = await startDemo({ cgroup, shoppersLog, log: context.say });
    const stop = context.cleanup(() => demo.stop());
    if (demo.skipped.length > 0) throw new Error(`The demo is not whole: ${demo.skipped.join('; ')}.`);
    const seconds = context.quick ? 20 : SECONDS;
    const from = Date.now();
    for (let passed = 0; passed < seconds; passed += 10) {
      await sleep(Math.min(10, seconds - passed) * 1000, undefined, { signal: context.signal });
    }
    const to = Date.now();
    await settled(context, weft.ready, to + 1);
    await stop();
    const requests = readFileSync(shoppersLog, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as ShopperRequest)
      .filter((request) => request.from >= from && request.to <= to);
    const traces = await tracesOf(weft.ready, from - 1_000, to + 1_000);
    await weft.stop();
    const byPort = new Map<number, { start: number; spans: ShopSpan[] }[]>();
    let rootless = 0;
    for (const spans of traces) {
      const entry = entryOf(spans);
      if (entry === null) rootless++;
      else byPort.set(entry.port, [...(byPort.get(entry.port) ?? []), { start: entry.start, spans }]);
    }
    for (const entries of byPort.values()) entries.sort((a, b) => a.start - b.start);
    const faults = new Map<string, number>();
    let exact = 0;
    for (const request of requests) {
      // The shoppers' clock counts whole milliseconds. One after the other uses a connection, often within the same one.
      const own = byPort.get(request.localPort)?.[0];
      const isThere = own !== undefined && own.start >= request.from - 1 && own.start <= request.to + 1;
      if (isThere) byPort.get(request.localPort)!.shift();
      const fault = isThere ? faultOfTrace(own.spans, `${request.method} ${request.path}`) : 'no trace';
      if (fault === null) exact++;
      else faults.set(fault, (faults.get(fault) ?? 0) + 1);
    }
    // What is left belongs to no request, or is the second trace of one.
    const strays =
      rootless + [...byPort.values()].flat().filter(({ start }) => start >= from && start <= to).length;
    const share = (exact - Math.min(exact, strays)) / requests.length;
    context.say(`demo: ${exact} of ${requests.length} requests have exactly one, exactly right trace`);
    const worst = [...faults].sort(([, a], [, b]) => b - a);
    return {
      name: demoTraces.name,
      title: demoTraces.title,
      method: [
        `The demo runs ${seconds} s at its normal load under \`weft up\`, from the start of its programs. Its shoppers log what they asked for; each request must have one trace, whose every span is compared with what the shop's programs do for such a request, values included, and with no other span beside them.`,
      ],
      tables: [
        {
          caption: 'Requests of the shoppers',
          head: ['', 'requests', 'of all'],
          rows: [
            ['exactly one, exactly right trace', fixed(exact), percent(share, 2)],
            ...worst
              .slice(0, 12)
              .map(([fault, count]) => [fault, fixed(count), percent(count / requests.length, 2)]),
            ['traces that are of no request, or its second one', fixed(strays), ''],
          ],
        },
      ],
      bars: [
        {
          what: "the demo's requests with exactly one, exactly right trace",
          limit: `≥ ${percent(BAR, 1)}`,
          value: percent(share, 2),
          met: share >= BAR,
        },
      ],
    };
  },
};
