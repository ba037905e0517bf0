import type { Candidate, Odds } from '@weft/causality';
import type { Exchange } from '../sessions/exchange.ts';

const MOST_SURE = 0.999;

/** What evidence that does not go by the thread says of a call's causes: odds by request; null: nothing. */
export function hintsOf(causes: readonly Candidate<Exchange>[]): Odds<Exchange>[] | null {
  let hints: Odds<Exchange>[] | null = null;
  for (const { request, evidence } of causes) {
    let odds = 1;
    for (const { kind, confidence } of evidence) {
      if (kind === 'unit' || kind === 'socket-return' || kind === 'inferred') continue;
      const sure = Math.min(confidence, MOST_SURE);
      odds *= sure / (1 - sure);
    }
    if (odds === 1) continue;
    hints ??= [];
    hints.push({ request, odds });
  }
  return hints;
}
