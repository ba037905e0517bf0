import type { EvidenceKind } from '@weft/model';
import type { ProcessContexts } from '../contexts.ts';
import type { Moment, OutgoingCall, ServedRequest } from '../facts.ts';

/** Receives what a source believes. */
export type Believe<R extends ServedRequest> = (
  request: R,
  kind: EvidenceKind,
  key: string,
  confidence: number,
) => void;

/**
 * One kind of reason to believe that a request caused a call. Each sits in a file of its own and can
 * be switched off by name; none is a rule: the engine weighs what they say.
 */
export interface EvidenceSource<R extends ServedRequest> {
  readonly kind: EvidenceKind;
  /** Names the requests that may have caused the call that is being sent at this moment. */
  candidates(process: ProcessContexts<R>, call: OutgoingCall, at: Moment, believe: Believe<R>): void;
}
