import {
  type Epoch,
  nanos,
  type SpanId,
  type SpanStatus,
  type TraceSummaryJson,
  toUnixNanos,
} from '@weft/model';
import { type SpanFilter, type SpanNode, type SpanPosition, type Store, searchSpans } from '@weft/store';
import { Collection } from '../assembly/collect.ts';
import { type WovenTrace, weave } from '../assembly/weave.ts';

/** Where a listing of traces goes on. */
export interface TraceCursor {
  /** The last trace that was given out. */
  readonly lastStart: bigint;
  readonly lastTraceId: string;
  /** Spans after this place are still to be looked at. */
  readonly scanAfter: SpanPosition;
}

/** A page of traces and, if there may be more, where the next begins. */
export interface TracePage {
  readonly traces: readonly TraceSummaryJson[];
  readonly next: TraceCursor | null;
}

/** So many spans are looked at for one page at most. */
const MAX_SCANNED = 100_000;
const MAX_COLLECTED = 200_000;

interface Candidate {
  readonly trace: WovenTrace;
  readonly start: bigint;
  /** The matching span that comes last in the order of spans: finding it again finds the trace again. */
  readonly hit: SpanNode;
}

/**
 * Traces of which any span matches, each once, latest start first.
 *
 * Spans are looked at from the latest on, and a trace starts no later than any of its spans. So once the scan has come down to
 * a moment, all traces that start after it are known; those that start before it wait for a later page, and the cursor
 * goes back far enough to find them again.
 */
export async function listTraces(
  store: Store,
  filter: SpanFilter,
  cursor: TraceCursor | null,
  limit: number,
  epoch: Epoch,
): Promise<TracePage> {
  const collection = new Collection(store, epoch, MAX_COLLECTED);
  const hits = new Map<SpanId, SpanNode>();
  // With conditions there is often one span a trace, without them many: begin small and grow.
  let chunk = Math.max(100, limit * 2);
  let scanAfter = cursor?.scanAfter ?? null;
  for (let scanned = 0; ; chunk = Math.min(5000, chunk * 2)) {
    const found = await searchSpans(store, filter, scanAfter, chunk, epoch);
    scanned += found.length;
    for (const hit of found) hits.set(hit.spanId, hit);
    await collection.add(found);
    const last = found[found.length - 1];
    if (last !== undefined) scanAfter = positionOf(last, epoch);
    const exhausted = found.length < chunk;
    const candidates = candidatesOf(weave([...collection.nodes.values()], collection.common), hits, epoch);
    const bound =
      exhausted || scanned >= MAX_SCANNED || last === undefined ? null : toUnixNanos(epoch, last.start);
    const rest = candidates.filter((candidate) => cursor === null || isAfter(candidate, cursor));
    const known = rest.filter((candidate) => bound === null || candidate.start > bound).slice(0, limit);
    if (known.length < limit && bound !== null) continue;
    const traces = known.map((candidate) => summary(candidate.trace, collection, epoch));
    if (exhausted && rest.length === known.length) return { traces, next: null };
    const end = known[known.length - 1];
    if (end === undefined) return { traces, next: null };
    const waiting = rest.slice(known.length);
    return {
      traces,
      next: {
        lastStart: end.start,
        lastTraceId: end.trace.traceId,
        scanAfter: latest(waiting, scanAfter, epoch),
      },
    };
  }
}

/** Traces with a hit, in the order of the listing. */
function candidatesOf(
  traces: readonly WovenTrace[],
  hits: ReadonlyMap<SpanId, SpanNode>,
  epoch: Epoch,
): Candidate[] {
  const candidates: Candidate[] = [];
  for (const trace of traces) {
    let hit: SpanNode | null = null;
    for (const { node } of trace.spans) {
      if (hits.has(node.spanId) && (hit === null || comesBefore(hit, node))) hit = node;
    }
    if (hit === null) continue;
    candidates.push({ trace, hit, start: toUnixNanos(epoch, nanos(trace.start)) });
  }
  return candidates.sort((a, b) => (isAfterTrace(a, b.start, b.trace.traceId) ? 1 : -1));
}

function comesBefore(a: SpanNode, b: SpanNode): boolean {
  return a.start > b.start || (a.start === b.start && a.spanId > b.spanId);
}

function isAfter(candidate: Candidate, cursor: TraceCursor): boolean {
  return isAfterTrace(candidate, cursor.lastStart, cursor.lastTraceId);
}

function isAfterTrace(candidate: Candidate, start: bigint, traceId: string): boolean {
  return candidate.start < start || (candidate.start === start && candidate.trace.traceId > traceId);
}

function positionOf(node: SpanNode, epoch: Epoch): SpanPosition {
  return { start: toUnixNanos(epoch, node.start), spanId: node.spanId };
}

/** The place from which on all waiting traces, and everything that was not looked at, is found. */
function latest(waiting: readonly Candidate[], scanAfter: SpanPosition | null, epoch: Epoch): SpanPosition {
  let first: SpanNode | null = null;
  for (const { hit } of waiting) if (first === null || comesBefore(hit, first)) first = hit;
  if (first === null) return scanAfter ?? { start: 0n, spanId: '0'.repeat(16) as SpanId };
  // Just before the hit itself: times are ns, so the span may only share its own with others of larger ids.
  return { start: toUnixNanos(epoch, first.start) + 1n, spanId: '0'.repeat(16) as SpanId };
}

function summary(trace: WovenTrace, collection: Collection, epoch: Epoch): TraceSummaryJson {
  const root = trace.spans[0]!.node;
  return {
    traceId: trace.traceId,
    rootService: root.service,
    rootName: root.name,
    startTimeUnixNano: toUnixNanos(epoch, nanos(trace.start)).toString(),
    durationNano: Math.round(trace.end - trace.start).toString(),
    spanCount: trace.spans.length,
    services: [...new Set(trace.spans.map((span) => span.node.service))].sort(),
    status: statusOf(trace),
    truncated: trace.spans.some((span) => collection.unexplored.has(span.node.spanId)),
  };
}

/** A trace with an error in it is one with an error; otherwise its root tells. */
function statusOf(trace: WovenTrace): SpanStatus {
  if (trace.spans.some((span) => span.node.status === 'error')) return 'error';
  return trace.spans[0]!.node.status;
}
