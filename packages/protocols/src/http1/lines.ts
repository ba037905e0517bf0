const LF = 10;
const CR = 13;

/** No head is longer: what goes on beyond is not HTTP, or not worth the memory. */
export const LONGEST_HEAD = 65536;

/** Where the lines of the head that `splitHead` read last begin; shared, since a head is done with at once. */
export const lineStarts = new Int32Array(LONGEST_HEAD / 2 + 2);

/** How many entries of `lineStarts` count, the start line included, the empty last line not. */
let lineCount = 0;

/** Number of lines of the head that `splitHead` read last. */
export function linesOfHead(): number {
  return lineCount;
}

/**
 * Finds the end of a head that begins at `from`, and its lines on the way. CRLF or LF alone ends a line
 * (RFC 9112 §2.2).
 * @returns one past the empty line, or -1 if it is not in [from, to)
 */
export function splitHead(bytes: Uint8Array, from: number, to: number): number {
  let count = 1;
  lineStarts[0] = from;
  // A line feed in the last place cannot end a head: the byte after it decides.
  const last = to - 1;
  for (let i = from; i < last; i++) {
    if (bytes[i] !== LF) continue;
    const next = bytes[i + 1]!;
    if (next === LF) {
      lineCount = count;
      return i + 2;
    }
    if (next === CR) {
      if (i + 2 >= to) return -1;
      if (bytes[i + 2] === LF) {
        lineCount = count;
        return i + 3;
      }
    }
    if (count < lineStarts.length) lineStarts[count++] = i + 1;
  }
  return -1;
}

/** As `splitHead`, without the lines: to go on in a head that was read in parts. */
export function endOfHead(bytes: Uint8Array, from: number, to: number): number {
  const last = to - 1;
  for (let i = from; i < last; i++) {
    if (bytes[i] !== LF) continue;
    const next = bytes[i + 1]!;
    if (next === LF) return i + 2;
    if (next === CR && i + 2 < to && bytes[i + 2] === LF) return i + 3;
  }
  return -1;
}

/** Position of the first line feed in [from, to), or -1. */
export function lineFeed(bytes: Uint8Array, from: number, to: number): number {
  for (let i = from; i < to; i++) if (bytes[i] === LF) return i;
  return -1;
}
