const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DATE = new Intl.DateTimeFormat('en-GB', { day: '2-digit', month: 'short' });

/** Unix ns, decimal, in ms. */
export function toMillis(unixNanos: string): number {
  return Number(BigInt(unixNanos) / 1_000_000n);
}

/** `18:04:31` in the reader's time zone. @param millis Unix ms */
export function formatClock(millis: number): string {
  return CLOCK.format(millis);
}

/** `18:04:31.207` */
export function formatClockMillis(millis: number): string {
  return `${CLOCK.format(millis)}.${String(Math.floor(millis) % 1000).padStart(3, '0')}`;
}

/** `24 Nov` */
function formatDate(millis: number): string {
  return DATE.format(millis);
}

/** `24 Nov 18:04:31.207` */
export function formatMoment(millis: number): string {
  return `${formatDate(millis)} ${formatClockMillis(millis)}`;
}

/** The reader's local time as `<input type=datetime-local>` writes it, to the ms. */
export function toLocalInput(millis: number): string {
  const local = new Date(millis - new Date(millis).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, -1);
}

/** Unix ms of what such an input holds; null when it holds no moment. */
export function fromLocalInput(text: string): number | null {
  const millis = text === '' ? Number.NaN : new Date(text).getTime();
  return Number.isFinite(millis) && millis >= 0 ? millis : null;
}

/** `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`. @param millis how long ago */
export function formatAge(millis: number): string {
  const seconds = Math.round(millis / 1000);
  if (seconds < 2) return 'just now';
  if (seconds < 100) return `${seconds} s ago`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min ago`;
  const hours = Math.round(seconds / 3600);
  return hours < 48 ? `${hours} h ago` : `${Math.round(hours / 24)} d ago`;
}
