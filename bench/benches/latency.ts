import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, BenchContext } from '../bench.ts';
import { compile } from '../lab/compile.ts';
import { groupIn, runPaced } from '../lab/load.ts';
import { PAGE, startNginx } from '../lab/nginx.ts';
import { benchCgroup } from '../lab/scope.ts';
import { startUpOf } from '../lab/weft.ts';
import type { Table } from '../report.ts';
import { fixed, median, quantile } from '../stats.ts';

const BAR_MS = 2_000;
const POLL_MS = 10;
const GIVE_UP_MS = 8_000;
/** Enough for all samples unless traces come late. */
const COLLECT_LIMIT_MS = 60_000;
/** Client, nginx, nginx as a client, nginx behind it. */
const SPANS = 4;
const BACKGROUND = 500;

interface Sample {
  /** From the last message until all spans of the trace are in the answer, ms. */
  readonly whole: number;
  /** … and until the answer says that nothing more will come. */
  readonly settled: number;
}

/** Milliseconds, as far as they were waited for. */
const late = (ms: number) => (Number.isFinite(ms) ? `${fixed(ms)} ms` : `> ${fixed(GIVE_UP_MS)} ms`);

interface TraceAnswer {
  readonly spans: readonly unknown[];
  readonly settled: boolean;
}

async function askTrace(url: string, traceId: string): Promise<TraceAnswer | null> {
  const response = await fetch(`${url}/api/v1/traces/${traceId}`);
  if (response.status === 404) {
    await response.text();
    return null;
  }
  if (!response.ok) throw new Error(`The API answers ${response.status}: ${await response.text()}`);
  return (await response.json()) as TraceAnswer;
}

async function awaitTrace(
  context: BenchContext,
  url: string,
  traceId: string,
  from: number,
): Promise<Sample> {
  let whole = Number.POSITIVE_INFINITY;
  for (;;) {
    context.signal.throwIfAborted();
    const answer = await askTrace(url, traceId);
    const elapsed = performance.timeOrigin + performance.now() - from;
    if (answer !== null && answer.spans.length >= SPANS) {
      whole = Math.min(whole, elapsed);
      if (answer.settled) return { whole, settled: elapsed };
    }
    if (elapsed > GIVE_UP_MS) return { whole, settled: Number.POSITIVE_INFINITY };
    await sleep(POLL_MS);
  }
}

/** How soon a trace can be asked for. */
export const latency: Bench = {
  name: 'latency',
  title: 'From the last message to the API',
  async run(context) {
    const cgroup = benchCgroup(context);
    const group = groupIn(context, cgroup);
    const client = compile('paced', context.folder);
    const { proxyPort: port } = await startNginx(group, context.folder, 1);
    const weft = await startUpOf(context, cgroup);
    const once = { port, path: PAGE, perSecond: 1, count: 1, connections: 1 };
    const sample = async (): Promise<Sample> => {
      const traceId = randomBytes(16).toString('hex');
      const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
      const asked = await runPaced(context, group, client, { ...once, traceparent });
      if (asked.answered !== 1) throw new Error('nginx did not answer.');
      return await awaitTrace(context, weft.ready, traceId, asked.endUnixMs);
    };
    const collect = async (what: string, count: number) => {
      const samples: Sample[] = [];
      const limit = Date.now() + COLLECT_LIMIT_MS;
      while (samples.length < count && Date.now() < limit) {
        samples.push(await sample());
        // Not in step with the agent's own rhythm.
        await sleep(Math.random() * 400);
      }
      const whole = samples.map((one) => one.whole);
      context.say(
        `latency: ${what}: median ${fixed(median(whole))} ms, worst ${fixed(Math.max(...whole))} ms of ${samples.length}`,
      );
      return samples;
    };
    const count = context.quick ? 5 : 40;
    await sample();
    const quiet = await collect('nothing else', count);
    const busy = new AbortController();
    const background = groupIn(context, cgroup);
    const seconds = context.quick ? 15 : 120;
    const load = runPaced(context, background, client, {
      ...{ port, path: PAGE, perSecond: BACKGROUND, count: BACKGROUND * seconds, connections: 8 },
    }).catch(() => busy.abort());
    const loaded = await collect(`${BACKGROUND} requests/s besides`, count);
    if (busy.signal.aborted) throw new Error('The background load ended too soon.');
    await background.stop();
    await load;
    await weft.stop();
    const row = (name: string, samples: readonly Sample[]) => {
      const whole = samples.map((one) => one.whole);
      const settled = samples.map((one) => one.settled);
      return [
        name,
        ...[
          median(whole),
          quantile(whole, 0.95),
          Math.max(...whole),
          median(settled),
          Math.max(...settled),
        ].map(late),
      ];
    };
    const table: Table = {
      caption: `A trace of ${SPANS} spans, from its last message until the API shows it whole, and until it says that it is settled`,
      head: ['', 'whole: median', '95 %', 'worst', 'settled: median', 'worst'],
      rows: [row('nothing else', quiet), row(`${BACKGROUND} requests/s besides`, loaded)],
    };
    const bar = (name: string, samples: readonly Sample[]) => {
      const worst = Math.max(...samples.map((one) => one.whole));
      return {
        what: `trace in the API, worst of ${samples.length}, ${name}`,
        limit: `≤ ${fixed(BAR_MS)} ms`,
        value: late(worst),
        met: worst <= BAR_MS,
      };
    };
    return {
      name: latency.name,
      title: latency.title,
      method: [
        '`weft up` with a store of its own traces a C client, an nginx that proxies and one behind it.',
        `Single requests with a traceparent of their own; \`/api/v1/traces/{id}\` is asked every ${POLL_MS} ms.`,
      ],
      tables: [table],
      bars: [bar('nothing else', quiet), bar(`${BACKGROUND} requests/s besides`, loaded)],
    };
  },
};
