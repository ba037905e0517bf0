import type { ServedRequest } from '../facts.ts';
import type { EvidenceSource } from './source.ts';

/**
 * The call carries the trace id of an open request (W3C trace context and kin): whoever put it there
 * has told us. Two open requests of one trace in one process leave the choice to the other evidence.
 */
export function traceContextSource<R extends ServedRequest>(): EvidenceSource<R> {
  return {
    kind: 'trace-context',
    candidates(process, call, _at, believe) {
      if (call.traceId === null) return;
      const matching: R[] = [];
      for (const request of process.open) if (request.traceId === call.traceId) matching.push(request);
      for (const request of matching) {
        believe(request, 'trace-context', call.traceId, matching.length === 1 ? 1 : 0.9 / matching.length);
      }
    },
  };
}
