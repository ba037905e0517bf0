import { readFileSync } from 'node:fs';
import type { TraceJson } from '@weft/model';
import type { Command } from '../command.ts';
import { CliError, codeOf, failure } from '../errors.ts';
import { count } from '../render/quantities.ts';
import { renderWaterfall } from '../render/waterfall.ts';
import { switchOption } from '../settings/option.ts';
import { flag } from '../settings/values.ts';
import { stdoutTerminal } from '../terminal.ts';
import {
  ID_NAME_OPTIONS,
  idNamesOf,
  MASK_OPTION,
  maskOf,
  WITHOUT_OPTION,
  withoutOf,
} from './shared-options.ts';

/** Traces in the order in which they began; the id decides between equals, so that the order never changes. */
export function inOrder(traces: readonly TraceJson[]): readonly TraceJson[] {
  const startOf = (trace: TraceJson) => BigInt(trace.spans[0]?.startTimeUnixNano ?? '0');
  return [...traces].sort((a, b) => {
    const [left, right] = [startOf(a), startOf(b)];
    if (left !== right) return left < right ? -1 : 1;
    return a.traceId < b.traceId ? -1 : a.traceId > b.traceId ? 1 : 0;
  });
}

/** Spans are written in pieces of so many, so that a long replay needs no copy of all its text. */
const PIECE = 2000;

export const replay: Command = {
  name: 'replay',
  summary: 'turn a recording (.weft, .pcap, .pcapng) into spans; needs no kernel and no root',
  positionals: 'FILE',
  arity: { min: 1, max: 1 },
  options: [
    switchOption('jsonl', 'one span a line, as JSON (else: waterfalls)'),
    MASK_OPTION,
    WITHOUT_OPTION,
    ...ID_NAME_OPTIONS,
  ],
  examples: ['weft replay shop.weft --jsonl', 'weft replay capture.pcap --jsonl --mask off'],
  run: async ({ values, positionals, out, log }) => {
    const file = positionals[0]!;
    const mask = maskOf(values);
    const without = withoutOf(values);
    const names = idNamesOf(values);
    const bytes = read(file);
    const { replayBytes } = await import('@weft/agent');
    const { records, epoch, losses } = attempt(file, () => replayBytes(bytes, { mask, without, ...names }));
    const { assembleAll } = await import('@weft/server');
    const traces = inOrder(assembleAll(records, epoch));
    if (flag(values, 'jsonl')) {
      let piece: string[] = [];
      for (const span of traces.flatMap((trace) => trace.spans)) {
        piece.push(`${JSON.stringify(span)}\n`);
        if (piece.length < PIECE) continue;
        await out(piece.join(''));
        piece = [];
      }
      await out(piece.join(''));
    } else {
      const terminal = stdoutTerminal(process.env);
      for (const trace of traces) await out(`${renderWaterfall(trace, terminal)}\n`);
    }
    const lost = Object.entries(losses).filter(([, number]) => number > 0);
    const lostText = lost.map(([cause, number]) => `; ${number} ${cause}`).join('');
    log(`${count(traces.length, 'trace')}, ${count(records.length, 'span')}${lostText}`);
    return 0;
  },
};

function read(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      throw new CliError(`There is no file ${file}: name a recording, pcap or pcapng.`);
    }
    throw new CliError(`${file} cannot be read (${codeOf(error)}): check its rights.`);
  }
}

function attempt<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw failure(`${file} cannot be replayed`, error);
  }
}
