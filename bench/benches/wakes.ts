import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { PROCESS, PROCESS_FLAG } from '@weft/kernel';
import type { Bench, BenchContext } from '../bench.ts';
import { compile } from '../lab/compile.ts';
import { openPrograms } from '../lab/kernel.ts';
import { measuredCpu } from '../lab/processes.ts';
import type { Table } from '../report.ts';
import { fixed, median, medianDifference, medianRatio } from '../stats.ts';

const MODES = ['none', 'unasked', 'asked'] as const;
type Mode = (typeof MODES)[number];

const MODE_NAMES: Readonly<Record<Mode, string>> = {
  none: 'no probe',
  unasked: 'attached, the process is not asked about',
  asked: 'each wake told',
};

/** What bench/wakes.c prints: CPU time a wake, ns. */
interface Timing {
  /** Between two threads, through a futex. */
  readonly futex: number;
  /** Between two processes, through a pipe. */
  readonly pipe: number;
}

/** Attaches the program that tells of wakes, alone, and throws away what it tells. */
function attachWaking(context: BenchContext) {
  const { object, discard, stop } = openPrograms(context);
  for (const program of object.programs) program.setAutoload(program.name === 'weft_waking');
  object.load();
  object.program('weft_waking').attach();
  const events = discard();
  const ask = (pid: number) => {
    const key = new Uint8Array(4);
    new DataView(key.buffer).setUint32(0, pid, true);
    const value = new Uint8Array(PROCESS.size);
    new DataView(value.buffer).setUint32(PROCESS.flags, PROCESS_FLAG.PROCESS_WAKES, true);
    object.map('weft_processes').update(key, value);
  };
  return { ask, events, stop };
}

async function time(context: BenchContext, program: string, mode: Mode, count: number): Promise<Timing> {
  const attached = mode === 'none' ? null : attachWaking(context);
  const child = spawn(program, [String(measuredCpu()), String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    signal: context.signal,
  });
  if (mode === 'asked') attached?.ask(child.pid!);
  child.stdin.end('\n');
  const [out] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (mode === 'asked' && attached!.events() < count) throw new Error('Wakes were not told.');
  await attached?.stop();
  return JSON.parse(out) as Timing;
}

/** Cost of a wake beside one that nobody looks at. */
export const wakes: Bench = {
  name: 'wakes',
  title: 'Cost of telling who woke whom',
  async run(context) {
    const program = compile('wakes', context.folder, ['pthread']);
    const count = context.quick ? 20_000 : 100_000;
    const rounds: Record<Mode, Timing[]> = { none: [], unasked: [], asked: [] };
    const all = context.quick ? 3 : 9;
    for (let round = 0; round < all; round++) {
      for (const mode of MODES) rounds[mode].push(await time(context, program, mode, count));
      context.say(
        `wakes: round ${round + 1} of ${all}: futex ${MODES.map((mode) => fixed(rounds[mode][round]!.futex)).join(', ')} ns`,
      );
    }
    const row = (name: string, of: (timing: Timing) => number) => {
      const values = (mode: Mode) => rounds[mode].map(of);
      return [
        name,
        fixed(median(values('none'))),
        ...MODES.slice(1).map((mode) => {
          const added = medianDifference(values(mode), values('none'));
          return `${added < 0 ? '' : '+'}${fixed(added)} (×${fixed(medianRatio(values(mode), values('none')), 2)})`;
        }),
      ];
    };
    const table: Table = {
      caption: 'ns of CPU time a wake (call, switch and the other side’s waiting), and what is added to it',
      head: ['', ...MODES.map((mode) => MODE_NAMES[mode])],
      rows: [
        row('a thread of the same process, through a futex', ({ futex }) => futex),
        row('another process, through a pipe', ({ pipe }) => pipe),
      ],
    };
    return {
      name: wakes.name,
      title: wakes.title,
      method: [
        `A C program pinned to one CPU: two threads, then two processes, wake each other in turn, ${fixed(count)} times each; CPU time by getrusage.`,
        `The program that tells of wakes is attached alone. ${all} alternating rounds.`,
      ],
      tables: [table],
      bars: [],
    };
  },
};
