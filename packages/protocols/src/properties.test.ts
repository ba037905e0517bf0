import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dubbo } from './dubbo/index.ts';
import { fastcgi } from './fastcgi/index.ts';
import { http1 } from './http1/index.ts';
import { http2 } from './http2/index.ts';
import { mysql } from './mysql/index.ts';
import { postgresql } from './postgresql/index.ts';
import { type Protocol, type Side, TO_CLIENT, TO_SERVER } from './protocol.ts';
import { redis } from './redis/index.ts';
import {
  dubboConversation,
  fastcgiConversation,
  feedCut,
  feedLossy,
  feedWhole,
  http2Conversation,
  httpConversation,
  mysqlConversation,
  ORIGINS,
  postgresqlConversation,
  redisConversation,
  type Sent,
  startsOf,
} from './testing/conversations.ts';
import { createRecorder } from './testing/recorder.ts';

/** The seed is fixed, so that a failure is a change's; `WEFT_RUNS` and `WEFT_SEED` look further. */
const SEED = Number(process.env['WEFT_SEED'] ?? 20_240_529);
const RUNS = Number(process.env['WEFT_RUNS'] ?? 300);
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });

function record(protocol: Protocol, feed: (parser: ReturnType<Protocol['createParser']>) => void) {
  const recorder = createRecorder();
  feed(protocol.createParser(recorder, { mask: false }));
  return recorder;
}

const PROTOCOLS: readonly [string, Protocol, (pipelined: boolean) => fc.Arbitrary<readonly Sent[]>][] = [
  ['http1', http1, httpConversation],
  ['http2', http2, http2Conversation],
  ['redis', redis, redisConversation],
  ['mysql', mysql, mysqlConversation],
  ['postgresql', postgresql, postgresqlConversation],
  ['fastcgi', fastcgi, fastcgiConversation],
  ['dubbo', dubbo, dubboConversation],
];

/** Bytes of one side that a loss may hit. */
interface Loss {
  readonly messages: readonly Sent[];
  readonly side: Side;
  readonly from: number;
  readonly to: number;
}

function lossIn(conversation: fc.Arbitrary<readonly Sent[]>): fc.Arbitrary<Loss> {
  return fc
    .tuple(
      conversation,
      fc.constantFrom<Side>(TO_SERVER, TO_CLIENT),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    )
    .map(([messages, side, a, b]) => {
      const total = messages.filter((m) => m.side === side).reduce((sum, m) => sum + m.bytes.length, 0);
      const from = Math.floor(a * total);
      return { messages, side, from, to: Math.min(total, from + 1 + Math.floor(b * b * 200)) };
    });
}

describe.each(PROTOCOLS)('%s', (_, protocol, conversation) => {
  test('each message that was sent is found where it begins', () => {
    fc.assert(
      fc.property(conversation(true), (messages) => {
        const whole = record(protocol, (parser) => feedWhole(parser, messages));
        expect(whole.causes).toEqual([]);
        for (const start of startsOf(messages)) expect(whole.messages.map((m) => m.start)).toContain(start);
        expect(whole.messages.every((m) => m.end > m.start)).toBe(true);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  test('any split into reads gives the same messages', () => {
    fc.assert(
      fc.property(conversation(true), cuts, (messages, shares) => {
        const whole = record(protocol, (parser) => feedWhole(parser, messages));
        const cut = record(protocol, (parser) => feedCut(parser, messages, shares));
        const bytewise = record(protocol, (parser) => feedCut(parser, messages, [0]));
        expect(cut.messages).toEqual(whole.messages);
        expect(bytewise.messages).toEqual(whole.messages);
        expect([...cut.causes, ...bytewise.causes]).toEqual([]);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  test('bytes lost within a body of known length lose nothing', () => {
    fc.assert(
      fc.property(conversation(true), fc.nat(), fc.nat(), fc.nat(), (messages, which, a, b) => {
        const index = which % messages.length;
        const hit = messages[index]!;
        fc.pre(hit.bodyTo > hit.bodyFrom);
        const length = hit.bodyTo - hit.bodyFrom;
        const from = startsOf(messages)[index]! - ORIGINS[hit.side] + hit.bodyFrom + (a % length);
        const to = Math.min(from + 1 + (b % length), from - (a % length) + length);
        const whole = record(protocol, (parser) => feedWhole(parser, messages));
        const lossy = record(protocol, (parser) => feedLossy(parser, messages, hit.side, from, to));
        expect(lossy.causes).toEqual([]);
        const withoutText = (all: typeof whole.messages) =>
          all.map((m) => ({ ...m, attributes: { ...m.attributes, 'db.query.text': '' } }));
        expect(withoutText(lossy.messages)).toEqual(withoutText(whole.messages));
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  test('bytes lost anywhere lose only the messages that they belong to', () => {
    fc.assert(
      fc.property(lossIn(conversation(false)), ({ messages, side, from, to }) => {
        const lossy = record(protocol, (parser) => feedLossy(parser, messages, side, from, to));
        const whole = record(protocol, (parser) => feedWhole(parser, messages));
        const begin = ORIGINS[side] + from;
        const end = ORIGINS[side] + to;
        const key = (m: { side: Side; start: number }) => `${m.side} ${m.start}`;
        const found = new Set(lossy.messages.map(key));
        const starts = startsOf(messages);
        for (const [i, message] of messages.entries()) {
          const start = starts[i]!;
          const isHit = message.side === side && start < end && start + message.bytes.length > begin;
          if (!isHit) expect(found).toContain(key({ side: message.side, start }));
        }
        // Nothing is found that was not sent.
        const real = new Set(whole.messages.map(key));
        for (const message of lossy.messages) expect(real).toContain(key(message));
        expect(lossy.messages.every((m) => m.end >= m.start)).toBe(true);
        expect(lossy.causes.length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 2 * RUNS, seed: SEED },
    );
  });
});
