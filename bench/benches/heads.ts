import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentReport } from '@weft/model';
import { freePorts, type ProgramGroup, repoRoot } from '../../scenarios/programs/index.ts';
import type { Bench, BenchContext } from '../bench.ts';
import { compile } from '../lab/compile.ts';
import { finish, groupIn, runPaced } from '../lab/load.ts';
import { PAGE, startNginx } from '../lab/nginx.ts';
import { benchCgroup } from '../lab/scope.ts';
import { type Sink, startSink } from '../lab/sink.ts';
import { startAgentOf } from '../lab/weft.ts';
import type { Table } from '../report.ts';
import { fixed, percent } from '../stats.ts';

const BAR_BYTES = 600;
const BODY_BYTES = 100 * 1024;
const CONNECTIONS = 8;
const REPORT_LIMIT_MS = 20_000;

const program = () => join(repoRoot(), 'bench', 'bodies.mjs');

/** Who serves, and who asks. */
interface Traffic {
  readonly name: string;
  /** Bytes of bodies in a request and its response. */
  readonly bodies: number;
  /** Starts the server that is traced. @returns its port */
  start(context: BenchContext, traced: ProgramGroup): Promise<number>;
  /** @returns how many requests were answered whole */
  load(context: BenchContext, untraced: ProgramGroup, port: number, count: number): Promise<number>;
}

const node: Traffic = {
  name: 'Node: request and response, head and body in one write',
  bodies: 2 * BODY_BYTES,
  async start(_, traced) {
    const port = (await freePorts(1))[0]!;
    const args = [program(), 'server', port, BODY_BYTES].map(String);
    await traced.start({ name: 'server', command: process.execPath, args, port });
    return port;
  },
  async load(context, untraced, port, count) {
    const args = [program(), 'client', port, BODY_BYTES, count, CONNECTIONS].map(String);
    const client = await untraced.start({ name: 'client', command: process.execPath, args });
    return (JSON.parse(await finish(context, client)) as { readonly answered: number }).answered;
  },
};

const nginx: Traffic = {
  name: 'nginx: response from a file, by sendfile',
  bodies: BODY_BYTES,
  async start(context, traced) {
    return (await startNginx(traced, context.folder, 1, BODY_BYTES)).port;
  },
  async load(context, untraced, port, count) {
    const client = compile('paced', context.folder);
    const options = { port, path: PAGE, perSecond: 1_000, count, connections: CONNECTIONS };
    return (await runPaced(context, untraced, client, options)).answered;
  },
};

/** The agent's first report that knows of all spans that it has sent. */
async function settledReport(context: BenchContext, sink: Sink): Promise<AgentReport> {
  await sink.quiet();
  const deadline = Date.now() + REPORT_LIMIT_MS;
  for (;;) {
    const report = sink.report();
    if (report !== null && report.spans >= sink.spans() && sink.spans() > 0) return report;
    if (Date.now() > deadline) throw new Error('The agent does not report.');
    await sleep(50, undefined, { signal: context.signal });
  }
}

interface Copied {
  readonly traffic: Traffic;
  readonly answered: number;
  readonly spans: number;
  readonly report: AgentReport;
}

async function measure(context: BenchContext, cgroup: string, traffic: Traffic): Promise<Copied> {
  const traced = groupIn(context, cgroup);
  const port = await traffic.start(context, traced);
  const sink = await startSink();
  const stopSink = context.cleanup(() => sink.stop());
  const agent = await startAgentOf(context, { server: sink.url, cgroup, budget: 'off' });
  const count = context.quick ? 1_000 : 5_000;
  const answered = await traffic.load(context, groupIn(context, null), port, count);
  const report = await settledReport(context, sink);
  await agent.stop();
  await traced.stop();
  const spans = sink.spans();
  await stopSink();
  return { traffic, answered, spans, report };
}

const perPair = ({ report, answered }: Copied) => report.capturedBytes / answered;

/** How much of bodies the kernel side copies. */
export const headsCopied: Bench = {
  name: 'heads',
  title: 'Payload copied of requests with large bodies',
  async run(context) {
    const cgroup = benchCgroup(context);
    const all = [];
    for (const traffic of [node, nginx]) all.push(await measure(context, cgroup, traffic));
    const table: Table = {
      caption: 'Bytes copied by the kernel part, of a request and its response',
      head: ['', 'copied', 'of the bodies', 'events', 'spans ÷ expected', 'lost'],
      rows: all.map((copied) => [
        copied.traffic.name,
        `${fixed(perPair(copied))} B`,
        percent(perPair(copied) / copied.traffic.bodies, 2),
        fixed(copied.report.events / copied.answered, 1),
        percent(copied.spans / copied.answered, 2),
        fixed(Object.values(copied.report.lost).reduce((sum, number) => sum + number, 0)),
      ]),
    };
    return {
      name: headsCopied.name,
      title: headsCopied.title,
      method: [
        `Bodies of ${BODY_BYTES / 1024} KiB over ${CONNECTIONS} kept connections: a Node client posts one to a Node server, which answers with another, and nginx serves a file. The server's end is traced, so a request and its response are one span.`,
        'Counted are all bytes of payload in the events, those of the first messages of each connection included.',
      ],
      tables: [table],
      bars: all.map((copied) => ({
        what: `payload copied of a request and its response, ${BODY_BYTES / 1024} KiB each body, ${copied.traffic.name}`,
        limit: `≤ ${BAR_BYTES} B`,
        value: `${fixed(perPair(copied))} B`,
        met: perPair(copied) <= BAR_BYTES && copied.spans >= copied.answered,
      })),
    };
  },
};
