/** Quantile of the standard normal distribution for a two-sided interval of 95 %. */
const Z = 1.959963984540054;

/** Both ends of an interval of shares, 0..1. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Wilson score interval (E. B. Wilson, 1927), 95 %, of `hits` among `total`; [0, 1] when nothing was tried. */
export function wilson(hits: number, total: number): Interval {
  if (total === 0) return { low: 0, high: 1 };
  const share = hits / total;
  const z2 = Z * Z;
  const centre = share + z2 / (2 * total);
  const spread = Z * Math.sqrt((share * (1 - share) + z2 / (4 * total)) / total);
  const scale = 1 + z2 / total;
  return { low: Math.max(0, (centre - spread) / scale), high: Math.min(1, (centre + spread) / scale) };
}
