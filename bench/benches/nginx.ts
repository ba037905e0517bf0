import { setTimeout as sleep } from 'node:timers/promises';
import type { ProgramGroup } from '../../scenarios/programs/index.ts';
import type { Bench, BenchContext } from '../bench.ts';
import { compile } from '../lab/compile.ts';
import { attachKernel } from '../lab/kernel.ts';
import { groupIn, runWrk, type WrkResult } from '../lab/load.ts';
import { type Nginx, PAGE, startNginx } from '../lab/nginx.ts';
import { benchCgroup } from '../lab/scope.ts';
import { type Sink, startSink } from '../lab/sink.ts';
import { startAgentOf } from '../lab/weft.ts';
import type { Table } from '../report.ts';
import { fixed, median, percent, span } from '../stats.ts';
import { steadyLoads } from './nginx-steady.ts';

const CONNECTIONS = 32;
const KERNEL_BAR = 0.92;
const AGENT_BAR = 0.8;
/** The agent may use some seconds' budget in advance: it sheds once that is spent. */
const SETTLE_LIMIT_S = 40;

/** Whose calls are traced: those of nginx, or wrk's as well. */
const SCOPES = ['server', 'both'] as const;
type Scope = (typeof SCOPES)[number];
const SCOPE_NAMES: Readonly<Record<Scope, string>> = {
  server: 'nginx traced',
  both: 'nginx and wrk traced',
};

/** One load with Weft. */
interface Measured {
  readonly wrk: WrkResult;
  /** Events (kernel alone) or spans of one request, mean. */
  readonly seen: number;
}

/** The same beside the loads without Weft right before and after it. */
interface Compared extends Measured {
  readonly ratio: number;
}

interface Lab {
  readonly context: BenchContext;
  readonly cgroup: string;
  readonly nginx: Nginx;
  readonly loaders: Readonly<Record<Scope, ProgramGroup>>;
  readonly seconds: number;
}

function load(lab: Lab, scope: Scope, seconds = lab.seconds): Promise<WrkResult> {
  const url = `http://127.0.0.1:${lab.nginx.port}${PAGE}`;
  return runWrk(lab.context, lab.loaders[scope], url, { connections: CONNECTIONS, seconds });
}

async function kernelAlone(lab: Lab, scope: Scope): Promise<Measured> {
  const kernel = attachKernel(lab.context, { cgroup: lab.cgroup });
  const wrk = await load(lab, scope);
  await sleep(20);
  const seen = kernel.events() / wrk.requests;
  const full = kernel.ringFull();
  if (full > 0) lab.context.say(`nginx: the ring was full for ${full} of ${kernel.events() + full} events`);
  await kernel.stop();
  return { wrk, seen };
}

async function loadAndCount(lab: Lab, scope: Scope, sink: Sink, seconds: number): Promise<Measured> {
  const before = sink.spans();
  const wrk = await load(lab, scope, seconds);
  await sink.quiet();
  return { wrk, seen: (sink.spans() - before) / wrk.requests };
}

const shed = (sink: Sink) => sink.report()?.lost['kernel_shed'] ?? 0;

/** The agent as it starts, its saved-up budget unspent, and then once it sheds. */
async function wholeAgent(lab: Lab, scope: Scope): Promise<{ fresh: Measured; steady: Measured }> {
  const sink = await startSink();
  const stopSink = lab.context.cleanup(() => sink.stop());
  const agent = await startAgentOf(lab.context, { server: sink.url, cgroup: lab.cgroup, budget: null });
  const fresh = await loadAndCount(lab, scope, sink, lab.seconds);
  // A few seconds more than until it sheds: the share of time that it traces has to settle as well.
  const limit = Date.now() + (lab.context.quick ? 5 : SETTLE_LIMIT_S) * 1000;
  while (shed(sink) === 0 && Date.now() < limit) await load(lab, scope, 2);
  if (!lab.context.quick) await load(lab, scope, 8);
  const steady = await loadAndCount(lab, scope, sink, 2 * lab.seconds);
  await agent.stop();
  await stopSink();
  return { fresh, steady };
}

type Row = 'kernel' | 'fresh' | 'steady';
const ROWS: readonly Row[] = ['kernel', 'fresh', 'steady'];
const ROW_NAMES: Readonly<Record<Row, string>> = {
  kernel: 'kernel part alone',
  fresh: 'agent, just started',
  steady: 'agent, default budget, shedding',
};

/** All figures of a run, and the loads without Weft that lie between them. */
class Figures {
  readonly rows: Record<Scope, Record<Row, Compared[]>> = {
    server: { kernel: [], fresh: [], steady: [] },
    both: { kernel: [], fresh: [], steady: [] },
  };
  readonly plain: WrkResult[] = [];
  #waiting: { readonly into: Compared[]; readonly measured: Measured }[] = [];

  /** Measures without Weft: what came since the last time is compared with both. */
  async compare(lab: Lab): Promise<void> {
    const before = this.plain.at(-1);
    const after = await load(lab, 'server');
    this.plain.push(after);
    for (const { into, measured } of this.#waiting) {
      const base = ((before ?? after).perSecond + after.perSecond) / 2;
      into.push({ ...measured, ratio: measured.wrk.perSecond / base });
    }
    this.#waiting = [];
  }

  add(scope: Scope, row: Row, measured: Measured): void {
    this.#waiting.push({ into: this.rows[scope][row], measured });
  }

  ratio(scope: Scope, row: Row): number {
    return median(this.rows[scope][row].map((one) => one.ratio));
  }

  errors(): number {
    const traced = SCOPES.flatMap((scope) => Object.values(this.rows[scope]).flat());
    return [...this.plain, ...traced.map(({ wrk }) => wrk)].reduce((sum, { errors }) => sum + errors, 0);
  }
}

function tableOf(figures: Figures, scope: Scope): Table {
  return {
    caption: `Requests/s, ${SCOPE_NAMES[scope]}`,
    head: ['', 'requests/s', 'of those without', 'rounds', 'seen ÷ requests'],
    rows: [
      ['without Weft', fixed(median(figures.plain.map((one) => one.perSecond))), '100 %', '', ''],
      ...ROWS.map((row) => {
        const measured = figures.rows[scope][row];
        const seen = median(measured.map((one) => one.seen));
        const ratios = measured.map((one) => 100 * one.ratio);
        return [
          ROW_NAMES[row],
          fixed(median(measured.map(({ wrk }) => wrk.perSecond))),
          percent(figures.ratio(scope, row)),
          `${measured.length}: ${span(ratios, 1)} %`,
          row === 'kernel' ? `${fixed(seen, 2)} events` : `${fixed(seen, 3)} spans`,
        ];
      }),
    ],
  };
}

/** nginx under full load with and without Weft. */
export const nginxThroughput: Bench = {
  name: 'nginx',
  title: 'nginx under full load',
  async run(context) {
    const cgroup = benchCgroup(context);
    const servers = groupIn(context, cgroup);
    const lab: Lab = {
      context,
      cgroup,
      nginx: await startNginx(servers, context.folder, 2),
      loaders: { server: groupIn(context, null), both: groupIn(context, cgroup) },
      seconds: context.quick ? 1 : 4,
    };
    await load(lab, 'server', 1);
    const figures = new Figures();
    const count = context.quick ? 1 : 3;
    await figures.compare(lab);
    for (let round = 0; round < count; round++) {
      // The kernel part comes and goes in no time: three comparisons of it for one of the agent.
      for (let again = 0; again < 3; again++) {
        for (const scope of SCOPES) {
          figures.add(scope, 'kernel', await kernelAlone(lab, scope));
          await figures.compare(lab);
        }
      }
      for (const scope of SCOPES) {
        const { fresh, steady } = await wholeAgent(lab, scope);
        figures.add(scope, 'fresh', fresh);
        figures.add(scope, 'steady', steady);
        await figures.compare(lab);
      }
      for (const scope of SCOPES) {
        const shares = ROWS.map((row) => `${row} ${percent(figures.rows[scope][row].at(-1)!.ratio)}`);
        context.say(`nginx: round ${round + 1} of ${count}, ${SCOPE_NAMES[scope]}: ${shares.join(', ')}`);
      }
    }
    const steady = await steadyLoads({
      context,
      cgroup,
      port: lab.nginx.port,
      loader: lab.loaders.server,
      client: compile('paced', context.folder),
      halfRate: Math.round(median(figures.plain.map((one) => one.perSecond)) / 2),
    });
    return {
      name: nginxThroughput.name,
      title: nginxThroughput.title,
      method: [
        `wrk (one thread, ${CONNECTIONS} kept connections) asks nginx (two workers) for a static file of 1 KiB, as fast as it goes: both cores are busy, so every microsecond of Weft is missing elsewhere.`,
        `Loads of ${lab.seconds} s (shedding: ${2 * lab.seconds} s, once the agent has spent the budget that it may use in advance), each between two without Weft; ${figures.errors()} errors.`,
        'The agent ships to a server that only counts, on the same cores.',
        'A request gives one span at each end that is traced.',
        'At steady rates a C client sends each request when it is due, and its response time counts from then; half load is half of what nginx serves without Weft at full load.',
      ],
      tables: [...SCOPES.map((scope) => tableOf(figures, scope)), ...steady.tables],
      bars: [
        ...SCOPES.flatMap((scope) => [
          {
            what: `nginx, kernel part alone, ${SCOPE_NAMES[scope]}`,
            limit: `≥ ${percent(KERNEL_BAR, 0)}`,
            value: percent(figures.ratio(scope, 'kernel')),
            met: figures.ratio(scope, 'kernel') >= KERNEL_BAR,
          },
          {
            what: `nginx, whole agent with default shedding, ${SCOPE_NAMES[scope]}`,
            limit: `≥ ${percent(AGENT_BAR, 0)}`,
            value: percent(figures.ratio(scope, 'steady')),
            met: figures.ratio(scope, 'steady') >= AGENT_BAR,
          },
        ]),
        ...steady.bars,
      ],
    };
  },
};
