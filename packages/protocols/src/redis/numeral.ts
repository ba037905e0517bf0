const CR = 13;
const LF = 10;
const MINUS = 45;
const QUESTION = 63;
const ZERO = 48;
const MOST_DIGITS = 12;

/** A decimal number that ends with CRLF, read in as many parts as it comes. */
export interface Numeral {
  value: number;
  digits: number;
  negative: boolean;
  cr: boolean;
  /** `?` stands for the number: it is not known yet (streamed types of RESP3). */
  unknown: boolean;
  /** 0: goes on, 1: complete, -1: is none. */
  state: 0 | 1 | -1;
}

/** A numeral that has not begun. */
export function createNumeral(): Numeral {
  return { value: 0, digits: 0, negative: false, cr: false, unknown: false, state: 0 };
}

/** Forgets what was read. */
export function resetNumeral(n: Numeral): void {
  n.value = 0;
  n.digits = 0;
  n.negative = false;
  n.cr = false;
  n.unknown = false;
  n.state = 0;
}

/** Reads on. @returns index after what was read; `state` tells whether that is all */
export function readNumeral(n: Numeral, bytes: Uint8Array, from: number): number {
  let i = from;
  for (; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte >= ZERO && byte <= ZERO + 9 && !n.cr && !n.unknown && n.digits < MOST_DIGITS) {
      n.value = n.value * 10 + byte - ZERO;
      n.digits++;
    } else if (byte === CR && !n.cr && (n.digits > 0 || n.unknown)) n.cr = true;
    else if (byte === QUESTION && n.digits === 0 && !n.negative && !n.cr && !n.unknown) n.unknown = true;
    else if (byte === LF && n.cr) {
      if (n.negative) n.value = -n.value;
      n.state = 1;
      return i + 1;
    } else if (byte === MINUS && n.digits === 0 && !n.negative && !n.unknown) n.negative = true;
    else {
      n.state = -1;
      return i + 1;
    }
  }
  return i;
}
