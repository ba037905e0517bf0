import { describe, expect, it } from 'vitest';
import { formatDuration, formatShare, formatTick } from './duration.ts';
import { formatBytes, formatRate, plural } from './quantity.ts';
import { formatAge, fromLocalInput, toLocalInput } from './time.ts';

const plain = (text: string) => text.replaceAll('\u202f', ' ');

describe('formats', () => {
  it('durations, three digits', () => {
    const nanos = [0, 999, 1000, 29_750, 999_600, 4_330_000, 99_960_000, 1.5e9, 90e9, 7200e9];
    expect(nanos.map((value) => plain(formatDuration(value)))).toEqual([
      '0 ns',
      '999 ns',
      '1.00 µs',
      '29.8 µs',
      '1.00 ms',
      '4.33 ms',
      '100 ms',
      '1.50 s',
      '1.50 min',
      '2.00 h',
    ]);
  });

  it('ticks, as exact as they are apart', () => {
    expect(plain(formatTick(2e6, 2e6))).toBe('2 ms');
    expect(plain(formatTick(2.5e6, 5e5))).toBe('2.5 ms');
    expect(plain(formatTick(1.002e9, 1e6))).toBe('1.002 s');
    expect(formatTick(0, 1)).toBe('0');
  });

  it('local times, there and back', () => {
    for (const millis of [0, 1_760_000_000_123, 1_772_000_000_000]) {
      expect(fromLocalInput(toLocalInput(millis))).toBe(millis);
    }
    expect([fromLocalInput(''), fromLocalInput('tomorrow')]).toEqual([null, null]);
  });

  it('quantities', () => {
    expect(['0.004', '0.34', '1'].map((share) => plain(formatShare(Number(share))))).toEqual([
      '<1 %',
      '34 %',
      '100 %',
    ]);
    expect([0, 0.063, 4.21, 1234].map(formatRate)).toEqual(['0', '0.06', '4.2', '1,234']);
    expect([plural(1, 'span'), plural(12_000, 'span')]).toEqual(['1 span', '12,000 spans']);
    expect([12, 117_354_496, 1_500].map(formatBytes)).toEqual(['12 B', '117 MB', '1.5 kB']);
    expect([500, 42_000, 300_000, 7.3e6, 4e8].map(formatAge)).toEqual([
      'just now',
      '42 s ago',
      '5 min ago',
      '2 h ago',
      '5 d ago',
    ]);
  });
});
