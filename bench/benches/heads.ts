import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentReport } from '@weft/model';
import { freePorts, type ProgramGroup, repoRoot } from '../../scenarios/programs/index.ts';
import type { Bench, BenchContext } from '../bench.ts';
import { finish, groupIn } from '../lab/load.ts';
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

/** Requests and responses with bodies. @returns how many were answered whole */
async function load(
  context: BenchContext,
  group: ProgramGroup,
  port: number,
  count: number,
): Promise<number> {
  const args = [program(), 'client', port, BODY_BYTES, count, CONNECTIONS].map(String);
  const client = await group.start({ name: 'client', command: process.execPath, args });
  return (JSON.parse(await finish(context, client)) as { readonly answered: number }).answered;
}

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

/** How much of bodies the kernel side copies. */
export const headsCopied: Bench = {
  name: 'heads',
  title: 'Payload copied of requests with large bodies',
  async run(context) {
    const cgroup = benchCgroup(context);
    const traced = groupIn(context, cgroup);
    const untraced = groupIn(context, null);
    const port = (await freePorts(1))[0]!;
    await traced.start({
      name: 'server',
      command: process.execPath,
      args: [program(), 'server', String(port), String(BODY_BYTES)],
      port,
    });
    const sink = await startSink();
    context.cleanup(() => sink.stop());
    const agent = await startAgentOf(context, { server: sink.url, cgroup, budget: 'off' });
    const count = context.quick ? 1_000 : 5_000;
    const answered = await load(context, untraced, port, count);
    const report = await settledReport(context, sink);
    await agent.stop();
    const each = report.capturedBytes / answered;
    const lost = Object.values(report.lost).reduce((sum, number) => sum + number, 0);
    const table: Table = {
      caption: 'Bytes copied by the kernel part',
      head: ['', 'a pair', 'of what was sent', 'events a pair', 'spans ÷ expected', 'lost'],
      rows: [
        [
          `${fixed(answered)} pairs`,
          `${fixed(each)} B`,
          percent(each / (2 * BODY_BYTES), 2),
          fixed(report.events / answered, 1),
          percent(sink.spans() / answered, 2),
          fixed(lost),
        ],
      ],
    };
    return {
      name: headsCopied.name,
      title: headsCopied.title,
      method: [
        `A Node client posts ${BODY_BYTES / 1024} KiB to a Node server, which answers with as much, over ${CONNECTIONS} kept connections; the server's end is traced, so a request and its response are one pair.`,
        'Counted are all bytes of payload in the events, those of the first messages of each connection included.',
      ],
      tables: [table],
      bars: [
        {
          what: `payload copied of a request and its response with ${BODY_BYTES / 1024} KiB each`,
          limit: `≤ ${BAR_BYTES} B`,
          value: `${fixed(each)} B`,
          met: each <= BAR_BYTES && sink.spans() >= answered,
        },
      ],
    };
  },
};
