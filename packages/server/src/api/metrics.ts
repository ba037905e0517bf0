import type { ServerContext } from '../context.ts';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

/** `GET /metrics` in Prometheus' text format, version 0.0.4. */
export function metrics(context: ServerContext): string {
  const { counters, agents, queue } = context;
  const reports = agents.list().flatMap((agent) => (agent.report === null ? [] : [agent.report]));
  const byAgent = (value: (report: (typeof reports)[number]) => number): Sample[] =>
    reports.map((report) => [{ agent: report.agentId }, value(report)]);
  return [
    family(
      'weft_lost_total',
      'counter',
      'Losses by cause, as agents reported them.',
      [...agents.lost].map(([cause, n]) => [{ cause }, n]),
    ),
    family('weft_spans_ingested_total', 'counter', 'Spans that were stored.', [[{}, counters.spansIngested]]),
    family('weft_ingest_batches_total', 'counter', 'Batches that were stored.', [
      [{}, counters.batchesIngested],
    ]),
    family('weft_ingest_bytes_total', 'counter', 'Bytes of the batches, inflated.', [
      [{}, counters.bytesIngested],
    ]),
    family(
      'weft_ingest_refused_total',
      'counter',
      'Batches that were refused, by reason.',
      [...counters.refused].map(([reason, n]) => [{ reason }, n]),
    ),
    family('weft_ingest_queue_bytes', 'gauge', 'Bytes that wait for the store.', [[{}, queue.queuedBytes]]),
    family(
      'weft_agent_events_total',
      'counter',
      'Events from the kernel, by agent.',
      byAgent((r) => r.events),
    ),
    family(
      'weft_agent_captured_bytes_total',
      'counter',
      'Bytes of payload copied from the kernel, by agent.',
      byAgent((r) => r.capturedBytes),
    ),
    family(
      'weft_agent_spans_total',
      'counter',
      'Spans made, by agent.',
      byAgent((r) => r.spans),
    ),
    family(
      'weft_agent_cpu_seconds_total',
      'counter',
      'CPU time, by agent.',
      byAgent((r) => r.cpuSeconds),
    ),
    family(
      'weft_agent_resident_bytes',
      'gauge',
      'Resident memory, by agent.',
      byAgent((r) => r.residentBytes),
    ),
    family(
      'weft_agent_traced_share',
      'gauge',
      'Part of each second that is traced, by agent: less than 1 past the CPU budget.',
      byAgent((r) => r.tracedShare),
    ),
    family(
      'weft_agent_payload_limit_bytes',
      'gauge',
      'Bytes that are copied of a call at most, by agent: fewer past the CPU budget.',
      byAgent((r) => r.payloadBytes),
    ),
    family(
      'weft_http_requests_total',
      'counter',
      'Requests to this server.',
      [...counters.requests].map(([key, n]) => requestSample(key, n)),
    ),
    family('weft_server_cpu_seconds_total', 'counter', 'CPU time of this process.', [[{}, cpuSeconds()]]),
    family('weft_server_resident_bytes', 'gauge', 'Resident memory of this process.', [
      [{}, process.memoryUsage.rss()],
    ]),
  ].join('');
}

function requestSample(key: string, value: number): Sample {
  const [path = '', status = ''] = key.split(' ');
  return [{ path, status }, value];
}

function cpuSeconds(): number {
  const usage = process.cpuUsage();
  return (usage.user + usage.system) / 1e6;
}

function family(name: string, type: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([key, value]) => `${key}="${value.replace(/["\\\n]/g, escapeLabel)}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`;
}
