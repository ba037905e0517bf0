import { expect, test } from 'vitest';
import { datagramDigest } from './datagram-digest.ts';

test('the same bytes are the same for seconds, not for ever', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const period = 16e9;
  const at = 100_000_000 * period;
  const digest = datagramDigest(bytes('question'), at);
  expect(datagramDigest(bytes('question'), at + period - 1e6)).toBe(digest);
  expect(datagramDigest(bytes('question'), at + period)).not.toBe(digest);
  expect(datagramDigest(bytes('questioN'), at)).not.toBe(digest);
});
