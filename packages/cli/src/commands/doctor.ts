import type { Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { probe } from '../probe.ts';
import { renderKernelReport } from '../render/kernel-report.ts';
import { switchOption } from '../settings/option.ts';
import { flag } from '../settings/values.ts';
import { stdoutTerminal } from '../terminal.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'show what this kernel and these rights allow, tier by tier, and why',
  positionals: '',
  arity: { min: 0, max: 0 },
  options: [switchOption('json', 'the report as JSON')],
  examples: ['weft doctor', 'weft doctor --json'],
  run: async ({ values, out }) => {
    const report = await probe();
    if (flag(values, 'json')) await out(`${JSON.stringify(report, null, 2)}\n`);
    else await out(renderKernelReport(report, stdoutTerminal(process.env)));
    if (report.tiers.some((tier) => tier.usable)) return 0;
    const reason = report.tiers[0]?.reason.replace(/\.$/, '') ?? 'it has none';
    throw new CliError(`No tier of Weft is usable on this machine: ${reason}.`);
  },
};
