import type { Store } from '@weft/store';
import type { AgentRegistry } from './ingest/agents.ts';
import type { IngestQueue } from './ingest/queue.ts';

/** Counters since the server's start. */
export interface Counters {
  spansIngested: number;
  batchesIngested: number;
  bytesIngested: number;
  /** Batches by reason. */
  readonly refused: Map<string, number>;
  /** Requests by `path status`. */
  readonly requests: Map<string, number>;
}

/** What the handlers of one server share. */
export interface ServerContext {
  readonly version: string;
  readonly store: Store;
  readonly queue: IngestQueue;
  readonly agents: AgentRegistry;
  readonly counters: Counters;
  readonly log: (line: string) => void;
}

/** Unix ns, as exact as the clock of JavaScript. */
export function nowNanos(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

export function count(counter: Map<string, number>, key: string, by = 1): void {
  counter.set(key, (counter.get(key) ?? 0) + by);
}
