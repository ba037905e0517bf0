import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, repoRoot } from '../../scenarios/programs/index.ts';
import type { Bench, BenchContext } from '../bench.ts';
import { compile } from '../lab/compile.ts';
import { attachKernel } from '../lab/kernel.ts';
import { finish, groupIn } from '../lab/load.ts';
import { bindToCpus, measuredCpu, otherCpus } from '../lab/processes.ts';
import { benchCgroup } from '../lab/scope.ts';
import type { Table } from '../report.ts';
import { fixed, median, medianDifference } from '../stats.ts';

const SIZE = 256;
/** What is attached while the calls are timed. */
const MODES = ['none', 'sockets', 'tls'] as const;
type Mode = (typeof MODES)[number];

const LIBRARIES = ['/lib/x86_64-linux-gnu/libssl.so.3', '/usr/lib64/libssl.so.3', '/usr/lib/libssl.so.3'];

/** What bench/tls.c and bench/go-tls print: ns a call. */
interface Timing {
  readonly write: number;
  readonly read: number;
}

/** A program whose TLS calls are timed, and the file that is probed for it. */
interface Subject {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly probed: string;
  /** Bars, ns. */
  readonly limits: Timing;
}

function subjects(context: BenchContext): readonly Subject[] {
  const [cert, key] = [join(context.folder, 'cert.pem'), join(context.folder, 'key.pem')];
  const about = ['-subj', '/CN=localhost', '-days', '2', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...about], { stdio: 'ignore' });
  const calls = context.quick ? '1000' : '5000';
  const library = LIBRARIES.find((path) => existsSync(path));
  if (library === undefined) throw new Error('No libssl.so.3 was found: install libssl3 and libssl-dev.');
  const openssl: Subject = {
    name: 'OpenSSL',
    program: compile('tls', context.folder, ['ssl', 'crypto']),
    args: [String(measuredCpu()), calls, String(SIZE), cert, key],
    probed: library,
    limits: { write: 2_000, read: 2_000 },
  };
  const go = findProgram('go', 'WEFT_GO', ['/usr/local/go/bin/go']);
  if (go === null) return [openssl];
  const program = join(context.folder, 'go-tls');
  execFileSync(go, ['build', '-o', program, '.'], {
    cwd: join(repoRoot(), 'bench', 'go-tls'),
    stdio: 'pipe',
  });
  return [
    openssl,
    {
      name: 'Go crypto/tls',
      program,
      // It sleeps a millisecond between two calls: Go's timers are no finer.
      args: [context.quick ? '200' : '1000', String(SIZE), cert, key],
      probed: program,
      limits: { write: 6_000, read: 6_000 },
    },
  ];
}

/** One run. Goroutines are not told apart here: user space would have to say where Go keeps them. */
async function time(context: BenchContext, subject: Subject, mode: Mode, cgroup: string): Promise<Timing> {
  const attached =
    mode === 'none' ? null : attachKernel(context, { cgroup }, mode === 'tls' ? [subject.probed] : []);
  const group = groupIn(context, cgroup);
  const { program, args } = subject;
  const printed = await finish(context, await group.start({ name: 'tls', command: program, args }));
  await attached?.stop();
  await group.stop();
  return JSON.parse(printed) as Timing;
}

/** Cost of a traced call of a TLS library beside an untraced one. */
export const tlsCalls: Bench = {
  name: 'tls',
  title: 'Cost of a traced TLS call',
  async run(context) {
    const cgroup = benchCgroup(context);
    context.cleanup(bindToCpus(process.pid, otherCpus()));
    const count = context.quick ? 2 : 7;
    const rows: string[][] = [];
    const bars: { what: string; limit: string; value: string; met: boolean }[] = [];
    for (const subject of subjects(context)) {
      const rounds: Record<Mode, Timing[]> = { none: [], sockets: [], tls: [] };
      for (let round = 0; round < count; round++) {
        for (const mode of MODES) rounds[mode].push(await time(context, subject, mode, cgroup));
      }
      for (const call of ['write', 'read'] as const) {
        const values = (mode: Mode) => rounds[mode].map((timing) => timing[call]);
        const sockets = medianDifference(values('sockets'), values('none'));
        const tls = medianDifference(values('tls'), values('sockets'));
        const what = `${subject.name} ${call}`;
        rows.push([what, fixed(median(values('none'))), `+${fixed(sockets)}`, `+${fixed(tls)}`]);
        const limit = subject.limits[call];
        bars.push({
          what: `added to a ${what} of ${SIZE} B by reading its plaintext`,
          limit: `≤ ${limit} ns`,
          value: `${fixed(tls)} ns`,
          met: tls <= limit,
        });
      }
      context.say(`tls: ${subject.name} done`);
    }
    const table: Table = {
      caption: 'ns a call, and what is added to it',
      head: ['', 'no probe', 'sockets traced', 'TLS too'],
      rows,
    };
    return {
      name: tlsCalls.name,
      title: tlsCalls.title,
      method: [
        `Both ends of one TLS 1.3 connection over loopback in one program; each call of ${SIZE} B is timed, its record in the socket before it is read.`,
        `Medians of ${count} alternating rounds; "TLS too" is what the probes add to calls whose sockets are traced already.`,
      ],
      tables: [table],
      bars,
    };
  },
};
