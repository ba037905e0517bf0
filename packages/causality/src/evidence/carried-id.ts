import type { ServedRequest } from '../facts.ts';
import type { EvidenceSource } from './source.ts';

/**
 * A program that hands an id on does so for the request that brought it. More than an event loop's context is worth, which timers and
 * new connections blur: of a Node program that waits by timers 92 of 8 673 links followed its loop against the id, all wrong.
 */
const SPECIFIC = 0.988;
/** Short or poor in variety: the same may come again. */
const VAGUE = 0.7;
/** Several open requests have it, as when a client repeats, or one request comes in by two ways. */
const SHARED = 0.85;

/**
 * The call carries an id that an open request carried (`X-Request-ID` and kin). Never certain: some programs take an
 * id from elsewhere than from the request in hand, and nobody guarantees that they are drawn anew.
 */
export function carriedIdSource<R extends ServedRequest>(): EvidenceSource<R> {
  return {
    kind: 'carried-id',
    candidates(process, call, _at, believe) {
      if (call.requestIds === undefined) return;
      for (const id of call.requestIds) {
        const matching: R[] = [];
        for (const request of process.open) {
          if (request.requestIds?.some((known) => known.hash === id.hash)) matching.push(request);
        }
        const alone = id.specific ? SPECIFIC : VAGUE;
        const confidence = matching.length === 1 ? alone : (SHARED * alone) / matching.length;
        for (const request of matching) {
          believe(request, 'carried-id', `${id.name} #${id.hash}`, confidence);
        }
      }
    },
  };
}
