import type { HookReport, KernelReport } from '@weft/agent';
import { cut, fit, printable, type Style, styled, type Terminal } from '../terminal.ts';

/** What this kernel and these rights allow, for people: a mark a tier and a hook, and why. */
export function renderKernelReport(report: KernelReport, terminal: Terminal): string {
  const chosen = report.tiers.find((tier) => tier.usable);
  const nameWidth = Math.max(
    0,
    ...report.tiers.flatMap((tier) => tier.hooks.map((hook) => hook.tracepoint.length)),
  );
  const lines: string[] = [];
  const add = (indent: string, [mark, style]: Mark, text: string) => {
    lines.push(
      `${indent}${styled(terminal, style, mark)} ${cut(printable(text), terminal.width - indent.length - 2)}`,
    );
  };
  for (const tier of report.tiers) {
    const note = tier === chosen ? ', this one is used' : '';
    add('', tier.usable ? GOOD : BAD, `tier ${tier.tier}: ${tier.reason}${note}`);
    for (const hook of tier.hooks)
      add('    ', markOf(hook), `${fit(hook.tracepoint, nameWidth)}  ${hook.reason}`);
  }
  for (const warning of report.warnings) add('', WARNING, warning);
  return `${lines.join('\n')}\n`;
}

type Mark = readonly [string, Style];
const GOOD: Mark = ['✓', 'green'];
const BAD: Mark = ['✗', 'red'];
const WARNING: Mark = ['!', 'yellow'];

function markOf(hook: HookReport): Mark {
  return hook.status === 'ok' ? GOOD : hook.optional ? WARNING : BAD;
}
