const ZERO = 48;
const NINE = 57;
const A = 97;
const F = 102;

/** Whether text[from, to) consists of lower-case hex digits, not all of them zero. Zero is never a key. */
export function isHexId(text: string, from: number, to: number): boolean {
  let any = false;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (!((code >= ZERO && code <= NINE) || (code >= A && code <= F))) return false;
    if (code !== ZERO) any = true;
  }
  return any;
}

/** An id of 1 to `digits` hex digits of any case, padded with zeros on the left; null when it is none. */
export function paddedHexId(text: string, digits: number): string | null {
  if (text.length === 0 || text.length > digits) return null;
  const lower = text.toLowerCase();
  return isHexId(lower, 0, lower.length) ? lower.padStart(digits, '0') : null;
}
