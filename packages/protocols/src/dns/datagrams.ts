import type { Side } from '../protocol.ts';
import { type Conversation, emit } from './emit.ts';
import { readMessage } from './message.ts';
import type { Way } from './way.ts';

/** One direction of a UDP socket: each read is a message of its own, whatever became of the one before. */
export function createDatagrams(c: Conversation, side: Side): Way {
  let next = 0;
  return {
    feed(bytes, position) {
      next = position + bytes.length;
      // What a capture cut off is told as a gap afterwards.
      if (readMessage(bytes, 0, bytes.length) === 'wrong' || !emit(c, side, position, next)) {
        c.sink.malformed(side, 'message');
      }
    },
    gap(position, length) {
      next = position + length;
    },
    finish(position) {
      next = Math.max(next, position);
    },
    neededFrom: () => next,
  };
}
