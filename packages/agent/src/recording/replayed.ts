import type { Epoch, EvidenceKind, SpanRecord } from '@weft/model';

export interface ReplayOptions {
  readonly mask: boolean;
  readonly without?: readonly EvidenceKind[];
}

export interface Replayed {
  readonly records: readonly SpanRecord[];
  readonly epoch: Epoch;
  readonly losses: Readonly<Record<string, number>>;
  readonly events: number;
}
