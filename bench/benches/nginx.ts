import { setTimeout as sleep } from 'node:timers/promises';
import type { ProgramGroup } from '../../scenarios/programs/index.ts';
import type { Bench, BenchContext } from '../bench.ts';
import { attachKernel } from '../lab/kernel.ts';
import { groupIn, runWrk, type WrkResult } from '../lab/load.ts';
import { type Nginx, PAGE, startNginx } from '../lab/nginx.ts';
import { benchCgroup } from '../lab/scope.ts';
import { type Sink, startSink } from '../lab/sink.ts';
import { startAgentOf } from '../lab/weft.ts';
import type { Table } from '../report.ts';
import { fixed, median, medianRatio, percent, span } from '../stats.ts';

const CONNECTIONS = 32;
const KERNEL_BAR = 0.9;
const AGENT_BAR = 0.75;
/** The agent may use some seconds' budget in advance (packages/agent/src/budget.ts): it sheds once that is spent. */
const SETTLE_LIMIT_S = 40;

/** Whose calls are traced: those of nginx, or wrk's as well. */
const SCOPES = ['server', 'both'] as const;
type Scope = (typeof SCOPES)[number];
const SCOPE_NAMES: Readonly<Record<Scope, string>> = {
  server: 'nginx traced',
  both: 'nginx and wrk traced',
};

/** One measured load. */
interface Measured {
  readonly wrk: WrkResult;
  /** Events (kernel alone) or spans of one request, mean. */
  readonly seen: number;
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
const ROW_NAMES: Readonly<Record<Row, string>> = {
  kernel: 'kernel part alone',
  fresh: 'agent, budget saved up (no shedding yet)',
  steady: 'agent, default budget (shedding)',
};

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
      seconds: context.quick ? 1 : 5,
    };
    await load(lab, 'server', 1);
    const plain: Measured[] = [];
    const rows: Record<Scope, Record<Row, Measured[]>> = {
      server: { kernel: [], fresh: [], steady: [] },
      both: { kernel: [], fresh: [], steady: [] },
    };
    const count = context.quick ? 1 : 3;
    const plainFor: Record<Scope, number[]> = { server: [], both: [] };
    for (let round = 0; round < count; round++) {
      for (const scope of SCOPES) {
        const before = await load(lab, 'server');
        rows[scope].kernel.push(await kernelAlone(lab, scope));
        const { fresh, steady } = await wholeAgent(lab, scope);
        rows[scope].fresh.push(fresh);
        rows[scope].steady.push(steady);
        const after = await load(lab, 'server');
        for (const wrk of [before, after]) plain.push({ wrk, seen: 0 });
        plainFor[scope].push((before.perSecond + after.perSecond) / 2);
        const share = (row: Row) => percent(rows[scope][row][round]!.wrk.perSecond / plainFor[scope][round]!);
        context.say(
          `nginx: round ${round + 1} of ${count}, ${SCOPE_NAMES[scope]}: ${fixed(before.perSecond)} and ${fixed(after.perSecond)} requests/s, ` +
            `kernel ${share('kernel')}, agent ${share('fresh')}, shedding ${share('steady')}`,
        );
      }
    }
    const ratio = (scope: Scope, row: Row) =>
      medianRatio(
        rows[scope][row].map(({ wrk }) => wrk.perSecond),
        plainFor[scope],
      );
    const tableOf = (scope: Scope): Table => ({
      caption: `Requests/s, ${SCOPE_NAMES[scope]}`,
      head: ['', 'requests/s', 'of those without', 'rounds', 'seen ÷ requests'],
      rows: [
        ['without Weft', fixed(median(plainFor[scope])), '100 %', '', ''],
        ...(['kernel', 'fresh', 'steady'] as const).map((row) => {
          const measured = rows[scope][row];
          const each = measured.map(({ wrk }, round) => (100 * wrk.perSecond) / plainFor[scope][round]!);
          const seen = median(measured.map((one) => one.seen));
          return [
            ROW_NAMES[row],
            fixed(median(measured.map(({ wrk }) => wrk.perSecond))),
            percent(ratio(scope, row)),
            `${span(each, 1)} %`,
            row === 'kernel' ? `${fixed(seen, 2)} events` : `${fixed(seen, 3)} spans`,
          ];
        }),
      ],
    });
    const errors = [...plain, ...SCOPES.flatMap((scope) => Object.values(rows[scope]).flat())].reduce(
      (sum, { wrk }) => sum + wrk.errors,
      0,
    );
    return {
      name: nginxThroughput.name,
      title: nginxThroughput.title,
      method: [
        `wrk (one thread, ${CONNECTIONS} kept connections) asks nginx (two workers) for a static file of 1 KiB, as fast as it goes: both cores are busy, so every microsecond of Weft is missing elsewhere.`,
        `Loads of ${lab.seconds} s in ${count} alternating rounds, each between two without Weft; ${errors} errors.`,
        'The agent ships to a server that only counts, on the same cores.',
        'A request gives one span at each end that is traced.',
      ],
      tables: SCOPES.map(tableOf),
      bars: SCOPES.flatMap((scope) => [
        {
          what: `nginx, kernel part alone, ${SCOPE_NAMES[scope]}`,
          limit: `≥ ${percent(KERNEL_BAR, 0)}`,
          value: percent(ratio(scope, 'kernel')),
          met: ratio(scope, 'kernel') >= KERNEL_BAR,
        },
        {
          what: `nginx, whole agent with default shedding, ${SCOPE_NAMES[scope]}`,
          limit: `≥ ${percent(AGENT_BAR, 0)}`,
          value: percent(ratio(scope, 'steady')),
          met: ratio(scope, 'steady') >= AGENT_BAR,
        },
      ]),
    };
  },
};
