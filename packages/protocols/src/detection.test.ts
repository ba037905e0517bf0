import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Side } from './protocol.ts';
import { detectProtocol } from './registry.ts';
import {
  dubboConversation,
  fastcgiConversation,
  http2Conversation,
  httpConversation,
  mysqlConversation,
  postgresqlConversation,
  redisConversation,
  type Sent,
} from './testing/conversations.ts';

const SEED = 20_240_529;
const CONVERSATIONS = 150;
const CUTS = 40;

const SPOKEN: readonly [string, (pipelined: boolean) => fc.Arbitrary<readonly Sent[]>][] = [
  ['http', httpConversation],
  ['http2', http2Conversation],
  ['redis', redisConversation],
  ['mysql', mysqlConversation],
  ['postgresql', postgresqlConversation],
  ['fastcgi', fastcgiConversation],
  ['dubbo', dubboConversation],
];

/** All bytes of one side. */
function streamOf(messages: readonly Sent[], side: Side): Uint8Array {
  return Uint8Array.from(messages.filter((m) => m.side === side).flatMap((m) => [...m.bytes]));
}

/** What protocols are taken for, cut at places that follow from their bytes, by protocol that is spoken. */
function taken(spoken: string, conversation: fc.Arbitrary<readonly Sent[]>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const messages of fc.sample(conversation, { numRuns: CONVERSATIONS, seed: SEED })) {
    for (const side of [0, 1] as const) {
      const stream = streamOf(messages, side);
      for (let cut = 0; cut < CUTS && stream.length > 0; cut++) {
        const from = Math.imul(cut + 1, 0x9e3779b1) >>> 0;
        const at = from % stream.length;
        const bytes = stream.subarray(at, at + 1 + (from % 97));
        for (const role of [null, side]) {
          const name = detectProtocol(bytes, role)?.protocol.name;
          if (name !== undefined && name !== spoken) counts[name] = (counts[name] ?? 0) + 1;
        }
      }
    }
  }
  return counts;
}

test.each(SPOKEN)('the middle of %s is not taken for FastCGI or Dubbo', (spoken, conversation) => {
  const counts = taken(spoken, conversation(false));
  expect({ fastcgi: counts['fastcgi'] ?? 0, dubbo: counts['dubbo'] ?? 0 }).toEqual({ fastcgi: 0, dubbo: 0 });
});

test.each(SPOKEN.slice(-2))('the middle of %s is not taken for anything else', (spoken, conversation) => {
  expect(taken(spoken, conversation(false))).toEqual({});
});
