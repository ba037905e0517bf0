const INTEGER = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

/** `12,345` */
export function formatCount(value: number): string {
  return INTEGER.format(value);
}

/** `1 span`, `12 spans` */
export function plural(value: number, noun: string): string {
  return `${formatCount(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** Requests a second, as exact as makes sense: `120`, `4.2`, `0.06`. */
export function formatRate(perSecond: number): string {
  if (perSecond >= 10) return formatCount(perSecond);
  if (perSecond >= 1) return perSecond.toFixed(1);
  return perSecond === 0 ? '0' : perSecond.toFixed(2);
}

/** `117 MB` */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
