import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Wake } from '@weft/causality';
import { KIND } from '@weft/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tier } from '../options.ts';
import type { KernelCapture } from './kernel-capture.ts';
import { readWake } from './socket-event.ts';
import { Arena, canTrace, capture } from './testing/live.ts';

/** What the program says of a wake. */
interface Told {
  readonly how: string;
  readonly waker: number;
  readonly woken: number;
  readonly place: number;
}

function wakesOf({ ring }: KernelCapture): Wake[] {
  const wakes: Wake[] = [];
  ring.poll();
  while (ring.next()) if (ring.bytes[ring.offset] === KIND.WAKE) wakes.push(readWake(ring, ring.offset));
  ring.release();
  return wakes;
}

describe.skipIf(!canTrace())('who woke whom', () => {
  const arena = new Arena();
  let program = '';

  beforeAll(() => {
    program = arena.compile('wakes.c');
  });
  afterAll(() => arena.close());

  /** Runs the program and gives what it told and what was seen. @param asks before it begins */
  async function run(kernel: KernelCapture, asks: (pid: number) => void): Promise<[Told[], Wake[]]> {
    const child = arena.start(program, []);
    asks(child.pid!);
    child.stdin!.write('\n');
    const told: Told[] = [];
    for await (const line of createInterface({ input: child.stdout! })) {
      if (line === 'done') break;
      const [how, waker, woken, place] = line.split(' ');
      told.push({ how: how!, waker: Number(waker), woken: Number(woken), place: Number(place) });
    }
    child.stdin!.end();
    await once(child, 'exit');
    // The rings hold all of it: a few dozen events.
    return [told, wakesOf(kernel)];
  }

  const tiers: readonly Tier[] = ['sock', 'syscall'];
  it.each(tiers)('tier %s: by futex, eventfd, pipe and Unix socket, and nothing else', async (tier) => {
    const kernel = capture(arena, tier);
    try {
      const [told, seen] = await run(kernel, (pid) => kernel.wantWakes(pid));
      expect(told.map(({ how }) => how)).toEqual([
        'futex',
        'broadcast',
        'broadcast',
        'broadcast',
        'eventfd-epoll',
        'eventfd-read',
        'pipe-poll',
        'unix-epoll',
        'tcp-epoll',
      ]);
      for (const { how, waker, woken, place } of told) {
        const wakes = seen.filter((wake) => wake.wokenTid === woken && wake.place === place);
        // TCP tells its own bytes, and they arrive in an interrupt.
        expect(wakes.length, how).toBe(how === 'tcp-epoll' ? 0 : 1);
        for (const wake of wakes) {
          expect(wake.tid, how).toBe(waker);
          expect(wake.byFile, how).toBe(!['futex', 'broadcast'].includes(how));
          expect(wake.most > 1, how).toBe(how === 'broadcast');
          // It was asleep, and the sleep counts already.
          expect(wake.wokenSwitches, how).toBeGreaterThan(0);
        }
      }
    } finally {
      kernel.close();
    }
  });

  it('nothing of processes that nobody has asked about, of excluded ones and without the hook', async () => {
    const kernel = capture(arena, 'sock');
    try {
      const [told, unasked] = await run(kernel, () => {});
      expect(told).toHaveLength(9);
      expect(unasked).toEqual([]);
      const [, excluded] = await run(kernel, (pid) => {
        kernel.exclude(pid);
        kernel.wantWakes(pid);
      });
      expect(excluded).toEqual([]);
      expect(kernel.lost().kernel_ring_full).toBe(0);
    } finally {
      kernel.close();
    }
    const refused = capture(arena, 'sock', { refuse: ['weft_waking'] });
    try {
      expect(refused.hooks.weft_waking).toMatch(/^refused/);
      const [, seen] = await run(refused, (pid) => refused.wantWakes(pid));
      expect(seen).toEqual([]);
    } finally {
      refused.close();
    }
  });
});
