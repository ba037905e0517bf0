import { describe, expect, test } from 'vitest';
import { type Clocks, originNow, UnixEpoch } from './clock.ts';

const START = 1_760_000_000_000;

/** Clocks that a test moves: `pass` lets time pass on both, `set` is what an administrator does to one. */
class Moved implements Clocks {
  #nanos = 5_000_000_000n;
  #unixAtZero = START;

  /** Reading takes 10 µs. */
  monotonic(): bigint {
    this.#nanos += 10_000n;
    return this.#nanos;
  }

  unix(): number {
    return Math.floor(this.#unixAtZero + Number(this.#nanos) / 1e6);
  }

  pass(ms: number): void {
    this.#nanos += BigInt(ms) * 1_000_000n;
  }

  set(byMs: number): void {
    this.#unixAtZero += byMs;
  }
}

function started() {
  const clocks = new Moved();
  const origin = originNow(clocks);
  const unix = new UnixEpoch(origin, clocks);
  /** Unix ms that a span would have which begins now. */
  const now = () => Number(unix.current + clocks.monotonic() - origin.monotonic) / 1e6;
  return { clocks, unix, now };
}

test('the origin is the same moment on both clocks', () => {
  const clocks = new Moved();
  const { monotonic, unix } = originNow(clocks);
  expect(Math.abs(Number(unix) / 1e6 - (START + Number(monotonic) / 1e6))).toBeLessThan(0.05);
});

test('the origin is the same moment on a busy machine, where the program is interrupted all the time', () => {
  const clocks = new Moved();
  let turn = 0;
  const interrupted: Clocks = {
    monotonic: () => clocks.monotonic(),
    unix: () => {
      if (turn++ % 3 === 0) clocks.pass(4);
      const now = clocks.unix();
      if (turn % 5 === 0) clocks.pass(1);
      return now;
    },
  };
  const { monotonic, unix } = originNow(interrupted);
  // What passes between the two clocks of a reading widens its bounds, and moves nothing.
  expect(Math.abs(Number(unix) / 1e6 - (START + Number(monotonic) / 1e6))).toBeLessThan(0.5);
});

describe('a clock that is set', () => {
  test('is left alone while it runs along', () => {
    const { clocks, unix } = started();
    const { current } = unix;
    for (let hour = 0; hour < 50; hour++) {
      clocks.pass(3_600_000);
      expect(unix.wasSet()).toBe(false);
    }
    expect(unix.current).toBe(current);
  });

  test.each([3_600_000, -3_600_000, 1_500, -1_500])('by %i ms gives a new epoch, once', (by) => {
    const { clocks, unix, now } = started();
    clocks.pass(10_000);
    const before = now();
    clocks.set(by);
    // Until it is noticed, times go on as they did.
    expect(now() - before).toBeLessThan(1);
    expect(unix.wasSet()).toBe(true);
    expect(Math.abs(now() - clocks.unix())).toBeLessThan(1.1);
    expect(unix.wasSet()).toBe(false);
  });

  test.each([400, -400])('by %i ms is followed only when it has come to a second', (by) => {
    const { clocks, unix } = started();
    const seen = [1, 2, 3, 4].map(() => {
      clocks.set(by);
      clocks.pass(1_000);
      return unix.wasSet();
    });
    expect(seen).toEqual([false, false, true, false]);
  });

  test('is not mistaken for a reading that was interrupted', () => {
    const { clocks, unix } = started();
    const interrupted: Clocks = {
      monotonic: () => clocks.monotonic(),
      unix: () => {
        clocks.pass(2_000);
        return clocks.unix();
      },
    };
    const { monotonic } = originNow(clocks);
    const other = new UnixEpoch({ monotonic, unix: unix.current }, interrupted);
    expect(other.wasSet()).toBe(false);
  });
});
