import type { ExchangeKey, SpanId, TraceId } from './ids.ts';
import type { JoinId } from './join-id.ts';
import type { DurationNanos, Nanos } from './time.ts';

/**
 * Where a span was seen, in the order along an exchange (DESIGN §1). The index is part of the wire
 * format and of span ids: append only.
 */
export const OBSERVATION_POINTS = [
  'client-process',
  'client-interface',
  'node-interface',
  'server-interface',
  'server-process',
  'app',
] as const;
export type ObservationPoint = (typeof OBSERVATION_POINTS)[number];

/** Number of an observation point in ids and on the wire. */
export function observationPointIndex(point: ObservationPoint): number {
  return OBSERVATION_POINTS.indexOf(point);
}

export const SPAN_KINDS = ['server', 'client', 'producer', 'consumer', 'internal'] as const;
export type SpanKind = (typeof SPAN_KINDS)[number];

export const SPAN_STATUSES = ['unset', 'ok', 'error'] as const;
export type SpanStatus = (typeof SPAN_STATUSES)[number];

/** The kinds of reasons to believe that one span caused another (DESIGN §5), strongest first. */
export const EVIDENCE_KINDS = [
  'trace-context',
  'tcp-seq',
  'unit',
  'socket-return',
  'lineage',
  'socket-origin',
  'wakeup',
  'carried-id',
  'inferred',
] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

/** One reason to believe that a span caused another. */
export interface Evidence {
  readonly kind: EvidenceKind;
  /** What was the same on both sides, readable: `tid 4711`, `goroutine 18 of 7`, `seq 1a2b:3c4d`. */
  readonly key: string;
  /** 0..1 */
  readonly confidence: number;
}

/** A possible parent of a span with everything that speaks for it. */
export interface Link {
  /** The parent's span id. */
  readonly spanId: SpanId;
  readonly evidence: readonly Evidence[];
  /** 0..1 */
  readonly confidence: number;
  /** The one that decided; at most one link of a span is chosen. */
  readonly chosen: boolean;
}

export type AttributeValue = string | number | boolean;
/** OpenTelemetry semantic conventions where they exist, `weft.` for our own. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/**
 * One request/response pair seen at one observation point, as the agent ships it and the store keeps
 * it. Times are relative to an epoch that travels beside a batch of spans.
 */
export interface SpanRecord {
  readonly spanId: SpanId;
  readonly exchangeKey: ExchangeKey;
  /** Trace id that the request itself carried (W3C trace context and kin), else null. */
  readonly carriedTraceId: TraceId | null;
  /** What request and response carried that spans on the other side of a proxy may carry too; absent: nothing. */
  readonly joinIds?: readonly JoinId[];
  /**
   * The parent that the host itself can tell: of a server-process span the client-process span of its
   * exchange (which may not exist), of a client-process span the chosen link. Null: none known.
   */
  readonly parentSpanId: SpanId | null;
  /** Links that were decided on the host; the `tcp-seq` link is added by assembly. */
  readonly links: readonly Link[];
  readonly name: string;
  readonly kind: SpanKind;
  readonly observationPoint: ObservationPoint;
  readonly service: string;
  readonly start: Nanos;
  readonly duration: DurationNanos;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
}
