import { type Message, type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { errorName } from './frames.ts';
import { type Connection, endHalf, endStream, openMessage, type Stream } from './stream.ts';

/**
 * RST_STREAM (RFC 9113 §6.4): the call has failed, unless it was complete.
 * @param side who resets
 * @param start position of the frame's first byte
 */
export function resetStream(c: Connection, side: Side, streamId: number, code: number, start: number): void {
  const stream = c.streams.get(streamId);
  if (stream !== undefined) failStream(c, stream, side, code, start);
}

/** GOAWAY (RFC 9113 §6.8): streams of the peer's above the last one named are not and will not be answered. */
export function refuseStreams(c: Connection, side: Side, lastId: number, code: number, start: number): void {
  if (side !== TO_CLIENT) return;
  for (const stream of c.streams.values()) {
    // NO_ERROR says why the connection goes, not why the stream does: it may be sent again.
    if (stream.id > lastId && stream.id % 2 === 1) failStream(c, stream, side, code === 0 ? 7 : code, start);
  }
}

function failStream(c: Connection, stream: Stream, side: Side, code: number, start: number): void {
  const response = stream.halves[TO_CLIENT];
  const error = { 'error.type': errorName(code) };
  if (response.begun || !stream.halves[TO_SERVER].begun) {
    // After a complete response the rest of the request is not wanted any more: NO_ERROR.
    endStream(c, stream, code === 0 ? null : error);
    return;
  }
  // The reset stands for the response, also where the client sends it: both ends see it at the same place.
  const message: Message = {
    side,
    kind: 'response',
    pairingId: stream.pairingId,
    start,
    name: '',
    status: 'error',
    attributes: error,
    carried: null,
  };
  openMessage(c, response, message);
  endHalf(c, stream, TO_CLIENT, c.flows[side].next, null);
}
