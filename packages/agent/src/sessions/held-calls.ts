import type { Exchange } from './exchange.ts';
import { keyIsFinal } from './span-builder.ts';

/** A call waits so long for the key of the request that caused it; past that the key is predicted. */
const HOLD_NANOS = 1e9;
/** Where requests interleave a prediction is mostly wrong: the peers' settings and windows go between. */
const HOLD_INTERLEAVED_NANOS = 10e9;
const MAX_HELD = 65_536;

/**
 * Calls that have ended, but whose cause has no final key yet: a span names its parent by that key. In the order of
 * their ends, bounded in number and time.
 */
export class HeldCalls {
  readonly #ship: (exchange: Exchange) => void;
  #held: Exchange[] = [];

  /** @param ship receives each call once, at once or when it is due */
  constructor(ship: (exchange: Exchange) => void) {
    this.#ship = ship;
  }

  /** End of the call that waits longest; infinite when none does. */
  get oldestEnd(): number {
    return this.#held[0]?.end ?? Number.POSITIVE_INFINITY;
  }

  /** Takes a call that has ended. */
  add(exchange: Exchange): void {
    if (isDue(exchange, exchange.end)) {
      this.#ship(exchange);
      return;
    }
    if (this.#held.length >= MAX_HELD) this.#ship(this.#held.shift()!);
    this.#held.push(exchange);
  }

  /** Ships what is due. @param force everything, with predicted keys */
  release(now: number, force: boolean): void {
    if (this.#held.length === 0) return;
    const still: Exchange[] = [];
    for (const exchange of this.#held) {
      if (force || isDue(exchange, now)) this.#ship(exchange);
      else still.push(exchange);
    }
    this.#held = still;
  }
}

function isDue(exchange: Exchange, now: number): boolean {
  if (exchange.awaited) return false;
  const waited = now - exchange.end;
  if (waited <= HOLD_NANOS) return exchange.causes.every((cause) => keyIsFinal(cause.request));
  if (waited > HOLD_INTERLEAVED_NANOS) return true;
  return exchange.causes.every(({ request }) => request.request.pairingId === null || keyIsFinal(request));
}
