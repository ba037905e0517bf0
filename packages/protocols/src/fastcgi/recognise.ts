import { type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { likeCgiHead } from './cgi-head.ts';
import { likeParams } from './params.ts';
import {
  BEGIN_REQUEST,
  BODY_LENGTH,
  chain,
  END_REQUEST,
  GET_VALUES,
  GET_VALUES_RESULT,
  looksLikeRecord,
  PARAMS,
  RECORD_HEADER,
  recordChain,
  STDERR,
  STDOUT,
  uint16,
} from './records.ts';

const SURE = 1;
const PROBABLE = 0.9;
/** Too few bytes to tell. */
const UNDECIDED = 0.2;
/** Padding aligns, to 8 bytes in all implementations there are. */
const MOST_PADDING = 7;
const MOST_ROLE = 3;
const MOST_PROTOCOL_STATUS = 3;
/** Variables that the specification defines begin so (§4.1). */
const VARIABLE = [0x46, 0x43, 0x47, 0x49, 0x5f];

/** How sure the bytes are records of that side, from the first one on. */
export function likeRecords(b: Uint8Array, side: Side): number {
  const { length } = b;
  if (length < RECORD_HEADER) return side === TO_SERVER && mayBecomeBegin(b) ? UNDECIDED : 0;
  if (!looksLikeRecord(b, 0, side) || b[6]! > MOST_PADDING) return 0;
  if (!recordChain(b, 0, length, side)) return 0;
  const { records, isWhole } = chain;
  const content = uint16(b, 4);
  const contentEnd = Math.min(length, RECORD_HEADER + content);
  switch (b[1]) {
    case BEGIN_REQUEST:
      if (length < RECORD_HEADER + BODY_LENGTH) return UNDECIDED;
      return isBeginBody(b) ? SURE : 0;
    case PARAMS:
      return content > 0 && likeParams(b, RECORD_HEADER, contentEnd) ? PROBABLE : 0;
    case GET_VALUES:
    case GET_VALUES_RESULT:
      return isVariables(b) ? PROBABLE : 0;
    case STDOUT: {
      if (content === 0) return 0;
      const like = likeCgiHead(b, RECORD_HEADER, contentEnd);
      return like === true ? PROBABLE : like === null ? UNDECIDED : 0;
    }
    case STDERR:
      // Any text: only what follows it tells.
      return content > 0 && records > 1 && isWhole ? PROBABLE : 0;
    case END_REQUEST:
      return length >= RECORD_HEADER + BODY_LENGTH && isEndBody(b) ? PROBABLE : 0;
    default:
      return 0;
  }
}

/** The first bytes of BEGIN_REQUEST. */
function mayBecomeBegin(b: Uint8Array): boolean {
  if (b.length < 5 || b[0] !== 1 || b[1] !== BEGIN_REQUEST || b[4] !== 0) return false;
  return uint16(b, 2) !== 0 && (b.length < 6 || b[5] === BODY_LENGTH);
}

/** A role that there is, the one flag that there is, and nothing in what is reserved (§5.1). */
function isBeginBody(b: Uint8Array): boolean {
  const at = RECORD_HEADER;
  const role = uint16(b, at);
  return role > 0 && role <= MOST_ROLE && b[at + 2]! <= 1 && isZero(b, at + 3, at + BODY_LENGTH);
}

function isEndBody(b: Uint8Array): boolean {
  const at = RECORD_HEADER;
  return b[at + 4]! <= MOST_PROTOCOL_STATUS && isZero(b, at + 5, at + BODY_LENGTH);
}

function isZero(b: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (b[i] !== 0) return false;
  return true;
}

/** A pair of short lengths and a name that begins `FCGI_`. */
function isVariables(b: Uint8Array): boolean {
  const at = RECORD_HEADER + 2;
  return VARIABLE.every((byte, i) => b[at + i] === byte);
}

/** As `Protocol.detect`. */
export function detect(b: Uint8Array, side: Side | null): number {
  let sure = 0;
  if (side !== TO_CLIENT) sure = likeRecords(b, TO_SERVER);
  if (side !== TO_SERVER) sure = Math.max(sure, likeRecords(b, TO_CLIENT));
  return sure;
}

/** As `Protocol.sideOf`: each type of record goes one way. */
export function sideOf(b: Uint8Array): Side | null {
  if (likeRecords(b, TO_SERVER) > UNDECIDED) return TO_SERVER;
  return likeRecords(b, TO_CLIENT) > UNDECIDED ? TO_CLIENT : null;
}
