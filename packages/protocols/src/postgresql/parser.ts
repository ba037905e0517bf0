import { type MessageSink, type Parser, type ParserOptions, type Side, TO_SERVER } from '../protocol.ts';
import { createConnection } from './connection.ts';
import { endTorn } from './emit.ts';
import { isBegun, neededFrom, readFrames, refuse, skipFrames } from './frames.ts';
import { createRequestReader, finishRequests } from './requests.ts';
import { createResponseReader, finishResponses } from './responses.ts';

/** Parser of the frontend/backend protocol of PostgreSQL, version 3: see `Parser` for the contract. */
export function createPostgresqlParser(sink: MessageSink, options: ParserOptions): Parser {
  const c = createConnection(sink, options);
  const readers = [createRequestReader(c), createResponseReader(c)] as const;
  const frames = [c.frontend, c.backend] as const;

  function catchUp(side: Side, position: number): void {
    const { next } = frames[side];
    if (next >= 0 && position > next) skipFrames(frames[side], readers[side], next, position - next);
  }

  return {
    feed(side, bytes, position) {
      if (bytes.length === 0) return;
      const f = frames[side];
      catchUp(side, position);
      if (f.next > position && f.phase !== 'tunnel') refuse(f, readers[side], 'overlap');
      if (side === TO_SERVER) {
        endTorn(c);
        c.backend.turned = true;
      } else c.frontend.turned = true;
      // The other side has spoken since the loss, and a read begins with a message: it is the rest of nothing.
      if (f.turned && f.phase === 'type') {
        if (side === TO_SERVER) c.isRequestPartial = false;
        else c.isAnswerPartial = false;
      }
      readFrames(f, readers[side], bytes, position);
    },
    gap(side, position, length) {
      if (length > 0) skipFrames(frames[side], readers[side], position, length);
    },
    finish(side, position) {
      const f = frames[side];
      catchUp(side, position);
      if (isBegun(f) && !f.lost) sink.malformed(side, 'truncated');
      if (f.phase !== 'tunnel') f.phase = 'type';
      if (side === TO_SERVER) finishRequests(c, position);
      else finishResponses(c, position);
      f.next = position;
    },
    neededFrom: (side) => neededFrom(frames[side]),
  };
}
