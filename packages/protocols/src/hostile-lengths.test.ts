import { expect, test } from 'vitest';
import { SEEDS } from './fuzz.ts';
import { type MessageSink, type Side, TO_CLIENT, TO_SERVER } from './protocol.ts';
import { bytesOf } from './testing/recorder.ts';

/** A few hundred bytes are fed: what is larger was made because a length said so. */
const CAP = 65_536;
/** What a length may say, in bytes and in digits. */
const HOSTILE = [
  '\xff\xff\xff\xff',
  '\x7f\xff\xff\xff',
  '\xff\xff\xff\x7f',
  '\xff\xff\xff',
  '\xff\xff',
  '\xff',
  '\x7f',
  '999999999',
  'fffffff',
];

const silent: MessageSink = { message() {}, end() {}, malformed() {} };

/** Largest array that is made while something runs. */
function largest(run: () => void): number {
  let most = 0;
  const watched = <T extends typeof Uint8Array | typeof ArrayBuffer | typeof Array>(type: T): T =>
    new Proxy(type, {
      construct(target, args, self) {
        if (typeof args[0] === 'number' && args.length === 1) most = Math.max(most, args[0]);
        return Reflect.construct(target, args, self) as object;
      },
    });
  const { Uint8Array: bytes, ArrayBuffer: buffer, Array: array } = globalThis;
  Object.assign(globalThis, {
    Uint8Array: watched(bytes),
    ArrayBuffer: watched(buffer),
    Array: watched(array),
  });
  try {
    run();
  } finally {
    Object.assign(globalThis, { Uint8Array: bytes, ArrayBuffer: buffer, Array: array });
  }
  return most;
}

test('the watch sees what is made', () => {
  expect(largest(() => new Uint8Array(100_000))).toBe(100_000);
});

test.each(
  SEEDS.map(([protocol, requests, responses]) => [protocol.name, protocol, requests, responses] as const),
)(
  '%s: a hostile length makes no array',
  (_, protocol, requests, responses) => {
    let fed = 0;
    for (const [side, texts] of [
      [TO_SERVER, requests],
      [TO_CLIENT, responses],
    ] satisfies [Side, readonly string[]][]) {
      for (const text of texts) {
        for (let at = 0; at < text.length; at++) {
          for (const length of HOSTILE) {
            const bytes = bytesOf(text.slice(0, at) + length + text.slice(at + length.length) + text);
            const most = largest(() => {
              const parser = protocol.createParser(silent, { mask: true, datagrams: fed % 8 === 0 });
              // A request and what begins a connection, so that there is something to answer.
              if (side === TO_CLIENT) parser.feed(TO_SERVER, bytesOf(requests[0]!), 0);
              parser.feed(side, bytes, 0);
              parser.finish(TO_SERVER, bytes.length + requests[0]!.length);
              parser.finish(TO_CLIENT, bytes.length);
            });
            fed++;
            if (most > CAP)
              expect.fail(`${most} for ${JSON.stringify(text)} with ${JSON.stringify(length)} at ${at}`);
          }
        }
      }
    }
    expect(fed).toBeGreaterThan(20);
  },
  60_000,
);
