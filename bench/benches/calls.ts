import type { Bench, BenchContext } from '../bench.ts';
import { compile } from '../lab/compile.ts';
import { attachKernel } from '../lab/kernel.ts';
import { finish, groupIn } from '../lab/load.ts';
import { bindToCpus, measuredCpu, otherCpus } from '../lab/processes.ts';
import { benchCgroup } from '../lab/scope.ts';
import { startSink } from '../lab/sink.ts';
import { startAgentOf } from '../lab/weft.ts';
import type { Bar, Table } from '../report.ts';
import { fixed, median, medianDifference, medianRatio, percent } from '../stats.ts';

const RATE = 20_000;
const SIZES = [64, 256, 1024] as const;
/** Sizes for which the bar holds. */
const BAR_SIZES: readonly number[] = [64, 256];
const BAR_NANOS = 350;
/** No other system call may become slower by more than what two runs without anything differ. */
const OTHER_NANOS = 15;

/** What is attached while the calls are timed. */
const MODES = ['none', 'empty', 'kernel', 'agent'] as const;
type Mode = (typeof MODES)[number];

const MODE_NAMES: Readonly<Record<Mode, string>> = {
  none: 'no probe',
  empty: 'attached, another process in scope',
  kernel: 'kernel part alone',
  agent: 'agent: copied, turned into spans',
};

/** What bench/calls.c prints. */
interface Timing {
  readonly messages: readonly {
    readonly size: number;
    readonly exchanges: number;
    readonly send: number;
    readonly receive: number;
  }[];
  readonly getppid: number;
  readonly pipe: number;
}

interface Round {
  readonly timing: Timing;
  /** Spans that came out; 0 where none are made. */
  readonly spans: number;
}

/** Nobody's process: programs with this scope run and find nothing to do. */
const NOBODY = 0x7fff_fffe;

async function time(context: BenchContext, program: string, mode: Mode, cgroup: string): Promise<Round> {
  const sink = await startSink();
  const stopSink = context.cleanup(() => sink.stop());
  const attached =
    mode === 'none'
      ? null
      : mode === 'agent'
        ? await startAgentOf(context, { server: sink.url, cgroup, budget: 'off', cpus: otherCpus() })
        : attachKernel(context, mode === 'empty' ? { pid: NOBODY } : { cgroup });
  const seconds = context.quick ? 0.4 : 1.5;
  const group = groupIn(context, cgroup);
  const args = [measuredCpu(), RATE, seconds, ...SIZES].map(String);
  const timing = JSON.parse(
    await finish(context, await group.start({ name: 'calls', command: program, args })),
  ) as Timing;
  if (mode === 'agent') {
    await sink.quiet();
    if (!sink.lastNames().some((name) => name.startsWith('GET /b'))) {
      throw new Error("The spans that came out are not those of the program's requests.");
    }
  }
  await attached?.stop();
  await group.stop();
  await stopSink();
  return { timing, spans: sink.spans() };
}

/** ns a socket call: sends and receives count alike. */
function perCall(timing: Timing, size: number): number {
  const found = timing.messages.find((messages) => messages.size === size)!;
  return (found.send + found.receive) / 2;
}

/** Both ends of each exchange give a span, and so does the line that the program prints: its stdout is a Unix socket. */
function spansExpected(timing: Timing): number {
  return timing.messages.reduce((sum, { exchanges }) => sum + 2 * exchanges, 1);
}

interface Quantity {
  readonly name: string;
  readonly of: (timing: Timing) => number;
}

const messageOf = (timing: Timing, size: number) =>
  timing.messages.find((messages) => messages.size === size)!;

const QUANTITIES: readonly Quantity[] = [
  ...SIZES.flatMap((size) => [
    { name: `socket call, ${size} B`, of: (timing: Timing) => perCall(timing, size) },
    { name: `– send ${size} B`, of: (timing: Timing) => messageOf(timing, size).send },
    { name: `– recv ${size} B`, of: (timing: Timing) => messageOf(timing, size).receive },
  ]),
  { name: 'getppid', of: (timing) => timing.getppid },
  { name: 'read or write of a pipe, 64 B', of: (timing) => timing.pipe },
];

/** Cost of a traced socket call beside an untraced one. */
export const calls: Bench = {
  name: 'calls',
  title: 'Cost of a traced call',
  async run(context) {
    const program = compile('calls', context.folder);
    const cgroup = benchCgroup(context);
    context.cleanup(bindToCpus(process.pid, otherCpus()));
    const rounds: Record<Mode, Round[]> = { none: [], empty: [], kernel: [], agent: [] };
    const count = context.quick ? 2 : 7;
    for (let round = 0; round < count; round++) {
      for (const mode of MODES) rounds[mode].push(await time(context, program, mode, cgroup));
      const last = (mode: Mode) => rounds[mode][round]!.timing;
      const added = (mode: Mode, size: number) =>
        fixed(perCall(last(mode), size) - perCall(last('none'), size));
      context.say(
        `calls: round ${round + 1} of ${count}: 256 B +${added('empty', 256)} empty, +${added('kernel', 256)} kernel, ` +
          `+${added('agent', 256)} ns agent; ${rounds.agent[round]!.spans} spans of ${spansExpected(last('agent'))}`,
      );
    }
    const values = (mode: Mode, { of }: Quantity) => rounds[mode].map(({ timing }) => of(timing));
    const table: Table = {
      caption: 'ns a call, and what is added to it',
      head: ['', ...MODES.map((mode) => MODE_NAMES[mode])],
      rows: QUANTITIES.map((quantity) => [
        quantity.name,
        fixed(median(values('none', quantity))),
        ...MODES.slice(1).map((mode) => {
          const added = medianDifference(values(mode, quantity), values('none', quantity));
          const ratio = medianRatio(values(mode, quantity), values('none', quantity));
          return `${added < 0 ? '' : '+'}${fixed(added)} (×${fixed(ratio, 2)})`;
        }),
      ]),
    };
    const spans = rounds.agent.reduce((sum, round) => sum + round.spans, 0);
    const expected = rounds.agent.reduce((sum, round) => sum + spansExpected(round.timing), 0);
    const coverage: Table = {
      caption: 'Spans of the agent rounds',
      head: ['', 'seen', 'expected', 'seen ÷ expected'],
      rows: [['all sizes', fixed(spans), fixed(expected), percent(spans / expected, 2)]],
    };
    return {
      name: calls.name,
      title: calls.title,
      method: [
        `A C program pinned to one CPU sends HTTP requests and responses of these sizes over a loopback connection whose ends are both its own, one call each 1/${fixed(RATE)} s, and times each call with the TSC;`,
        'the agent runs on the other CPU(s), without a CPU budget.',
        `A "socket call" is the mean of the medians of send and recv. ${count} alternating rounds.`,
      ],
      tables: [table, coverage],
      bars: [
        ...BAR_SIZES.map((size): Bar => {
          const quantity: Quantity = { name: '', of: (timing) => perCall(timing, size) };
          const added = medianDifference(values('agent', quantity), values('none', quantity));
          return {
            what: `added to a traced socket call of ${size} B, copied and turned into spans`,
            limit: `≤ ${BAR_NANOS} ns`,
            value: `${fixed(added)} ns`,
            met: added <= BAR_NANOS && spans >= 0.99 * expected,
          };
        }),
        ...QUANTITIES.slice(-2).map((quantity): Bar => {
          const added = medianDifference(values('agent', quantity), values('none', quantity));
          return {
            what: `added to another system call: ${quantity.name}`,
            limit: '~0',
            value: `${fixed(added)} ns`,
            met: added <= OTHER_NANOS,
          };
        }),
      ],
    };
  },
};
