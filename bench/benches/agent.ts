import { setTimeout as sleep } from 'node:timers/promises';
import type { ProgramGroup } from '../../scenarios/programs/index.ts';
import type { Bench, BenchContext } from '../bench.ts';
import { compile } from '../lab/compile.ts';
import { groupIn, type PacedResult, runPaced } from '../lab/load.ts';
import { PAGE, startNginx } from '../lab/nginx.ts';
import { cpuSeconds, residentBytes } from '../lab/processes.ts';
import { benchCgroup } from '../lab/scope.ts';
import { type Sink, startSink } from '../lab/sink.ts';
import { type RunningWeft, startAgentOf } from '../lab/weft.ts';
import type { Table } from '../report.ts';
import { fixed, median, percent } from '../stats.ts';

const RATES = [0, 2_000, 5_000] as const;
const CONNECTIONS = 1_000;
/** At the highest rate. */
const CPU_BAR = 0.15;
const RESIDENT_BAR = 120e6;

interface Measured {
  readonly paced: PacedResult | null;
  readonly cpu: number;
  readonly resident: number;
  readonly most: number;
  readonly spans: number;
  readonly bytes: number;
}

interface Lab {
  readonly context: BenchContext;
  readonly group: ProgramGroup;
  readonly client: string;
  readonly port: number;
  readonly sink: Sink;
  readonly agent: RunningWeft;
}

/** A steady load of some seconds; its beginning and its end are left out of the CPU figure by what they are: nothing. */
async function measure(lab: Lab, rate: number, seconds: number): Promise<Measured> {
  const { context, group, client, port, sink, agent } = lab;
  const before = {
    cpu: cpuSeconds(agent.pid),
    spans: sink.spans(),
    bytes: sink.bytes(),
    at: performance.now(),
  };
  let paced: PacedResult | null = null;
  if (rate === 0) await sleep(seconds * 1000, undefined, { signal: context.signal });
  else {
    const count = rate * seconds;
    paced = await runPaced(context, group, client, {
      ...{ port, path: PAGE, perSecond: rate, count, connections: CONNECTIONS },
    });
  }
  const elapsed = (performance.now() - before.at) / 1000;
  const cpu = (cpuSeconds(agent.pid) - before.cpu) / elapsed;
  const { now, most } = residentBytes(agent.pid);
  await sink.quiet();
  return {
    paced,
    cpu,
    resident: now,
    most,
    spans: sink.spans() - before.spans,
    bytes: sink.bytes() - before.bytes,
  };
}

const mebibytes = (bytes: number) => `${fixed(bytes / 2 ** 20)} MiB`;

/** What the agent itself needs under a steady load. */
export const agentCost: Bench = {
  name: 'agent',
  title: 'CPU and memory of the agent',
  async run(context) {
    const cgroup = benchCgroup(context);
    const group = groupIn(context, cgroup);
    const client = compile('paced', context.folder);
    const { port } = await startNginx(group, context.folder, 1);
    const sink = await startSink();
    context.cleanup(() => sink.stop());
    const agent = await startAgentOf(context, { server: sink.url, cgroup, budget: 'off' });
    const lab: Lab = { context, group, client, port, sink, agent };
    const seconds = context.quick ? 2 : 8;
    await measure(lab, RATES[1], 2);
    const rounds = new Map<number, Measured[]>(RATES.map((rate) => [rate, []]));
    const count = context.quick ? 1 : 3;
    for (let round = 0; round < count; round++) {
      for (const rate of RATES) {
        const measured = await measure(lab, rate, seconds);
        rounds.get(rate)!.push(measured);
        const late = measured.paced === null ? '' : `, client late by ${measured.paced.latestMs} ms at most`;
        context.say(
          `agent: round ${round + 1} of ${count}, ${fixed(rate)} requests/s: ${percent(measured.cpu)} of a core, ${mebibytes(measured.resident)}${late}`,
        );
      }
    }
    const lost = Object.entries(sink.report()?.lost ?? {}).filter(([, number]) => number > 0);
    const busiest = rounds.get(RATES.at(-1)!)!;
    const unanswered = [...rounds.values()]
      .flat()
      .reduce((sum, { paced }) => sum + (paced === null ? 0 : paced.requests - paced.answered), 0);
    const cpuAtMost = median(busiest.map((m) => m.cpu));
    const residentAtMost = median(busiest.map((m) => m.resident));
    const table: Table = {
      caption: 'The agent at a steady rate, both ends traced',
      head: [
        'requests/s',
        'CPU of a core',
        'CPU a span',
        'resident',
        'at most',
        'spans ÷ expected',
        'sent a span',
      ],
      rows: RATES.map((rate) => {
        const all = rounds.get(rate)!;
        const of = (value: (measured: Measured) => number) => median(all.map(value));
        const resident = [mebibytes(of((m) => m.resident)), mebibytes(of((m) => m.most))];
        if (rate === 0) return ['none', percent(of((m) => m.cpu)), '', ...resident, '', ''];
        return [
          fixed(rate),
          percent(of((m) => m.cpu)),
          `${fixed(
            of((m) => (1e6 * m.cpu) / (2 * (m.paced!.requests / m.paced!.seconds))),
            1,
          )} µs`,
          ...resident,
          percent(
            of((m) => m.spans / (2 * m.paced!.answered)),
            2,
          ),
          `${fixed(of((m) => m.bytes / m.spans))} B`,
        ];
      }),
    };
    return {
      name: agentCost.name,
      title: agentCost.title,
      method: [
        `A C client asks nginx for a file of 1 KiB over ${CONNECTIONS} kept connections at a steady rate, ${seconds} s at a time, ${count} alternating rounds in the life of one agent.`,
        'CPU and memory are those of its whole process: capture, encoding and export, without a CPU budget.',
        `Requests that nginx did not answer: ${unanswered}.`,
        `Losses that it counted: ${lost.length === 0 ? 'none' : lost.map(([cause, number]) => `${cause} ${number}`).join(', ')}.`,
      ],
      tables: [table],
      bars: [
        {
          what: `CPU of the agent at ${fixed(RATES.at(-1)!)} requests/s seen at both ends`,
          limit: `≤ ${percent(CPU_BAR, 0)} of a core`,
          value: percent(cpuAtMost),
          met: cpuAtMost <= CPU_BAR && lost.length === 0,
        },
        {
          what: `memory of the agent then, ${fixed(CONNECTIONS)} connections, rings included`,
          limit: `≤ ${fixed(RESIDENT_BAR / 1e6)} MB`,
          value: `${fixed(residentAtMost / 1e6)} MB`,
          met: residentAtMost <= RESIDENT_BAR,
        },
      ],
    };
  },
};
