import { ascii } from '../bytes.ts';
import { fieldAt, readFraming, resetFraming, value, valueText } from './fields.ts';
import { lineFeed, lineStarts, linesOfHead } from './lines.ts';
import { endOfLine, statusOf } from './start-line.ts';

const UPGRADE = ascii('upgrade');
const LONGEST_UPGRADE = 64;

/** What the response that was read last changes to (`websocket`, lower case), '' if it says nothing; shared, used at once. */
export const switched = { to: '' };

/**
 * Reads the head [from, end) that `splitHead` has just split; how the body is delimited is then in `framing`.
 * @returns the status code, or -1 when the start line is none
 */
export function readResponseHead(bytes: Uint8Array, from: number, end: number): number {
  const feed = (linesOfHead() > 1 ? lineStarts[1]! : lineFeed(bytes, from, end) + 1) - 1;
  const status = statusOf(bytes, from, endOfLine(bytes, from, feed));
  if (status < 0) return -1;
  resetFraming();
  switched.to = '';
  const lines = linesOfHead();
  for (let line = 1; line < lines; line++) {
    const first = bytes[lineStarts[line]!]! | 0x20;
    if (first === 0x63 || first === 0x74) readFraming(bytes, line, end);
    else if (status === 101 && fieldAt(bytes, line, UPGRADE, end)) {
      switched.to = valueText(bytes, value.from, value.to, LONGEST_UPGRADE).toLowerCase();
    }
  }
  return status;
}
