import type { ProgramGroup } from '../../scenarios/programs/index.ts';
import type { Bench, BenchContext } from '../bench.ts';
import { groupIn, runWrk, type WrkResult } from '../lab/load.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../lab/otlp.ts';
import { bindToCpus, otherCpus } from '../lab/processes.ts';
import { benchCgroup } from '../lab/scope.ts';
import { PRODUCT, type ServiceData, servedRequests, startService, startServiceData } from '../lab/service.ts';
import { startSink } from '../lab/sink.ts';
import { startAgentOf } from '../lab/weft.ts';
import type { Table } from '../report.ts';
import { fixed, median, percent, span } from '../stats.ts';

const CONNECTIONS = 16;
const PLAIN_BAR = 0.9;
const SDK_BAR = 1.6;
/** The request to the service, and both ends of a Redis command and of an SQL statement. */
const WEFT_SPANS = 5;
/** Requests from which the spans that the SDK makes of one are counted. */
const CALIBRATION = 50;

/** What the service is measured with, besides nothing. */
const ROWS = ['weft', 'unlimited', 'sdk'] as const;
type Row = (typeof ROWS)[number];
const ROW_NAMES: Readonly<Record<Row, string>> = {
  weft: 'Weft, default settings',
  unlimited: 'Weft, no CPU budget',
  sdk: 'OpenTelemetry SDK, 100 % sampled',
};

interface Measured {
  readonly wrk: WrkResult;
  /** Spans that came out, of those that the requests should give. */
  readonly seen: number;
  /** Spans or events that were counted as lost; the SDK does not tell. */
  readonly lost: number | null;
  /** Requests/s as a part of those without tracing, right before and after. */
  ratio: number;
}

interface Lab {
  readonly context: BenchContext;
  readonly cgroup: string;
  readonly loaders: ProgramGroup;
  readonly data: ServiceData;
  readonly plainPort: number;
  readonly sdkPort: number;
  readonly receiver: OtlpReceiver;
  /** Spans that the SDK makes of one request. */
  readonly sdkSpans: number;
  readonly seconds: number;
}

function load(context: BenchContext, group: ProgramGroup, port: number, seconds: number): Promise<WrkResult> {
  const url = `http://127.0.0.1:${port}${PRODUCT}`;
  return runWrk(context, group, url, { connections: CONNECTIONS, seconds });
}

async function withWeft(lab: Lab, budget: 'off' | null): Promise<Omit<Measured, 'ratio'>> {
  const sink = await startSink();
  const stopSink = lab.context.cleanup(() => sink.stop());
  const agent = await startAgentOf(lab.context, {
    ...{ server: sink.url, cgroup: lab.cgroup, budget, cpus: otherCpus() },
  });
  const before = await servedRequests(lab.data);
  const wrk = await load(lab.context, lab.loaders, lab.plainPort, lab.seconds);
  await sink.quiet();
  const spans = sink.spans();
  // The look at the counter before the load is a span of Redis as well.
  const requests = (await servedRequests(lab.data)) - before;
  await agent.stop();
  const lost = Object.values(sink.report()?.lost ?? {}).reduce((sum, number) => sum + number, 0);
  await stopSink();
  return { wrk, seen: (spans - 1) / (WEFT_SPANS * requests), lost };
}

async function withSdk(lab: Lab): Promise<Omit<Measured, 'ratio'>> {
  const before = { spans: lab.receiver.spans(), requests: await servedRequests(lab.data) };
  const wrk = await load(lab.context, lab.loaders, lab.sdkPort, lab.seconds);
  await lab.receiver.quiet();
  const requests = (await servedRequests(lab.data)) - before.requests;
  const seen = (lab.receiver.spans() - before.spans) / (lab.sdkSpans * requests);
  return { wrk, seen, lost: null };
}

function measure(lab: Lab, row: Row): Promise<Omit<Measured, 'ratio'>> {
  switch (row) {
    case 'weft':
      return withWeft(lab, null);
    case 'unlimited':
      return withWeft(lab, 'off');
    case 'sdk':
      return withSdk(lab);
  }
}

/** Spans of one request with the SDK, from some that are asked one after another. */
async function calibrate(port: number, receiver: OtlpReceiver): Promise<number> {
  await receiver.quiet();
  const before = receiver.spans();
  for (let i = 0; i < CALIBRATION; i++) {
    const response = await fetch(`http://127.0.0.1:${port}${PRODUCT}`);
    if (!response.ok) throw new Error(`The service answers ${response.status}: ${await response.text()}`);
    await response.text();
  }
  await receiver.quiet();
  return (receiver.spans() - before) / CALIBRATION;
}

async function prepare(context: BenchContext): Promise<Lab> {
  const cgroup = benchCgroup(context);
  context.cleanup(bindToCpus(process.pid, otherCpus()));
  const traced = groupIn(context, cgroup);
  const untraced = groupIn(context, null);
  const data = await startServiceData(context, traced);
  const receiver = await startOtlpReceiver();
  context.cleanup(() => receiver.stop());
  const plainPort = await startService(context, traced, data, null);
  const sdkPort = await startService(context, untraced, data, receiver.url);
  const seconds = context.quick ? 3 : 10;
  // Both have to be compiled before they are compared.
  for (const port of [plainPort, sdkPort]) await load(context, untraced, port, context.quick ? 2 : 5);
  const sdkSpans = await calibrate(sdkPort, receiver);
  return { context, cgroup, loaders: untraced, data, plainPort, sdkPort, receiver, sdkSpans, seconds };
}

/** A service of Node, Redis and PostgreSQL: untraced, with Weft, and with the SDK that people would install instead. */
export const serviceThroughput: Bench = {
  name: 'service',
  title: 'A Node service beside the OpenTelemetry SDK',
  async run(context) {
    const lab = await prepare(context);
    const rows: Record<Row, Measured[]> = { weft: [], unlimited: [], sdk: [] };
    const plain = [await load(context, lab.loaders, lab.plainPort, lab.seconds)];
    const count = context.quick ? 1 : 5;
    for (let round = 0; round < count; round++) {
      for (const row of ROWS) {
        const measured = await measure(lab, row);
        const before = plain.at(-1)!;
        const after = await load(context, lab.loaders, lab.plainPort, lab.seconds);
        plain.push(after);
        const ratio = (2 * measured.wrk.perSecond) / (before.perSecond + after.perSecond);
        rows[row].push({ ...measured, ratio });
      }
      const said = ROWS.map((row) => {
        const { ratio, seen } = rows[row].at(-1)!;
        return `${ROW_NAMES[row]} ${percent(ratio)} (spans ${percent(seen, 2)})`;
      });
      context.say(`service: round ${round + 1} of ${count}: ${said.join(', ')}`);
    }
    const ratio = (row: Row) => median(rows[row].map((one) => one.ratio));
    const besideSdk = median(rows.weft.map((one, round) => one.ratio / rows.sdk[round]!.ratio));
    const lost = [...rows.weft, ...rows.unlimited].reduce((sum, one) => sum + (one.lost ?? 0), 0);
    const all = [...plain, ...ROWS.flatMap((row) => rows[row].map((one) => one.wrk))];
    const errors = all.reduce((sum, one) => sum + one.errors, 0);
    const timesOf = (results: readonly WrkResult[]) => [
      fixed(median(results.map((one) => one.perSecond))),
      `${fixed(median(results.map((one) => one.p50)), 1)} ms`,
      `${fixed(median(results.map((one) => one.p99)), 1)} ms`,
    ];
    const table: Table = {
      caption: 'Requests/s and response times',
      head: ['', 'requests/s', 'p50', 'p99', 'of those untraced', 'rounds', 'spans seen ÷ expected'],
      rows: [
        ['untraced', ...timesOf(plain), '100 %', '', ''],
        ...ROWS.map((row) => [
          ROW_NAMES[row],
          ...timesOf(rows[row].map((one) => one.wrk)),
          percent(ratio(row)),
          `${span(
            rows[row].map((one) => 100 * one.ratio),
            1,
          )} %`,
          percent(median(rows[row].map((one) => one.seen)), 2),
        ]),
      ],
    };
    return {
      name: serviceThroughput.name,
      title: serviceThroughput.title,
      method: [
        `wrk (one thread, ${CONNECTIONS} kept connections) asks an Express service that increments a counter in Redis (ioredis) and reads a row from PostgreSQL (pg); the service has one CPU to itself, everything else runs on the other(s).`,
        `Loads of ${lab.seconds} s in ${count} rounds, each between two of the same service untraced; ${errors} errors.`,
        `Weft traces the service, Redis and PostgreSQL (${WEFT_SPANS} spans a request) and ships to a server that only counts.`,
        `With \`@opentelemetry/auto-instrumentations-node\` in place of it (${fixed(lab.sdkSpans, 1)} spans a request, exported over OTLP/HTTP to a receiver that only counts) the same service runs in a process of its own.`,
      ],
      tables: [table],
      bars: [
        {
          what: 'a Node service with Weft, of its untraced requests/s',
          limit: `≥ ${percent(PLAIN_BAR, 0)}`,
          value: percent(ratio('weft')),
          met: ratio('weft') >= PLAIN_BAR,
        },
        {
          what: 'a Node service with Weft, of its requests/s with the OpenTelemetry SDK at 100 %',
          limit: `≥ ${SDK_BAR} ×`,
          value: `${fixed(besideSdk, 2)} ×`,
          met: besideSdk >= SDK_BAR,
        },
        {
          what: 'a Node service with Weft, events or spans lost',
          limit: '0',
          value: fixed(lost),
          met: lost === 0,
        },
      ],
    };
  },
};
