import type { EvidenceKind } from '@weft/model';
import type { ServedRequest } from './facts.ts';

/** What an execution unit is working for, and how that is known. */
export interface Context<R extends ServedRequest> {
  readonly request: R;
  readonly via: Extract<EvidenceKind, 'unit' | 'socket-return' | 'lineage' | 'wakeup'>;
  /** Voluntary context switches of the thread when this became known. */
  readonly switches: number;
}
