import { ascii, latin1 } from '../bytes.ts';
import { fieldAt, readFraming, resetFraming, value } from './fields.ts';
import { lineFeed, lineStarts, linesOfHead } from './lines.ts';
import { endOfLine, statusOf } from './start-line.ts';

const UPGRADE = ascii('upgrade');
const LONGEST_UPGRADE = 32;

/** Protocol that the response switches to (RFC 9110 §7.8), lower case, '' without one; shared, since it is used at once. */
export const upgrade = { to: '' };

/**
 * Reads the head [from, end) that `splitHead` has just split; how the body is delimited is then in `framing`.
 * @returns the status code, or -1 when the start line is none
 */
export function readResponseHead(bytes: Uint8Array, from: number, end: number): number {
  const feed = (linesOfHead() > 1 ? lineStarts[1]! : lineFeed(bytes, from, end) + 1) - 1;
  const status = statusOf(bytes, from, endOfLine(bytes, from, feed));
  if (status < 0) return -1;
  resetFraming();
  upgrade.to = '';
  const lines = linesOfHead();
  for (let line = 1; line < lines; line++) {
    const first = bytes[lineStarts[line]!]! | 0x20;
    if (first === 0x63 || first === 0x74) readFraming(bytes, line, end);
    else if (status === 101 && first === 0x75 && fieldAt(bytes, line, UPGRADE, end)) {
      upgrade.to = latin1(bytes, value.from, Math.min(value.to, value.from + LONGEST_UPGRADE)).toLowerCase();
    }
  }
  return status;
}
