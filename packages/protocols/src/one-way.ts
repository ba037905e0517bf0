import type { Attributes } from '@weft/model';
import type { Message, MessageSink, Side } from './protocol.ts';

/** Tells of a message that nobody answers, of which all is known at once. @param end position one past its last byte */
export function tellOneWay(
  sink: MessageSink,
  side: Side,
  start: number,
  end: number,
  name: string,
  attributes: Attributes,
): void {
  const message: Message = {
    side,
    kind: 'one-way',
    pairingId: null,
    start,
    name,
    status: 'unset',
    attributes,
    carried: null,
  };
  sink.message(message);
  sink.end(message, end, null);
}
