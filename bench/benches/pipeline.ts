import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replayRecording } from '@weft/agent';
import { BlockEncoder } from '@weft/model';
import { repoRoot } from '../../scenarios/programs/index.ts';
import type { Bench } from '../bench.ts';
import { compile } from '../lab/compile.ts';
import { finish, groupIn, runPaced } from '../lab/load.ts';
import { PAGE, startNginx } from '../lab/nginx.ts';
import { measuredCpu } from '../lab/processes.ts';
import { record } from '../lab/recording.ts';
import { benchCgroup } from '../lab/scope.ts';
import type { Table } from '../report.ts';
import { fixed, median, span } from '../stats.ts';

const BAR = 150_000;
const WANTED_MESSAGES = 50_000;
const SPANS_A_BLOCK = 4_000;
/** Runs before the ones that count: the compiler has to see the code first, as in an agent that has been running. */
const WARM_UP = 2;

const RECORDINGS = ['direct', 'proxied'] as const;
type Recording = (typeof RECORDINGS)[number];
const RECORDING_NAMES: Readonly<Record<Recording, string>> = {
  direct: 'client → nginx',
  proxied: 'client → nginx → nginx',
};

const REQUESTS: Readonly<Record<Recording, number>> = { direct: 20_000, proxied: 12_000 };
/** What the recorder keeps up with beside other work. */
const REQUESTS_PER_SECOND = 4_000;

/** Messages, spans and seconds of each run over one recording. */
export interface ReplayTimes {
  readonly events: number;
  readonly spans: number;
  readonly links: number;
  readonly blockBytes: number;
  readonly seconds: readonly number[];
  readonly losses: Readonly<Record<string, number>>;
}

/** Replays a recording that is held in memory, from events to encoded blocks. Runs in a process of its own, on one CPU. */
export function timeReplay(file: string, runs: number): ReplayTimes {
  const bytes = new Uint8Array(readFileSync(file));
  const origin = { agentId: 'bench', host: 'bench' };
  const seconds: number[] = [];
  let result = { events: 0, spans: 0, links: 0, blockBytes: 0, losses: {} };
  for (let run = 0; run < WARM_UP + runs; run++) {
    const start = performance.now();
    const { records, epoch, losses, events } = replayRecording(bytes, { mask: true });
    let blockBytes = 0;
    const encoder = new BlockEncoder({ ...origin, epoch });
    for (const record of records) {
      encoder.add(record);
      if (encoder.rows === SPANS_A_BLOCK) blockBytes += encoder.take().length;
    }
    blockBytes += encoder.take().length;
    if (run >= WARM_UP) seconds.push((performance.now() - start) / 1000);
    const links = records.reduce((sum, record) => sum + (record.links.length > 0 ? 1 : 0), 0);
    result = { events, spans: records.length, links, blockBytes, losses };
  }
  return { ...result, seconds };
}

/** How fast the agent turns events into spans. */
export const pipelineRate: Bench = {
  name: 'pipeline',
  title: 'From events to spans',
  async run(context) {
    const cgroup = benchCgroup(context);
    const group = groupIn(context, cgroup);
    const client = compile('paced', context.folder);
    const nginx = await startNginx(group, context.folder, 2);
    const times = new Map<Recording, ReplayTimes>();
    for (const name of RECORDINGS) {
      const file = join(context.folder, `${name}.weft`);
      const port = name === 'direct' ? nginx.port : nginx.proxyPort;
      await record(context, cgroup, file, () =>
        runPaced(context, group, client, {
          ...{ port, path: PAGE, connections: 16 },
          perSecond: REQUESTS_PER_SECOND,
          count: REQUESTS[name],
        }),
      );
      const runs = context.quick ? 3 : 9;
      const child = await groupIn(context, null).start({
        name: 'replay',
        command: 'taskset',
        args: [
          ...['-c', String(measuredCpu()), process.execPath],
          ...[join(repoRoot(), 'dist', 'bench.js'), '--replay', file, '--runs', String(runs)],
        ],
      });
      const measured = JSON.parse(await finish(context, child)) as ReplayTimes;
      if (2 * measured.spans < WANTED_MESSAGES) {
        throw new Error(
          `The recording ${name} has only ${2 * measured.spans} messages: the machine is too busy.`,
        );
      }
      times.set(name, measured);
      const lost = Object.entries(measured.losses).map(([cause, number]) => `, ${number} ${cause}`);
      context.say(
        `pipeline: ${name}: ${fixed(2 * measured.spans)} messages, ${fixed(rateOf(measured))} messages/s${lost.join('')}`,
      );
    }
    const rows = [...times].map(([name, measured]) => {
      const each = measured.seconds.map((one) => (2 * measured.spans) / one);
      return [
        RECORDING_NAMES[name],
        fixed(2 * measured.spans),
        fixed(measured.events),
        fixed(measured.links),
        `${fixed(measured.blockBytes / measured.spans)} B`,
        fixed(rateOf(measured)),
        span(each),
        `${fixed((1e6 * median(measured.seconds)) / measured.spans, 2)} µs`,
      ];
    });
    const table: Table = {
      caption: 'HTTP/1.1 messages/s on one core',
      head: ['', 'messages', 'events', 'linked spans', 'a span', 'messages/s', 'runs', 'time a span'],
      rows,
    };
    return {
      name: pipelineRate.name,
      title: pipelineRate.title,
      method: [
        'A recording of a client and nginx over kept connections, both ends traced, is held in memory and replayed on one CPU (collector and compiler included): streams, parser, sessions, causality, spans, encoded blocks.',
        'A span has two messages, its request and its response.',
      ],
      tables: [table],
      bars: [...times].map(([name, measured]) => ({
        what: `HTTP messages/s from events to spans, ${RECORDING_NAMES[name]}`,
        limit: `≥ ${fixed(BAR)}`,
        value: fixed(rateOf(measured)),
        met: rateOf(measured) >= BAR,
      })),
    };
  },
};

function rateOf({ spans, seconds }: ReplayTimes): number {
  return (2 * spans) / median(seconds);
}
