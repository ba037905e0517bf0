import { type Protocol, type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { targetOf } from '../sql/verbs.ts';
import { createPostgresqlParser } from './parser.ts';
import { type EndOfMessage, endOfBackend, endOfFrontend, messagesAt } from './plausible.ts';
import { B, F } from './types.ts';

const SURE = 1;
const PROBABLE = 0.9;
/** The content is right, but little. */
const LIKELY = 0.7;
/** Too few bytes, or too little in them, to tell. */
const POSSIBLE = 0.3;
const HEADER = 5;
const SPACE = 32;

function detect(bytes: Uint8Array, side: Side | null): number {
  const requests = side === TO_CLIENT ? 0 : likeRequests(bytes);
  const responses = side === TO_SERVER ? 0 : likeResponses(bytes);
  return Math.max(requests, responses);
}

function sideOf(bytes: Uint8Array): Side | null {
  const requests = likeRequests(bytes);
  const responses = likeResponses(bytes);
  if (requests === responses) return null;
  return requests > responses ? TO_SERVER : TO_CLIENT;
}

function likeRequests(bytes: Uint8Array): number {
  const type = bytes[0];
  if (type === undefined) return 0;
  return confidence(bytes, endOfFrontend, requestAlone);
}

function likeResponses(bytes: Uint8Array): number {
  return bytes.length === 0 ? 0 : confidence(bytes, endOfBackend, responseAlone);
}

function confidence(bytes: Uint8Array, endOf: EndOfMessage, alone: (bytes: Uint8Array) => number): number {
  const count = messagesAt(bytes, 0, endOf);
  if (count < 0) return 0;
  return count > 1 ? Math.max(PROBABLE, alone(bytes)) : alone(bytes);
}

/** How sure a first message makes, whole or not, whose content is right as far as it is there. */
function requestAlone(bytes: Uint8Array): number {
  // Four letters as a length; statements are shorter.
  if (bytes[0] !== F.startup && bytes[1] !== 0 && bytes.length < 64) return POSSIBLE;
  switch (bytes[0]) {
    case F.startup:
      // The first parameter's name, but for the codes that stand alone.
      return bytes.length > 8 || bytes[3] === 8 ? SURE : POSSIBLE;
    case F.query:
      return isSqlAt(bytes, HEADER) ? SURE : POSSIBLE;
    case F.parse: {
      const query = bytes.indexOf(0, HEADER) + 1;
      return query > 0 && isSqlAt(bytes, query) ? SURE : POSSIBLE;
    }
    default:
      return POSSIBLE;
  }
}

/** Whether a word of SQL begins a text there; comments and parentheses may stand before it. */
function isSqlAt(bytes: Uint8Array, from: number): boolean {
  let i = from;
  while (i < bytes.length && (bytes[i]! <= SPACE || bytes[i] === 40) && bytes[i] !== 0) i++;
  const isComment = (bytes[i] === 47 && bytes[i + 1] === 42) || (bytes[i] === 45 && bytes[i + 1] === 45);
  if (isComment) return true;
  let word = '';
  for (; i < bytes.length && word.length < 32; i++) {
    const letter = bytes[i]! & 0xdf;
    if (letter >= 65 && letter <= 90) word += String.fromCharCode(letter);
    else break;
  }
  return word === 'WITH' || targetOf(word) !== null;
}

function responseAlone(bytes: Uint8Array): number {
  const count = messagesAt(bytes, 0, endOfBackend);
  switch (bytes[0]) {
    case B.error:
    case B.notice:
    case B.rowDescription:
      return count > 0 || bytes.length >= 32 ? PROBABLE : POSSIBLE;
    case B.authentication:
    case B.commandComplete:
    case B.parameterStatus:
    case B.notification:
    case B.ready:
      return count > 0 ? LIKELY : POSSIBLE;
    default:
      return POSSIBLE;
  }
}

/** Servers send 8 KiB at once (PQ_SEND_BUFFER_SIZE), clients read 16. */
const CALL_BYTES = 16_384;

/** Version 3 of the frontend/backend protocol (PostgreSQL documentation, chapter 55), as PostgreSQL and its kin speak it. */
export const postgresql: Protocol = {
  name: 'postgresql',
  detect,
  sideOf,
  createParser: createPostgresqlParser,
  callBytes: CALL_BYTES,
};
