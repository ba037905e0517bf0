import type { MessageSink, Parser, ParserOptions } from '../protocol.ts';
import { TO_CLIENT } from '../protocol.ts';
import { createDatagrams } from './datagrams.ts';
import { type Conversation, endTransfer } from './emit.ts';
import { createFrames } from './frames.ts';

/** Parser of DNS over UDP and over TCP (RFC 1035 §4.2): see `Parser` for the contract. */
export function createDnsParser(sink: MessageSink, options: ParserOptions): Parser {
  const datagrams = options.datagrams === true;
  const c: Conversation = { sink, datagrams, queries: new Map(), transfer: null };
  const create = datagrams ? createDatagrams : createFrames;
  const ways = [create(c, 0), create(c, 1)] as const;
  return {
    feed(side, bytes, position) {
      if (bytes.length > 0) ways[side].feed(bytes, position);
    },
    gap(side, position, length) {
      if (length > 0) ways[side].gap(position, length);
    },
    finish(side, position) {
      ways[side].finish(position);
      if (side === TO_CLIENT) endTransfer(c);
    },
    neededFrom(side) {
      return ways[side].neededFrom();
    },
  };
}
