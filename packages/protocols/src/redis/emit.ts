import type { Attributes, SpanStatus } from '@weft/model';
import { tellOneWay } from '../one-way.ts';
import { type Message, TO_CLIENT } from '../protocol.ts';
import { type Connection, closeConfirmed, specialOf } from './connection.ts';

/** Says that the next response begins at `start`. */
export function respond(c: Connection, start: number, status: SpanStatus, attributes: Attributes): Message {
  closeConfirmed(c);
  c.confirmsMore = '';
  const index = c.responses++;
  const special = specialOf(c, index);
  const message: Message = {
    side: TO_CLIENT,
    kind: 'response',
    pairingId: null,
    start,
    name: '',
    status,
    attributes,
    carried: null,
  };
  c.sink.message(message);
  // What SYNC is answered with is a file and then commands, not replies.
  if (special?.kind === 'replicate' && status === 'ok') c.leaves = true;
  return message;
}

/** Something that the server says unasked. */
export function oneWay(
  c: Connection,
  start: number,
  end: number,
  name: string,
  attributes: Attributes,
): void {
  closeConfirmed(c);
  c.confirmsMore = '';
  tellOneWay(c.sink, TO_CLIENT, start, end, name, attributes);
}
