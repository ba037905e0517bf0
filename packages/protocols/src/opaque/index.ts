import type { Attributes } from '@weft/model';
import {
  type Message,
  type MessageSink,
  type Parser,
  type Protocol,
  type ProtocolSummary,
  type Side,
  TO_CLIENT,
  TO_SERVER,
} from '../protocol.ts';

const OPAQUE: Attributes = { 'weft.opaque': true };

/** What one side said without being interrupted. */
interface Turn {
  readonly message: Message;
  size: number;
  end: number;
}

/**
 * Turns of a connection that nothing decodes: what the client says is a request, what the server says then its
 * response, until the client speaks again. What the server says first (a banner) is one-way.
 * @param attributes of every turn
 */
export function createTurnsParser(sink: MessageSink, attributes: Attributes): Parser {
  const next: [number, number] = [-1, -1];
  let request: Turn | null = null;
  let response: Turn | null = null;
  /** Requests that were not answered yet: 0 or 1. */
  let isAsked = false;

  function begin(side: Side, start: number): Turn {
    const kind = side === TO_SERVER ? 'request' : isAsked ? 'response' : 'one-way';
    const message: Message = {
      side,
      kind,
      pairingId: null,
      start,
      name: kind === 'response' ? '' : 'opaque',
      status: kind === 'response' ? 'ok' : 'unset',
      attributes,
      carried: null,
    };
    isAsked = side === TO_SERVER;
    sink.message(message);
    return { message, size: 0, end: start };
  }

  function end(turn: Turn | null): null {
    if (turn !== null) {
      const size: Attributes =
        turn.message.side === TO_SERVER
          ? { 'weft.request.size': turn.size }
          : { 'weft.response.size': turn.size };
      sink.end(turn.message, turn.end, size);
    }
    return null;
  }

  function speak(side: Side, position: number, length: number): void {
    if (length <= 0) return;
    next[side] = position + length;
    let turn: Turn;
    if (side === TO_SERVER) {
      response = end(response);
      request ??= begin(side, position);
      turn = request;
    } else {
      request = end(request);
      response ??= begin(side, position);
      turn = response;
    }
    turn.size += length;
    turn.end = position + length;
  }

  return {
    feed(side, bytes, position) {
      const expected = next[side];
      if (expected >= 0 && position > expected && bytes.length > 0)
        speak(side, expected, position - expected);
      speak(side, position, bytes.length);
    },
    gap: speak,
    finish(side) {
      request = end(request);
      if (side === TO_CLIENT) response = end(response);
    },
    neededFrom(side) {
      return Math.max(0, next[side]);
    },
  };
}

const SUMMARIES: readonly ProtocolSummary[] = [
  {
    key: 'opaque',
    title: 'Anything else',
    specification: 'none',
    reads: 'Turns of request and answer by direction, with sizes and times, marked as such.',
    ids: 'none',
  },
];

/** For whatever nothing else decodes: sizes and times of turns, marked `weft.opaque`. Never detected, only fallen back to. */
export const opaque: Protocol = {
  name: 'opaque',
  detect: () => 0,
  sideOf: () => null,
  createParser: (sink) => createTurnsParser(sink, OPAQUE),
  summaries: SUMMARIES,
};
