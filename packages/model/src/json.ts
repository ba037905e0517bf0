import type { SpanId, TraceId } from './ids.ts';
import type { Attributes, Link, ObservationPoint, SpanKind, SpanStatus } from './span.ts';

/** A span in JSON, everywhere the same (DESIGN §8). Times are decimal strings of Unix nanoseconds. */
export interface SpanJson {
  readonly traceId: TraceId;
  readonly spanId: SpanId;
  readonly parentSpanId: SpanId | null;
  readonly name: string;
  readonly kind: SpanKind;
  readonly observationPoint: ObservationPoint;
  readonly service: string;
  readonly startTimeUnixNano: string;
  readonly durationNano: string;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly links: readonly Link[];
}

/** Answer of `GET /api/v1/traces/{traceId}`. */
export interface TraceJson {
  readonly traceId: TraceId;
  /** Depth first, children by start time. */
  readonly spans: readonly SpanJson[];
  /** The trace is larger than what assembly was allowed to read. */
  readonly truncated: boolean;
  /** Nothing can be added any more: all agents have shipped what ended before the trace's end. */
  readonly settled: boolean;
  readonly completeness: TraceCompleteness;
}

/** How much of a trace is there, and why not more. */
export interface TraceCompleteness {
  /** Spans with a known cause (roots included) divided by all spans, 0..1. */
  readonly linked: number;
  /** Requests whose response was never seen. */
  readonly incomplete: number;
  /** Events lost in the trace's time, by cause, from the agents' reports. */
  readonly lost: Readonly<Record<string, number>>;
}

/** A row of `GET /api/v1/traces`. */
export interface TraceSummaryJson {
  readonly traceId: TraceId;
  readonly rootService: string;
  readonly rootName: string;
  readonly startTimeUnixNano: string;
  readonly durationNano: string;
  readonly spanCount: number;
  readonly services: readonly string[];
  readonly status: SpanStatus;
  readonly truncated: boolean;
}

/** What an agent tells the server about itself every few seconds. */
export interface AgentReport {
  readonly agentId: string;
  readonly hostname: string;
  readonly version: string;
  readonly tier: string;
  /** Name of each hook → attached, or why not. */
  readonly hooks: Readonly<Record<string, string>>;
  readonly events: number;
  /** Bytes of payload that were copied for them. */
  readonly capturedBytes: number;
  readonly spans: number;
  /** Losses by cause since the agent's start. */
  readonly lost: Readonly<Record<string, number>>;
  /** CPU time used since the start, seconds. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Part of each second that is traced, 0..1: less than 1 past the CPU budget. */
  readonly tracedShare: number;
  /** Bytes that are copied of a call at most: fewer past the CPU budget. */
  readonly payloadBytes: number;
  /** Everything that ended before it has been shipped or is counted as lost. Unix ns, decimal. */
  readonly settledUntilUnixNano: string;
}

/** Answer of `GET /api/v1/health`. */
export interface HealthJson {
  readonly status: 'ok' | 'degraded';
  /** What is wrong, in one sentence; null: nothing. */
  readonly problem: string | null;
  readonly version: string;
  /** Everything that ended before it is stored and linked, or counted as lost. Unix ns, decimal. */
  readonly settledUntilUnixNano: string;
}

/** An agent as `GET /api/v1/agents` shows it: what it last said about itself, and what the server knows of it. */
export interface AgentJson {
  readonly agentId: string;
  readonly hostname: string;
  /** Null until its first report; `tier` likewise. */
  readonly version: string | null;
  readonly live: boolean;
  readonly lastSeenUnixNano: string;
  readonly tier: string | null;
  readonly hooks: Readonly<Record<string, string>>;
  readonly events: number;
  readonly capturedBytes: number;
  readonly spans: number;
  readonly spansStored: number;
  readonly lost: Readonly<Record<string, number>>;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly tracedShare: number;
  readonly payloadBytes: number;
  readonly settledUntilUnixNano: string;
}

/** What went on in a window of time. */
export interface TrafficJson {
  readonly requests: number;
  readonly errors: number;
  readonly requestsPerSecond: number;
  readonly errorsPerSecond: number;
}

/** An endpoint of a service, with quantiles of its durations in ns, decimal. */
export interface EndpointJson extends TrafficJson {
  readonly endpoint: string;
  readonly p50Nano: string;
  readonly p95Nano: string;
  readonly p99Nano: string;
}

/** A service in the answer of `GET /api/v1/services`. */
export interface ServiceJson extends TrafficJson {
  readonly service: string;
  readonly endpoints: readonly EndpointJson[];
}

/** Answer of `GET /api/v1/traces`. */
export interface TraceListJson {
  readonly traces: readonly TraceSummaryJson[];
  /** For the parameter `cursor`; null: there is no more. */
  readonly nextCursor: string | null;
}
