import type { TraceSummaryJson } from '@weft/model';
import { cut, fit, printable, styled, type Terminal } from '../terminal.ts';
import { formatDuration, formatTimeOfDay } from './quantities.ts';

/** Traces as a table, one a line; the whole id stands first so that it can be copied. */
export function renderTraceList(traces: readonly TraceSummaryJson[], terminal: Terminal): string {
  const header = `${fit('TRACE', 32)} ${fit('START', 12)} ${fit('DURATION', 8, 'right')} ${fit('SPANS', 5, 'right')} ${fit('STATUS', 6)} ROOT`;
  const lines = [styled(terminal, 'dim', cut(header, terminal.width))];
  for (const trace of traces) {
    const root = `${printable(trace.rootService)} ${printable(trace.rootName)}`;
    const others = trace.services.filter((service) => service !== trace.rootService).map(printable);
    const tail = others.length === 0 ? root : `${root} (${others.join(', ')})`;
    const line = [
      trace.traceId,
      formatTimeOfDay(trace.startTimeUnixNano),
      fit(formatDuration(Number(trace.durationNano)), 8, 'right'),
      fit(`${trace.spanCount}${trace.truncated ? '+' : ''}`, 5, 'right'),
      fit(trace.status, 6),
      tail,
    ].join(' ');
    const short = cut(line, terminal.width);
    lines.push(trace.status === 'error' ? styled(terminal, 'red', short) : short);
  }
  return `${lines.join('\n')}\n`;
}
