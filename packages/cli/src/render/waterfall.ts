import type { SpanJson, TraceJson } from '@weft/model';
import { cut, fit, printable, type Style, styled, type Terminal } from '../terminal.ts';
import { count, formatDuration } from './quantities.ts';
import { branches, type TreeRow, treeRows } from './tree.ts';

const DURATION_WIDTH = 8;
const STATUS_WIDTH = 9;
const EVIDENCE_WIDTH = 18;
/** Below these widths the column is left out. */
const EVIDENCE_FROM = 76;
const BAR_FROM = 52;
const STATUS_FROM = 30;
/** When nobody says how wide the paper is. */
const DEFAULT_WIDTH = 120;
const SERVICE_STYLES: readonly Style[] = ['cyan', 'magenta', 'yellow', 'blue', 'green'];

interface Layout {
  readonly label: number;
  readonly bar: number;
  readonly status: boolean;
  readonly evidence: boolean;
}

/**
 * A trace as a waterfall: one line a span with its tree, service and name, bar, duration, status and
 * the evidence for its link. No line is wider than the terminal.
 */
export function renderWaterfall(trace: TraceJson, terminal: Terminal): string {
  const width = Number.isFinite(terminal.width) ? terminal.width : DEFAULT_WIDTH;
  const rows = treeRows(trace.spans);
  const { start, end } = extent(trace.spans);
  const total = Math.max(1, Number(end - start));
  const layout = layOut(width, rows);
  const services = [...new Set(trace.spans.map((span) => span.service))];
  const lines = [
    styled(terminal, 'bold', cut(`trace ${trace.traceId}`, width)),
    ...wrap(summary(trace, total, services.length), width),
    '',
  ];
  for (const row of rows) lines.push(renderRow(row, start, total, layout, services, terminal));
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function summary(trace: TraceJson, total: number, services: number): readonly string[] {
  const { linked, incomplete, lost } = trace.completeness;
  const losses = Object.entries(lost).filter(([, events]) => events > 0);
  const parts = [
    printable(trace.spans[0]?.name ?? 'no spans'),
    formatDuration(total),
    count(services, 'service'),
    count(trace.spans.length, 'span'),
    linked >= 1 ? 'all linked' : `${Math.floor(linked * 100)} % linked`,
  ];
  const untraced = trace.spans.filter((span) => span.attributes['weft.untraced'] === true).length;
  if (untraced > 0) parts.push(`${count(untraced, 'hop')} untraced (⋯)`);
  if (incomplete > 0) parts.push(`${count(incomplete, 'request')} without an answer`);
  if (losses.length > 0)
    parts.push(`lost: ${losses.map(([cause, events]) => `${events} ${cause}`).join(', ')}`);
  if (trace.truncated) parts.push('truncated');
  if (!trace.settled) parts.push('more may come');
  return parts;
}

/** Parts side by side with dots between them, over as many lines as it takes. */
function wrap(parts: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const joined = lines.length === 0 ? part : `${lines.at(-1)} · ${part}`;
    if (lines.length > 0 && [...joined].length <= width) lines[lines.length - 1] = joined;
    else lines.push(cut(part, width));
  }
  return lines;
}

function layOut(width: number, rows: readonly TreeRow[]): Layout {
  const evidence = width >= EVIDENCE_FROM;
  const status = width >= STATUS_FROM;
  const hasBar = width >= BAR_FROM;
  const columns = [
    DURATION_WIDTH,
    status ? STATUS_WIDTH : -1,
    evidence ? EVIDENCE_WIDTH : -1,
    hasBar ? 0 : -1,
  ];
  const free = Math.max(2, width - columns.reduce((sum, column) => sum + column + 1, 0));
  if (!hasBar) return { label: free, bar: 0, status, evidence };
  const most = Math.max(20, Math.floor(free * 0.62));
  let label = 0;
  for (const row of rows) label = Math.max(label, [...labelOf(row, most).join('')].length);
  label = Math.min(label, most);
  return { label, bar: Math.max(1, free - label), status, evidence };
}

/** Branches (at most half of the room, so that a name keeps some), service (left out where the parent's is the same), name. */
function labelOf(row: TreeRow, width: number): readonly [string, string, string] {
  const { span, above } = row;
  const outgoing = span.kind === 'client' || span.kind === 'producer';
  const service = above !== null && outgoing && above.span.service === span.service ? '' : `${span.service} `;
  const lead = branches(row, Math.max(2, Math.floor(width / 2)));
  // What lies between it and its parent was not seen.
  const hop = span.attributes['weft.untraced'] === true ? '⋯ ' : '';
  return [lead, `${hop}${printable(service)}`, `${outgoing ? '→ ' : ''}${printable(span.name)}`];
}

function renderRow(
  row: TreeRow,
  start: bigint,
  total: number,
  layout: Layout,
  services: readonly string[],
  terminal: Terminal,
): string {
  const { span } = row;
  const style = SERVICE_STYLES[services.indexOf(span.service) % SERVICE_STYLES.length]!;
  const statusStyle: Style = span.status === 'error' ? 'red' : span.status === 'ok' ? 'green' : 'dim';
  const cells = [label(row, layout.label, style, terminal)];
  if (layout.bar > 0) cells.push(styled(terminal, style, bar(span, start, total, layout.bar)));
  cells.push(fit(formatDuration(Number(span.durationNano)), DURATION_WIDTH, 'right'));
  if (layout.status) cells.push(styled(terminal, statusStyle, fit(statusText(span), STATUS_WIDTH)));
  if (layout.evidence) cells.push(styled(terminal, 'dim', cut(evidenceText(row), EVIDENCE_WIDTH)));
  return cells.join(' ');
}

function label(row: TreeRow, width: number, style: Style, terminal: Terminal): string {
  const [lead, service, name] = labelOf(row, width);
  const shortService = cut(service, width - lead.length);
  const rest = fit(name, width - lead.length - [...shortService].length);
  return styled(terminal, 'dim', lead) + styled(terminal, style, shortService) + rest;
}

function bar(span: SpanJson, start: bigint, total: number, width: number): string {
  const from = (Number(BigInt(span.startTimeUnixNano) - start) / total) * width;
  const length = (Number(span.durationNano) / total) * width;
  const first = Math.min(width - 1, Math.max(0, Math.floor(from)));
  const cells = Math.max(1, Math.min(width - first, Math.round(from + length) - first));
  return fit(' '.repeat(first) + (span.kind === 'client' ? '▒' : '█').repeat(cells), width);
}

function statusText(span: SpanJson): string {
  if (span.attributes['weft.incomplete'] === true) return 'no answer';
  const code = span.attributes['http.response.status_code'] ?? span.attributes['rpc.grpc.status_code'];
  return printable(String(code ?? span.status));
}

/** The deciding link's strongest evidence: `unit 1.00`. */
function evidenceText({ span, above }: TreeRow): string {
  const chosen = span.links.find((link) => link.chosen);
  if (chosen === undefined) {
    if (span.links.length > 0) return `candidates: ${span.links.length}`;
    return above === null && span.parentSpanId === null ? '' : 'parent not seen';
  }
  const strongest = chosen.evidence.reduce(
    (best, next) => (next.confidence > best.confidence ? next : best),
    { kind: '', confidence: -1 } as { readonly kind: string; readonly confidence: number },
  );
  return `${strongest.kind} ${chosen.confidence.toFixed(2)}`;
}

/** Start and end of all spans together, Unix nanoseconds. */
function extent(spans: readonly SpanJson[]): { readonly start: bigint; readonly end: bigint } {
  let start: bigint | null = null;
  let end = 0n;
  for (const span of spans) {
    const from = BigInt(span.startTimeUnixNano);
    const to = from + BigInt(span.durationNano);
    if (start === null || from < start) start = from;
    if (to > end) end = to;
  }
  return { start: start ?? 0n, end };
}
