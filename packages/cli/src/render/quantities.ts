/** A duration in nanoseconds with three significant digits: `812 ns`, `14.2 µs`, `3.41 ms`, `1.23 s`. */
export function formatDuration(nanos: number): string {
  if (nanos < 1000) return `${Math.round(nanos)} ns`;
  for (const [unit, size] of [
    ['µs', 1e3],
    ['ms', 1e6],
  ] as const) {
    if (nanos / size < 999.5) return `${threeDigits(nanos / size)} ${unit}`;
  }
  const seconds = nanos / 1e9;
  if (seconds < 120) return `${threeDigits(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

function threeDigits(value: number): string {
  return value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}

/** Time of day of a Unix time in nanoseconds, local, with milliseconds: `14:03:07.123`. */
export function formatTimeOfDay(unixNano: string): string {
  const date = new Date(Number(BigInt(unixNano) / 1_000_000n));
  const pad = (value: number, digits: number) => String(value).padStart(digits, '0');
  return `${pad(date.getHours(), 2)}:${pad(date.getMinutes(), 2)}:${pad(date.getSeconds(), 2)}.${pad(date.getMilliseconds(), 3)}`;
}

/** `1 span`, `14 spans`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
