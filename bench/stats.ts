/** Median of numbers; NaN of none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Quantile by linear interpolation between neighbours. @param q 0..1 */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low);
}

/**
 * Median of the rounds' own ratios: each round compares what was measured next to each other, so that a
 * machine that grows slower meanwhile does not look like a cost.
 */
export function medianRatio(values: readonly number[], bases: readonly number[]): number {
  return median(values.map((value, round) => value / bases[round]!));
}

/** Median of the rounds' own differences. */
export function medianDifference(values: readonly number[], bases: readonly number[]): number {
  return median(values.map((value, round) => value - bases[round]!));
}

/** Least and greatest, as `a–b`. */
export function span(values: readonly number[], digits = 0): string {
  if (values.length === 0) return '–';
  return `${fixed(Math.min(...values), digits)}–${fixed(Math.max(...values), digits)}`;
}

/** A number with so many digits behind the point and blanks between thousands; `–` when there is none. */
export function fixed(value: number, digits = 0): string {
  if (!Number.isFinite(value)) return '–';
  const [whole, part] = Math.abs(value).toFixed(digits).split('.') as [string, string | undefined];
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ' ');
  const text = part === undefined ? grouped : `${grouped}.${part}`;
  return value < 0 && /[1-9]/.test(text) ? `-${text}` : text;
}

/** A ratio as per cent. */
export function percent(ratio: number, digits = 1): string {
  return Number.isFinite(ratio) ? `${fixed(ratio * 100, digits)} %` : '–';
}
