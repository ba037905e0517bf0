declare const nanosBrand: unique symbol;

/**
 * A moment in nanoseconds since the agent's start (or since the first packet of a capture). A plain
 * number: 53 bits hold 104 days exactly, and the hot path stays free of BigInt.
 */
export type Nanos = number & { readonly [nanosBrand]: true };

/** A span of time in nanoseconds. */
export type DurationNanos = number;

/** Tags a number as a moment; the caller vouches for the unit. */
export function nanos(value: number): Nanos {
  return value as Nanos;
}

/** The Unix time of moment 0 in nanoseconds; the edge at which relative times become absolute. */
export type Epoch = bigint & { readonly [nanosBrand]: 'epoch' };

/** Tags a Unix time in nanoseconds as an epoch. */
export function epoch(unixNanos: bigint): Epoch {
  return unixNanos as Epoch;
}

/** Unix nanoseconds of a moment. */
export function toUnixNanos(origin: Epoch, at: Nanos): bigint {
  return origin + BigInt(Math.round(at));
}
