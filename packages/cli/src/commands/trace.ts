import { parseTraceId, type TraceJson } from '@weft/model';
import { getJson } from '../api.ts';
import type { Command } from '../command.ts';
import { CliError, usageError } from '../errors.ts';
import { renderWaterfall } from '../render/waterfall.ts';
import { switchOption } from '../settings/option.ts';
import { flag } from '../settings/values.ts';
import { stdoutTerminal } from '../terminal.ts';
import { API_OPTIONS, apiOf } from './shared-options.ts';

export const trace: Command = {
  name: 'trace',
  summary: 'show one trace as a waterfall',
  positionals: 'ID',
  arity: { min: 1, max: 1 },
  options: [switchOption('json', 'the trace as JSON'), ...API_OPTIONS],
  examples: [
    'weft trace 4bf92f3577b34da6a3ce929d0e0e4736',
    'weft trace 4bf92f3577b34da6a3ce929d0e0e4736 --json',
  ],
  run: async ({ values, positionals, out }) => {
    const id = parseTraceId(positionals[0]!);
    if (id === null) {
      throw usageError(
        `"${positionals[0]}" is no trace id: it has 32 hex digits, as \`weft traces\` lists them.`,
      );
    }
    const answer = await getJson<TraceJson>(apiOf(values), `/api/v1/traces/${id}`);
    if (answer === null) {
      throw new CliError(`The server has no trace ${id}: \`weft traces\` lists those it has.`);
    }
    if (flag(values, 'json')) await out(`${JSON.stringify(answer, null, 2)}\n`);
    else await out(renderWaterfall(answer, stdoutTerminal(process.env)));
    return 0;
  },
};
