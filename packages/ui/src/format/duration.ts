const NARROW_SPACE = '\u202f';
const UNITS = [
  [3600e9, 'h'],
  [60e9, 'min'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
] as const;

/** Nanoseconds as a human reads them, three significant digits: `4.33 ms`, `812 µs`, `1.5 min`. */
export function formatDuration(nanos: number): string {
  for (const [unit, name] of UNITS) {
    // 999.6 µs is 1 ms already.
    if (nanos >= unit * 0.9995) return `${threeDigits(nanos / unit)}${NARROW_SPACE}${name}`;
  }
  return `${Math.round(nanos)}${NARROW_SPACE}ns`;
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

/** A moment on an axis, as exact as its ticks are apart: `2 ms`, `2.5 ms`. Both in ns. */
export function formatTick(nanos: number, step: number): string {
  if (nanos === 0) return '0';
  const [unit, name] = UNITS.find(([size]) => nanos >= size) ?? [1, 'ns'];
  const digits = Math.max(0, Math.min(6, -Math.floor(Math.log10(step / unit) + 1e-9)));
  return `${(nanos / unit).toFixed(digits)}${NARROW_SPACE}${name}`;
}

/** 0..1 as `34 %`. */
export function formatShare(share: number): string {
  const percent = share * 100;
  const text = percent > 0 && percent < 1 ? '<1' : String(Math.round(percent));
  return `${text}${NARROW_SPACE}%`;
}
