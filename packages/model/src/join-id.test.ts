import fc from 'fast-check';
import { expect, it } from 'vitest';
import { JOIN_ID_KINDS, joinIdOf, joinKey, joinPeriod, kindOfJoinId } from './join-id.ts';

const hash = fc.bigInt(0n, 0xffff_ffff_ffff_ffffn).map((n) => n.toString(16).padStart(16, '0'));

it('keeps the kind in the lowest bits, and nothing else changes', () => {
  fc.assert(
    fc.property(hash, fc.constantFrom(...JOIN_ID_KINDS), (text, kind) => {
      const id = joinIdOf(text, kind);
      expect(id).toHaveLength(16);
      expect(kindOfJoinId(id)).toBe(kind);
      expect(BigInt(`0x${id}`) >> 2n).toBe(BigInt(`0x${text}`) >> 2n);
    }),
  );
});

it('finds an id whatever its kind, within a period of 8.6 seconds', () => {
  const [vague, specific] = (['vague', 'specific'] as const).map((kind) => joinIdOf('ab12'.repeat(4), kind));
  const period = joinPeriod(1_700_000_000_000_000_000n);
  expect(joinKey(vague!, period)).toBe(joinKey(specific!, period));
  expect(joinKey(vague!, period)).not.toBe(joinKey(vague!, period + 1n));
  expect(joinPeriod(8_589_934_591n)).toBe(0n);
  expect(joinPeriod(8_589_934_592n)).toBe(1n);
});
