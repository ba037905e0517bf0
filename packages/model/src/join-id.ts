/**
 * What two ends of a request that no sequence number joins may have in common (a proxy that nobody traces lies between
 * them): 16 hex digits of a keyed hash, whose lowest two bits say of what.
 */
export type JoinId = string & { readonly __brand: 'JoinId' };

/**
 * The index is the number in the lowest bits: append nothing, there is no room.
 * - `vague`, `specific`: a request id; somebody else may, or may not, have the same by chance
 * - `context`: trace id and sender's span id of a trace context
 * - `target`: what was asked for, path and query as sent; of requests that carry any of the others
 */
export const JOIN_ID_KINDS = ['vague', 'specific', 'context', 'target'] as const;
export type JoinIdKind = (typeof JOIN_ID_KINDS)[number];

const DIGITS = '0123456789abcdef';

/** @param hash 16 lower-case hex digits */
export function joinIdOf(hash: string, kind: JoinIdKind): JoinId {
  const last = Number.parseInt(hash.charAt(15), 16);
  return (hash.slice(0, 15) + DIGITS.charAt((last & 12) | JOIN_ID_KINDS.indexOf(kind))) as JoinId;
}

export function kindOfJoinId(id: JoinId): JoinIdKind {
  return JOIN_ID_KINDS[Number.parseInt(id.charAt(15), 16) & 3]!;
}

/** Requests are looked for by their ids within such pieces of time (8.6 s): some ids come again and again. */
const PERIOD_BITS = 33n;

/** Number of the period that a moment lies in. @param unixNanos may be negative or beyond 64 bits in theory: then wrong, not refused */
export function joinPeriod(unixNanos: bigint): bigint {
  return BigInt.asUintN(64, unixNanos) >> PERIOD_BITS;
}

/** The key under which the store finds the spans with a request id that began in a period. */
export function joinKey(id: JoinId, period: bigint): bigint {
  return (BigInt(`0x${id}`) & ~3n) ^ period;
}
