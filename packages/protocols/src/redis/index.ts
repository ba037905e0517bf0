import { type Protocol, type ProtocolSummary, type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { isKnownCommand } from './commands.ts';
import { createRedisParser } from './parser.ts';
import { likeReply } from './reply-sync.ts';
import { wordOfCommand } from './request-sync.ts';

const STAR = 42;
const DOLLAR = 36;
const SURE = 1;
const PROBABLE = 0.8;
/** Other protocols say `+OK`, `-ERR` and `:1` too (POP3, NATS): not enough alone. */
const POSSIBLE = 0.4;

/** Words with which also arrays of the server begin. */
const BOTH_WAYS = new Set([
  'SUBSCRIBE',
  'PSUBSCRIBE',
  'SSUBSCRIBE',
  'UNSUBSCRIBE',
  'PUNSUBSCRIBE',
  'SUNSUBSCRIBE',
]);

function detect(bytes: Uint8Array, side: Side | null): number {
  if (bytes.length === 0) return 0;
  const word = wordOfCommand(bytes, 0);
  if (word !== null && side !== TO_CLIENT) return isKnownCommand(word) ? SURE : PROBABLE;
  if (side === TO_SERVER || !likeReply(bytes)) return 0;
  return holdsWhatItSays(bytes) ? PROBABLE : POSSIBLE;
}

/** `$5`, CRLF and five bytes with CRLF; `*2`, CRLF and an element: more than a line that looks right. */
function holdsWhatItSays(bytes: Uint8Array): boolean {
  const type = bytes[0]!;
  let i = 1;
  let size = 0;
  while (bytes[i]! >= 48 && bytes[i]! <= 57) size = size * 10 + bytes[i++]! - 48;
  if (i === 1 || i > 10) return false;
  const after = i + 2;
  if (type === DOLLAR) return after + size + 2 <= bytes.length && bytes[after + size] === 13;
  // Arrays, maps, sets and pushes hold values, each with its own good first line.
  if (type !== STAR && type !== 0x25 && type !== 0x7e && type !== 0x3e) return false;
  return size > 0 && after < bytes.length && likeReply(bytes.subarray(after));
}

function sideOf(bytes: Uint8Array): Side | null {
  if (bytes.length === 0) return null;
  const word = wordOfCommand(bytes, 0);
  if (word !== null && isKnownCommand(word) && !BOTH_WAYS.has(word)) return TO_SERVER;
  // A client sends arrays and nothing else.
  return bytes[0] !== STAR && likeReply(bytes) ? TO_CLIENT : null;
}

const SUMMARIES: readonly ProtocolSummary[] = [
  {
    key: 'redis',
    title: 'Redis',
    specification: 'RESP2 and RESP3',
    reads:
      'Commands with their values masked, inline commands too, errors, publish and subscribe, pipelining.',
    ids: 'none',
  },
];

/** RESP2 and RESP3, as Redis and its kin speak them. */
export const redis: Protocol = {
  name: 'redis',
  detect,
  sideOf,
  createParser: createRedisParser,
  summaries: SUMMARIES,
};
