import type { EvidenceKind, HashKey } from '@weft/model';

/** Which kernel hooks carry the events (DESIGN §4). */
export const TIERS = ['sock', 'syscall'] as const;
export type Tier = (typeof TIERS)[number];

/** Settings of the capturing side, as the command line gives them. */
export interface CaptureOptions {
  /** Null: the best one that this kernel and these rights allow. */
  readonly tier: Tier | null;
  /** Read what TLS libraries encrypt and decrypt: costs their callers microseconds a call. */
  readonly tls: boolean;
  readonly mask: boolean;
  readonly without: readonly EvidenceKind[];
  /** Per cent of one core; null: no limit. */
  readonly cpuBudget: number | null;
  /** Paths below the cgroup v2 mount, or absolute; null: the whole host. */
  readonly onlyCgroup: string | null;
  readonly excludeCgroup: string | null;
  /** Weft's own processes (store, server): never traced. The agent adds itself. */
  readonly excludePids: readonly number[];
  /** Further headers, comment keys and query parameters that hold request ids, or trace ids; lower case. */
  readonly requestIdNames?: readonly string[];
  readonly traceIdNames?: readonly string[];
  /** Request ids leave the host hashed with it: the same on all hosts. Absent: the fixed key. */
  readonly idKey?: HashKey;
  /** The file that the key came from: what a supervisor tells its agent, since arguments can be read by anybody. */
  readonly idKeyFile?: string;
}

export interface AgentOptions extends CaptureOptions {
  readonly serverUrl: string;
  readonly token: string | null;
}
