import {
  type MessageSink,
  type Parser,
  type ParserOptions,
  type Side,
  TO_CLIENT,
  TO_SERVER,
} from '../protocol.ts';
import { type Connection, createConnection, loseRequests, loseResponses } from './connection.ts';
import { readFrames, resetFrames } from './frames.ts';
import { isWithinPacket, type PacketReader, readPackets, skipPackets, unwanted } from './packets.ts';
import { likeFrames, likeRequests, likeResponses, POSSIBLE } from './recognise.ts';
import { createRequestReader } from './requests.ts';
import { createResponseReader, settleResponse, unreadResponse } from './responses.ts';

/** Parser of the protocol of MySQL and MariaDB: see `Parser` for the contract. */
export function createMysqlParser(sink: MessageSink, options: ParserOptions): Parser {
  const c = createConnection(sink, options);
  const readers: readonly [PacketReader, PacketReader] = [createRequestReader(c), createResponseReader(c)];
  return {
    feed(side, bytes, position) {
      if (bytes.length === 0) return;
      const f = side === TO_SERVER ? c.request : c.response;
      if (f.next >= 0 && position > f.next) skip(c, readers[side], side, f.next, position - f.next);
      if (f.next > position) lose(c, side, 'overlap');
      read(c, readers[side], side, bytes, position);
      f.next = position + bytes.length;
    },
    gap(side, position, length) {
      if (length > 0) skip(c, readers[side], side, position, length);
    },
    finish(side, position) {
      const f = side === TO_SERVER ? c.request : c.response;
      if (f.next >= 0 && position > f.next) skip(c, readers[side], side, f.next, position - f.next);
      f.next = position;
      if (side === TO_CLIENT) settleResponse(c);
      if (f.open !== null || (isWithinPacket(f.packets) && !f.lost)) lose(c, side, 'truncated');
    },
    neededFrom(side) {
      const f = side === TO_SERVER ? c.request : c.response;
      const next = Math.max(0, f.next);
      return c.compression === 'on' ? next : next + unwanted(f.packets);
    },
  };
}

function lose(c: Connection, side: Side, cause: string): void {
  if (side === TO_SERVER) loseRequests(c, cause);
  else loseResponses(c, cause);
}

function read(c: Connection, reader: PacketReader, side: Side, bytes: Uint8Array, position: number): void {
  if (c.tunnel) return;
  const f = side === TO_SERVER ? c.request : c.response;
  if (f.next < 0 && c.compression === 'none' && likeFrames(bytes, side) >= POSSIBLE) c.compression = 'on';
  if (side === TO_CLIENT && c.response.stage === 'unread') {
    c.response.reached = position + bytes.length;
    return;
  }
  if (f.lost && !resynchronise(c, side, bytes)) return;
  const p = f.packets;
  p.stopped = false;
  if (c.compression !== 'on') readPackets(p, reader, bytes, position, Number.POSITIVE_INFINITY);
  else if (!readFrames(f.frames, p, reader, bytes, position)) lose(c, side, 'compression');
}

/**
 * Out of step: packets are believed to begin where a read begins, if they look like it. The rest of a result may look like
 * the begin of another: so the server's only after the client has spoken, if it is seen at all.
 */
function resynchronise(c: Connection, side: Side, bytes: Uint8Array): boolean {
  if (side === TO_CLIENT && c.response.awaitsTurn && c.request.next >= 0) return false;
  const f = side === TO_SERVER ? c.request : c.response;
  const plain = side === TO_SERVER ? likeRequests(bytes) : likeResponses(bytes);
  const framed = likeFrames(bytes, side);
  if (Math.max(plain, framed) < POSSIBLE) return false;
  if (framed > plain) c.compression = 'on';
  resetFrames(f.frames);
  return true;
}

/** Bytes that were not seen. */
function skip(c: Connection, reader: PacketReader, side: Side, position: number, length: number): void {
  const f = side === TO_SERVER ? c.request : c.response;
  f.next = position + length;
  if (c.tunnel) return;
  f.packets.stopped = false;
  const skipped = c.compression === 'on' ? 0 : skipPackets(f.packets, reader, position, length);
  if (side === TO_CLIENT && (c.response.stage === 'unread' || (skipped < length && unreadResponse(c)))) {
    c.response.reached = position + length;
  } else if (skipped < length) lose(c, side, 'gap');
}
