import type { ServedRequest } from '../facts.ts';
import type { EvidenceSource } from './source.ts';

const ONLY_OPEN = 0.6;

/**
 * A goroutine sends for somebody, nobody knows for whom, and the process serves one request alone. Seen when
 * another thread ran the sending goroutine before the one that it works for had parked. Where it is known
 * who waits for the answer, and that one serves nothing, the call is the program's own business.
 */
export function onlyOpenSource<R extends ServedRequest>(): EvidenceSource<R> {
  return {
    kind: 'inferred',
    candidates(process, _call, at, believe) {
      if (at.goid === 0 || at.waiterGoid !== 0 || at.handoverGoid !== 0 || process.open.size !== 1) return;
      for (const request of process.open) believe(request, 'inferred', 'the only open request', ONLY_OPEN);
    },
  };
}
