import { SPAN_STATUSES, type TraceSummaryJson } from '@weft/model';
import { getJson } from '../api.ts';
import type { Command } from '../command.ts';
import { renderTraceList } from '../render/trace-list.ts';
import { switchOption, valueSetting } from '../settings/option.ts';
import { choice, duration, flag, integer, text } from '../settings/values.ts';
import { stdoutTerminal } from '../terminal.ts';
import { API_OPTIONS, apiOf } from './shared-options.ts';

interface TracesAnswer {
  readonly traces: readonly TraceSummaryJson[];
  readonly nextCursor: string | null;
}

const MOST = 100_000;
/** The API gives no more at once. */
const PAGE = 1000;

const query = (name: string, placeholder: string, help: string) => ({
  ...valueSetting(name, placeholder, help),
  setting: false,
});

export const traces: Command = {
  name: 'traces',
  summary: 'list traces of a running Weft, newest first',
  positionals: '',
  arity: { min: 0, max: 0 },
  options: [
    query('since', 'DURATION', 'how far to look back (default: 1h)'),
    query('service', 'NAME', 'traces that this service takes part in'),
    query('endpoint', 'NAME', 'traces with this endpoint, like "GET /orders/{id}"'),
    query('status', 'STATUS', `traces with this status: ${SPAN_STATUSES.join(', ')}`),
    query('min-duration', 'DURATION', 'traces that took at least so long, like 10ms'),
    query('limit', 'N', 'at most so many (default: 50)'),
    switchOption('jsonl', 'one trace a line, as JSON'),
    ...API_OPTIONS,
  ],
  examples: [
    'weft traces --since 5m --min-duration 10ms',
    'weft traces --service orders --status error --jsonl',
  ],
  run: async ({ values, out, log }) => {
    const api = apiOf(values);
    const since = duration(values, 'since');
    const minDuration = duration(values, 'min-duration');
    const limit = integer(values, 'limit', 1, MOST) ?? 50;
    const now = BigInt(Date.now()) * 1_000_000n;
    const found: TraceSummaryJson[] = [];
    let cursor: string | null = null;
    do {
      const answer: TracesAnswer | null = await getJson<TracesAnswer>(api, '/api/v1/traces', {
        from: since === null ? null : String(now - BigInt(since)),
        service: text(values, 'service'),
        endpoint: text(values, 'endpoint'),
        status: choice(values, 'status', SPAN_STATUSES),
        minDuration: minDuration === null ? null : `${minDuration}ns`,
        limit: Math.min(PAGE, limit - found.length),
        cursor,
      });
      found.push(...(answer?.traces ?? []));
      cursor = answer?.nextCursor ?? null;
    } while (cursor !== null && found.length < limit);
    if (found.length === 0) log('No traces there.');
    if (flag(values, 'jsonl')) await out(found.map((trace) => `${JSON.stringify(trace)}\n`).join(''));
    else if (found.length > 0) await out(renderTraceList(found, stdoutTerminal(process.env)));
    return 0;
  },
};
