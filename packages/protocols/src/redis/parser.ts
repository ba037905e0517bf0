import { type MessageSink, type Parser, type ParserOptions, type Side, TO_SERVER } from '../protocol.ts';
import { closeConfirmed, createConnection, loseReplies, loseRequests } from './connection.ts';
import { finishReplies, readReplies, repliesNeededFrom, skipReplies } from './replies.ts';
import { isBegun, readRequests, requestsNeededFrom, skipRequests } from './requests.ts';

/** Parser of RESP2 and RESP3, the protocols of Redis: see `Parser` for the contract. */
export function createRedisParser(sink: MessageSink, options: ParserOptions): Parser {
  const c = createConnection(sink, options.mask);
  function skip(side: Side, position: number, length: number): void {
    if (side === TO_SERVER) skipRequests(c, position, length);
    else skipReplies(c, position, length);
  }
  return {
    feed(side, bytes, position) {
      if (bytes.length === 0) return;
      const { next } = side === TO_SERVER ? c.request : c.reply;
      if (next >= 0 && position > next) skip(side, next, position - next);
      if (side === TO_SERVER) {
        if (next > position) loseRequests(c, 'overlap');
        readRequests(c, bytes, position);
      } else {
        if (next > position) loseReplies(c, 'overlap', next);
        readReplies(c, bytes, position);
      }
    },
    gap(side, position, length) {
      if (length > 0) skip(side, position, length);
    },
    finish(side, position) {
      const { next } = side === TO_SERVER ? c.request : c.reply;
      if (next >= 0 && position > next) skip(side, next, position - next);
      if (side === TO_SERVER) {
        const f = c.request;
        if ((isBegun(f) || f.phase === 'inline') && !f.lost) sink.malformed(side, 'truncated');
        if (f.phase !== 'tunnel') f.phase = 'start';
        f.next = position;
      } else {
        finishReplies(c, position);
        closeConfirmed(c);
      }
    },
    neededFrom(side) {
      return side === TO_SERVER ? requestsNeededFrom(c.request) : repliesNeededFrom(c.reply);
    },
  };
}
