import { ascii } from '../bytes.ts';
import { type RankedIds, settleCarried } from '../carried/carried.ts';
import type { CarriedIds } from '../protocol.ts';
import { type Carriers, carrierAt } from './carriers.ts';
import { fieldAt, readFraming, resetFraming, value, valueText } from './fields.ts';
import { lineFeed, lineStarts, linesOfHead } from './lines.ts';
import { endOfLine, statusOf } from './start-line.ts';

const UPGRADE = ascii('upgrade');
const CONTENT_TYPE = ascii('content-type');
const GRPC_STATUS = ascii('grpc-status');
const LONGEST_VALUE = 64;

/** What the head of a response says; shared, since it is used at once. */
export const responseHead = {
  /** What a 101 changes to (`websocket`, lower case), '' if it says nothing. */
  switchedTo: '',
  contentType: '',
  /** `grpc-status` of a call of gRPC-Web without a body. */
  grpcStatus: '',
};

/** Request ids of the response that was read last; shared, used at once. */
export const answered = { carried: null as CarriedIds | null };

/**
 * Reads the head [from, end) that `splitHead` has just split; how the body is delimited is then in `framing`.
 * @param carriers fields that carry ids: some proxies make one and tell their caller of it in the response alone
 * @returns the status code, or -1 when the start line is none
 */
export function readResponseHead(bytes: Uint8Array, from: number, end: number, carriers: Carriers): number {
  const feed = (linesOfHead() > 1 ? lineStarts[1]! : lineFeed(bytes, from, end) + 1) - 1;
  const status = statusOf(bytes, from, endOfLine(bytes, from, feed));
  if (status < 0) return -1;
  resetFraming();
  responseHead.switchedTo = '';
  responseHead.contentType = '';
  responseHead.grpcStatus = '';
  let carried: RankedIds | null = null;
  const lines = linesOfHead();
  for (let line = 1; line < lines; line++) {
    const first = bytes[lineStarts[line]!]! | 0x20;
    if (carriers.byLetter[first] !== undefined) carried = carrierAt(carriers, bytes, line, end, carried);
    if (first === 0x63 && fieldAt(bytes, line, CONTENT_TYPE, end)) {
      responseHead.contentType = valueText(bytes, value.from, value.to, LONGEST_VALUE);
    } else if (first === 0x63 || first === 0x74) readFraming(bytes, line, end);
    else if (first === 0x67 && fieldAt(bytes, line, GRPC_STATUS, end)) {
      responseHead.grpcStatus = valueText(bytes, value.from, value.to, LONGEST_VALUE);
    } else if (status === 101 && fieldAt(bytes, line, UPGRADE, end)) {
      responseHead.switchedTo = valueText(bytes, value.from, value.to, LONGEST_VALUE).toLowerCase();
    }
  }
  answered.carried = carried === null ? null : settleCarried(carried);
  return status;
}
