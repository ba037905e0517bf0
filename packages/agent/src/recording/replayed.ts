import type { Epoch, EvidenceKind, SpanRecord } from '@weft/model';
import type { ParserOptions } from '@weft/protocols';

/** Ids are hashed with the fixed key, so that a file gives the same spans everywhere. */
export interface ReplayOptions extends Pick<ParserOptions, 'mask' | 'requestIdNames' | 'traceIdNames'> {
  readonly without?: readonly EvidenceKind[];
}

export interface Replayed {
  readonly records: readonly SpanRecord[];
  readonly epoch: Epoch;
  readonly losses: Readonly<Record<string, number>>;
  readonly events: number;
}
