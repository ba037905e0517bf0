import type { AttributeValue } from '@weft/model';
import type { Message, MessageSink, Parser, Side } from '../protocol.ts';

/** A message as tests compare it. `end` is -1 until it has ended. */
export interface Recorded {
  side: Side;
  kind: Message['kind'];
  name: string;
  start: number;
  end: number;
  status: Message['status'];
  attributes: Record<string, AttributeValue>;
  carried: Message['carried'];
}

/** A sink that keeps everything, and fails on what the contract forbids. */
export interface Recorder extends MessageSink {
  readonly messages: Recorded[];
  readonly causes: string[];
  of(side: Side): Recorded[];
}

export function createRecorder(): Recorder {
  const known = new Map<Message, Recorded>();
  const messages: Recorded[] = [];
  const causes: string[] = [];
  return {
    messages,
    causes,
    of: (side) => messages.filter((message) => message.side === side),
    message(message) {
      if (known.has(message)) throw new Error('message reported twice');
      const { side, kind, name, start, status, carried } = message;
      const recorded = {
        side,
        kind,
        name,
        start,
        end: -1,
        status,
        attributes: { ...message.attributes },
        carried,
      };
      known.set(message, recorded);
      messages.push(recorded);
    },
    end(message, position, extra, name = '') {
      const recorded = known.get(message);
      if (recorded === undefined || recorded.end >= 0)
        throw new Error('end without its message, or a second one');
      if (position < message.start) throw new Error('ends before it starts');
      recorded.end = position;
      Object.assign(recorded.attributes, extra);
      if (name !== '') recorded.name = name;
    },
    malformed(side, cause) {
      causes.push(`${side === 0 ? 'to-server' : 'to-client'} ${cause}`);
    },
  };
}

export const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** Feeds texts one after the other, each as one read, and keeps the positions. */
export function createFeeder(parser: Parser): {
  feed(side: Side, text: string | Uint8Array): void;
  gap(side: Side, length: number): void;
  finish(side: Side): void;
  at(side: Side): number;
} {
  const at: [number, number] = [1000, 5000];
  return {
    feed(side, text) {
      const bytes = typeof text === 'string' ? bytesOf(text) : text;
      parser.feed(side, bytes, at[side]);
      at[side] += bytes.length;
    },
    gap(side, length) {
      parser.gap(side, at[side], length);
      at[side] += length;
    },
    finish(side) {
      parser.finish(side, at[side]);
    },
    at: (side) => at[side],
  };
}

/** CPU time of this process so far, milliseconds: a bound on it holds on a busy machine too. */
export function cpuMillis(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
