import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { replayRecording } from '@weft/agent';
import { BLOCK_CONTENT_TYPE } from '@weft/model';
import { openStore, type Store, startStoreProcess } from '@weft/store';
import type { Bench, BenchContext } from '../bench.ts';
import { compile } from '../lab/compile.ts';
import { type HistoryBlock, pathOf, SpanHistory } from '../lab/history.ts';
import { groupIn, runPaced } from '../lab/load.ts';
import { PAGE, startNginx } from '../lab/nginx.ts';
import { cpuSeconds } from '../lab/processes.ts';
import { record } from '../lab/recording.ts';
import { benchCgroup } from '../lab/scope.ts';
import { startServerOf } from '../lab/weft.ts';
import type { Table } from '../report.ts';
import { fixed, median, quantile } from '../stats.ts';

const RATE_BAR = 40_000;
const BYTES_BAR = 120;
const SEARCH_BAR_MS = 300;
/** Agents that ship at the same time. */
const SENDERS = 4;
const RECORDED_REQUESTS = 2_000;
const RECORDED_PER_SECOND = 1_000;
/** So many stretches are made before they are sent. */
const FILL_STEP = 25;
const BUSY_PAUSE_MS = 50;
const HOUR_NS = 3_600_000_000_000n;
const TABLES = ['spans', 'links', 'endpoints'] as const;

interface Lab {
  readonly context: BenchContext;
  readonly url: string;
  readonly pids: { readonly server: number; readonly store: number };
  readonly store: Store;
  readonly history: SpanHistory;
  /** Length of the recorded stretch of time is less than this. */
  readonly step: bigint;
  nextStart: bigint;
}

/** Real spans of client → nginx → nginx, in the order of their start. */
async function recordedSpans(context: BenchContext): Promise<SpanHistory> {
  const cgroup = benchCgroup(context);
  const group = groupIn(context, cgroup);
  const client = compile('paced', context.folder);
  const { proxyPort: port } = await startNginx(group, context.folder, 2);
  const file = join(context.folder, 'history.weft');
  await record(context, cgroup, file, () =>
    runPaced(context, group, client, {
      ...{ port, path: PAGE, connections: 16 },
      perSecond: RECORDED_PER_SECOND,
      count: RECORDED_REQUESTS,
    }),
  );
  await group.stop();
  const { records } = replayRecording(new Uint8Array(readFileSync(file)), { mask: true });
  if (records.length < 3 * RECORDED_REQUESTS) {
    throw new Error(`Only ${records.length} spans were recorded: the machine is too busy.`);
  }
  return new SpanHistory(records.toSorted((a, b) => a.start - b.start));
}

async function prepare(context: BenchContext, spans: number): Promise<Lab> {
  const history = await recordedSpans(context);
  const process = await startStoreProcess({ dataFolder: join(context.folder, 'store') });
  context.cleanup(() => process.stop());
  const address = `clickhouse://default:${process.password}@${new URL(process.url).host}/default`;
  const server = await startServerOf(context, address);
  const store = await openStore(address);
  context.cleanup(() => store.close());
  const stretches = BigInt(Math.ceil(spans / history.spansAStretch));
  const now = BigInt(Date.now()) * 1_000_000n;
  // All within the hour before now, with a minute to spare for the search at the end of a long run.
  const step = (HOUR_NS - 60_000_000_000n * 20n) / stretches;
  const pids = { server: server.pid, store: process.pid() ?? -1 };
  return { context, url: server.ready, pids, store, history, step, nextStart: now - step * stretches };
}

/** Stretches that follow those before. */
function make(lab: Lab, count: number): HistoryBlock[] {
  return Array.from({ length: count }, () => {
    const block = lab.history.next(lab.nextStart);
    lab.nextStart += lab.step;
    return block;
  });
}

async function post(lab: Lab, agent: string, block: HistoryBlock): Promise<void> {
  for (;;) {
    lab.context.signal.throwIfAborted();
    const response = await fetch(`${lab.url}/api/v1/ingest?agent=${agent}&host=bench`, {
      method: 'POST',
      headers: { 'content-type': BLOCK_CONTENT_TYPE },
      body: Buffer.from(block.bytes.buffer as ArrayBuffer, block.bytes.byteOffset, block.bytes.byteLength),
    });
    const answer = await response.text();
    if (response.ok) return;
    if (response.status !== 429) throw new Error(`The server answers ${response.status}: ${answer}`);
    await sleep(BUSY_PAUSE_MS);
  }
}

/** Sends all blocks, several at a time. @returns spans/s, from the first request to the last answer: all are stored */
async function send(lab: Lab, blocks: readonly HistoryBlock[]): Promise<number> {
  const start = performance.now();
  let next = 0;
  const sender = async (number: number) => {
    while (next < blocks.length) await post(lab, `bench-${number}`, blocks[next++]!);
  };
  await Promise.all(Array.from({ length: SENDERS }, (_, number) => sender(number)));
  const spans = blocks.reduce((sum, block) => sum + block.spans, 0);
  return (1000 * spans) / (performance.now() - start);
}

/** CPU seconds that server and store have used. */
function cpuOf({ pids }: Lab): { server: number; store: number } {
  return { server: cpuSeconds(pids.server), store: cpuSeconds(pids.store) };
}

interface TableSize {
  readonly name: string;
  readonly bytes: number;
  readonly rows: number;
}

/** What the tables take on disk once their parts are merged. */
async function mergedSizes(store: Store): Promise<TableSize[]> {
  for (const table of TABLES) await store.client.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
  const result = await store.client.query({
    query: `SELECT table AS name, toFloat64(sum(bytes_on_disk)) AS bytes, toFloat64(sum(rows)) AS rows
      FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table ORDER BY bytes DESC`,
    format: 'JSONEachRow',
  });
  return await result.json<TableSize>();
}

interface Search {
  readonly name: string;
  readonly path: string;
  readonly query: (round: number) => string;
}

const SEARCHES: readonly Search[] = [
  {
    name: 'spans: service, duration, a rare attribute',
    path: 'spans',
    query: (round) => `service=nginx&minDuration=100us&q=url.path%3D${pathOf(31 * round)}`,
  },
  {
    name: 'traces: service, duration, a rare attribute',
    path: 'traces',
    query: (round) => `service=nginx&minDuration=100us&q=url.path%3D${pathOf(31 * round + 7)}`,
  },
  {
    name: 'traces: service, duration, an attribute that all have',
    path: 'traces',
    query: () => 'service=nginx&minDuration=100us&q=http.response.status_code%3D200',
  },
  {
    name: 'traces: service, a duration that hardly any has, an attribute that all have',
    path: 'traces',
    query: () => 'service=nginx&minDuration=10ms&q=http.response.status_code%3D200',
  },
  {
    name: 'traces: service, duration, an attribute that none has',
    path: 'traces',
    query: (round) => `service=nginx&minDuration=100us&q=http.response.status_code%3D${600 + round}`,
  },
];

/** Times of one search, ms, and what it found at last. */
async function time(lab: Lab, search: Search, rounds: number): Promise<{ times: number[]; found: number }> {
  const times: number[] = [];
  let found = 0;
  for (let round = 0; round <= rounds; round++) {
    const from = Date.now() - 3_600_000;
    const start = performance.now();
    const response = await fetch(
      `${lab.url}/api/v1/${search.path}?from=${from * 1e6}&limit=50&${search.query(round)}`,
    );
    const answer = (await response.json()) as { spans?: unknown[]; traces?: unknown[] };
    if (!response.ok) throw new Error(`The API answers ${response.status}: ${JSON.stringify(answer)}`);
    // The first warms the files.
    if (round > 0) times.push(performance.now() - start);
    found = (answer.spans ?? answer.traces ?? []).length;
  }
  return { times, found };
}

/** What the embedded store takes, keeps and finds. */
export const embeddedStore: Bench = {
  name: 'store',
  title: 'The embedded store',
  async run(context) {
    const timed = context.quick ? 200_000 : 1_500_000;
    const spans = context.quick ? 500_000 : 5_000_000;
    const lab = await prepare(context, spans);
    const size = lab.history.spansAStretch;
    const blocks = make(lab, Math.ceil(timed / size));
    const before = cpuOf(lab);
    const rate = await send(lab, blocks);
    const after = cpuOf(lab);
    const cpu = (name: keyof Lab['pids']) =>
      `${fixed((1e6 * (after[name] - before[name])) / (blocks.length * size), 1)} µs`;
    context.say(
      `store: ${fixed(blocks.length * size)} spans stored, ${fixed(rate)} a second (${cpu('server')} + ${cpu('store')} of CPU each)`,
    );
    for (let stored = blocks.length * size; stored < spans; stored += FILL_STEP * size) {
      await send(lab, make(lab, Math.min(FILL_STEP, Math.ceil((spans - stored) / size))));
    }
    const sizes = await mergedSizes(lab.store);
    const rows = sizes.find((table) => table.name === 'spans')?.rows ?? 0;
    const bytes = sizes.reduce((sum, table) => sum + table.bytes, 0) / rows;
    context.say(`store: ${fixed(rows)} spans, ${fixed(bytes, 1)} B each on disk`);
    const searches = [];
    for (const search of SEARCHES) {
      const { times, found } = await time(lab, search, context.quick ? 5 : 20);
      searches.push({ search, times, found });
      context.say(`store: ${search.name}: ${fixed(median(times))} ms, ${found} found`);
    }
    const slowest = Math.max(...searches.map(({ times }) => median(times)));
    const tables: Table[] = [
      {
        caption: 'Stored and merged',
        head: ['', 'rows', 'bytes a span'],
        rows: sizes.map((table) => [table.name, fixed(table.rows), `${fixed(table.bytes / rows, 1)} B`]),
      },
      {
        caption: `Search over the last hour of ${fixed(rows)} spans, through the API`,
        head: ['', 'median', '95 %', 'worst', 'found'],
        rows: searches.map(({ search, times, found }) => [
          search.name,
          ...[median(times), quantile(times, 0.95), Math.max(...times)].map((ms) => `${fixed(ms)} ms`),
          fixed(found),
        ]),
      },
    ];
    return {
      name: embeddedStore.name,
      title: embeddedStore.title,
      method: [
        `Spans of client → nginx → nginx that an agent made of recorded traffic, with ids and paths of their own for each ${fixed(size)}, fill the hour before now.`,
        `${SENDERS} senders post blocks to \`weft server\` as agents do; a block is answered when it is stored. Counted is from the first request to the last answer, over ${fixed(blocks.length * size)} spans: ${fixed(rate)} a second, for ${cpu('server')} of CPU a span in the server and ${cpu('store')} in the store, its merges included.`,
        'Sizes are those of all tables with their indexes, merged to one part.',
        'Searches ask for 50 results, the attributes differ from one to the next.',
      ],
      tables,
      bars: [
        {
          what: 'spans/s stored, sustained',
          limit: `≥ ${fixed(RATE_BAR)}`,
          value: fixed(rate),
          met: rate >= RATE_BAR,
        },
        {
          what: 'a span on disk, merged, all tables',
          limit: `≤ ${BYTES_BAR} B`,
          value: `${fixed(bytes, 1)} B`,
          met: bytes <= BYTES_BAR,
        },
        {
          what: `search over the last hour of ${fixed(rows)} spans, slowest median`,
          limit: `≤ ${SEARCH_BAR_MS} ms`,
          value: `${fixed(slowest)} ms`,
          met: slowest <= SEARCH_BAR_MS,
        },
      ],
    };
  },
};
