import type { ProgramGroup } from '../../scenarios/programs/index.ts';
import type { BenchContext } from '../bench.ts';
import { type PacedResult, runPaced } from '../lab/load.ts';
import { PAGE } from '../lab/nginx.ts';
import { type Sink, startSink } from '../lab/sink.ts';
import { startAgentOf } from '../lab/weft.ts';
import type { Bar, Table } from '../report.ts';
import { fixed, median, medianRatio, percent, span } from '../stats.ts';

const CONNECTIONS = 32;
const P99_BAR = 1.1;
/** So long before it counts: the agent's code has to be compiled, nginx's connections to be known. */
const WARM_UP_S = 2;
/** A rate at which nothing may be missing, with default settings. */
const WHOLE_RATE = 5_000;

/** nginx that runs already, and who asks it. */
export interface SteadyLab {
  readonly context: BenchContext;
  /** The cgroup that is traced. */
  readonly cgroup: string;
  readonly port: number;
  /** Outside of the cgroup. */
  readonly loader: ProgramGroup;
  /** The compiled bench/paced.c. */
  readonly client: string;
  /** Half of what nginx serves at most without Weft. */
  readonly halfRate: number;
}

interface Traced {
  readonly paced: PacedResult;
  readonly spans: number;
  readonly lost: Readonly<Record<string, number>>;
}

function load(lab: SteadyLab, perSecond: number, seconds: number): Promise<PacedResult> {
  const count = Math.round(perSecond * seconds);
  return runPaced(lab.context, lab.loader, lab.client, {
    ...{ port: lab.port, path: PAGE, perSecond, count, connections: CONNECTIONS },
  });
}

async function counted(lab: SteadyLab, sink: Sink, perSecond: number, seconds: number): Promise<Traced> {
  const before = sink.spans();
  const paced = await load(lab, perSecond, seconds);
  await sink.quiet();
  return { paced, spans: sink.spans() - before, lost: sink.report()?.lost ?? {} };
}

/** One load with an agent of default settings. */
async function traced(lab: SteadyLab, perSecond: number, seconds: number): Promise<Traced> {
  const sink = await startSink();
  const stopSink = lab.context.cleanup(() => sink.stop());
  const agent = await startAgentOf(lab.context, { server: sink.url, cgroup: lab.cgroup, budget: null });
  await load(lab, perSecond, WARM_UP_S);
  await sink.quiet();
  const result = await counted(lab, sink, perSecond, seconds);
  await agent.stop();
  await stopSink();
  return result;
}

function lostOf({ paced, spans, lost }: Traced): number {
  const told = Object.values(lost).reduce((sum, count) => sum + count, 0);
  return Math.max(told, paced.answered - spans);
}

const ms = (value: number) => `${fixed(value, 3)} ms`;

/** Response times at half of the full load, and whether all is seen at a moderate one. */
export async function steadyLoads(lab: SteadyLab): Promise<{ tables: Table[]; bars: Bar[] }> {
  const { context, halfRate } = lab;
  const seconds = context.quick ? 2 : 8;
  const rounds = context.quick ? 1 : 5;
  const plain: PacedResult[] = [];
  const weft: Traced[] = [];
  for (let round = 0; round < rounds; round++) {
    plain.push(await load(lab, halfRate, seconds));
    weft.push(await traced(lab, halfRate, seconds));
    const [a, b] = [plain.at(-1)!, weft.at(-1)!.paced];
    context.say(
      `nginx: half load, round ${round + 1} of ${rounds}: p99 ${ms(a.p99Ms)} without, ${ms(b.p99Ms)} with Weft`,
    );
  }
  const whole = await traced(lab, WHOLE_RATE, context.quick ? 3 : 20);
  const ratio = (of: (paced: PacedResult) => number) =>
    medianRatio(
      weft.map(({ paced }) => of(paced)),
      plain.map(of),
    );
  const p99 = ratio((paced) => paced.p99Ms);
  const row = (name: string, results: readonly PacedResult[], seen: string) => [
    name,
    fixed(median(results.map((one) => one.answered / one.seconds))),
    ms(median(results.map((one) => one.p50Ms))),
    ms(median(results.map((one) => one.p99Ms))),
    `${span(
      results.map((one) => one.p99Ms),
      3,
    )} ms`,
    seen,
  ];
  const seenOf = (results: readonly Traced[]) =>
    percent(median(results.map(({ spans, paced }) => spans / paced.answered)), 2);
  const lost = lostOf(whole);
  return {
    tables: [
      {
        caption: 'Response times at steady rates, nginx traced, agent with default settings',
        head: ['', 'answered/s', 'p50', 'p99', 'rounds', 'spans ÷ expected'],
        rows: [
          row('half load, without Weft', plain, ''),
          row(
            'half load, with Weft',
            weft.map(({ paced }) => paced),
            seenOf(weft),
          ),
          [
            '– of those without',
            '',
            `${fixed(
              ratio((one) => one.p50Ms),
              2,
            )} ×`,
            `${fixed(p99, 2)} ×`,
            '',
            '',
          ],
          row(`${fixed(WHOLE_RATE)} requests/s, with Weft`, [whole.paced], seenOf([whole])),
        ],
      },
    ],
    bars: [
      {
        what: `nginx at half load (${fixed(halfRate)} requests/s), 99 % of response times`,
        limit: `≤ ${P99_BAR} ×`,
        value: `${fixed(p99, 2)} ×`,
        met: p99 <= P99_BAR,
      },
      {
        what: `nginx at ${fixed(WHOLE_RATE)} requests/s, events or spans lost`,
        limit: '0',
        value: fixed(lost),
        met: lost === 0 && whole.paced.answered === whole.paced.requests,
      },
    ],
  };
}
