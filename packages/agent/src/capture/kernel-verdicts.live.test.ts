import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { KIND, MODE, PAYLOAD_MAX, TRANSPORT } from '@weft/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TIERS } from '../options.ts';
import type { KernelCapture } from './kernel-capture.ts';
import { bytesAt, type Call } from './testing/io-log.ts';
import { Arena, canTrace, capture, drain, hasCommand, type Seen } from './testing/live.ts';

const PROBE_BYTES = 4096;

/** One connection of the test program, on which it sends as many bytes as it is told. */
class Steps {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #capture: KernelCapture;
  #sent = 0;

  constructor(arena: Arena, program: string, traced: KernelCapture) {
    this.#child = arena.start(program, [join(arena.folder, 'log'), 'steps', '0']);
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
    this.#capture = traced;
  }

  /** Sends and reads so many bytes. @returns the events of it, and how many bytes were sent before */
  async send(bytes: number): Promise<{ sent: Seen[]; received: Seen[]; before: number }> {
    this.#child.stdin!.write(`${bytes}\n`);
    expect((await this.#lines.next()).value).toBe(String(bytes));
    const events = drain(this.#capture).filter(({ transport }) => transport === TRANSPORT.TCP);
    const before = this.#sent;
    this.#sent += bytes;
    return {
      sent: events.filter(({ kind }) => kind === KIND.SEND),
      received: events.filter(({ kind }) => kind === KIND.RECV),
      before,
    };
  }

  async end(): Promise<void> {
    this.#child.stdin!.end();
    await once(this.#child, 'exit');
  }
}

/** The event's payload is what stands there in the stream. */
function checkBytes(event: Seen, offset: number): void {
  const call = { pair: 0, way: 0, offset } as Call;
  expect(Buffer.from(event.payload).equals(bytesAt(call, event.skipped, event.payload.length))).toBe(true);
}

describe.skipIf(!canTrace() || !hasCommand('gcc', '--version')).each(TIERS)('verdicts, tier %s', (tier) => {
  let arena: Arena;
  let program: string;
  let traced: KernelCapture;
  let steps: Steps;
  beforeAll(() => {
    arena = new Arena();
    program = arena.compile('io-calls.c');
    traced = capture(arena, tier);
    steps = new Steps(arena, program, traced);
  });
  afterAll(async () => {
    traced?.close();
    await arena?.close();
  });

  it('copy what is wanted of a socket', async () => {
    const first = await steps.send(10_000);
    const [sent] = first.sent;
    const cookie = sent!.cookie;
    const peer = first.received[0]!.cookie;
    expect(first.sent.map(({ length, payload }) => [length, payload.length])).toEqual([
      [10_000, PROBE_BYTES],
    ]);
    checkBytes(sent!, 0);
    const start = sent!.position;

    traced.setVerdict(cookie, MODE.FULL);
    const full = await steps.send(100_000);
    expect(full.sent.map(({ length, payload }) => [length, payload.length])).toEqual([
      [100_000, PAYLOAD_MAX],
    ]);
    checkBytes(full.sent[0]!, full.before);
    // The other end is another socket, and nothing was said of it.
    for (const event of full.received) expect(event.payload.length).toBeLessThanOrEqual(PROBE_BYTES);

    traced.setVerdict(cookie, MODE.META);
    const meta = await steps.send(5_000);
    expect(meta.sent.map(({ length, payload }) => [length, payload.length])).toEqual([[5_000, 0]]);

    traced.setVerdict(cookie, MODE.OFF);
    const off = await steps.send(5_000);
    expect(off.sent).toEqual([]);
    expect(off.received.length).toBeGreaterThan(0);

    // Heads: nothing below a position, then so many bytes. Here 700 bytes behind the begin of the next call.
    const next = start + off.before + 5_000;
    traced.wantHeads(cookie, 0, next + 700, 256);
    const heads = await steps.send(2_000);
    expect(heads.sent.map(({ length, skipped, payload }) => [length, skipped, payload.length])).toEqual([
      [2_000, 700, 256],
    ]);
    checkBytes(heads.sent[0]!, heads.before);

    // A call that ends below it: all skipped. One that begins behind it: none.
    traced.wantHeads(cookie, 0, next + 9_000, 256);
    const below = await steps.send(3_000);
    expect(below.sent.map(({ skipped, payload }) => [skipped, payload.length])).toEqual([[3_000, 0]]);
    traced.wantHeads(cookie, 0, next, 256);
    const above = await steps.send(3_000);
    expect(above.sent.map(({ skipped, payload }) => [skipped, payload.length])).toEqual([[0, 256]]);
    checkBytes(above.sent[0]!, above.before);

    // The directions have each their own: what is needed of sent bytes says nothing of received ones.
    const there = start + above.before + 3_000;
    traced.wantHeads(peer, there + 100, 0, 64);
    const other = await steps.send(1_000);
    expect(other.received[0]).toMatchObject({ position: there >>> 0, skipped: 100 });
    expect(other.received[0]!.payload.length).toBe(64);
    checkBytes(other.received[0]!, other.before);

    // A verdict stands for a cookie, not for a slot: the next cookie of the same slot takes it over.
    traced.setVerdict(cookie + 65_536, MODE.OFF);
    const robbed = await steps.send(100);
    expect(robbed.sent.map(({ payload }) => payload.length)).toEqual([100]);
  });

  it('copy nothing and count it while paused', async () => {
    traced.paused = true;
    expect(await steps.send(100)).toMatchObject({ sent: [], received: [] });
    const shed = traced.lost()['kernel_shed']!;
    expect(shed).toBeGreaterThanOrEqual(2);
    traced.paused = false;
    expect((await steps.send(100)).sent.length).toBe(1);
    await steps.end();
  });

  it('by port stand for sockets that have none, at both ends', async () => {
    for (let port = 0; port < 65_536; port++) traced.setPortVerdict(port, MODE.META);
    const others = new Steps(arena, program, traced);
    const meta = await others.send(500);
    expect(meta.sent.map(({ length, payload }) => [length, payload.length])).toEqual([[500, 0]]);
    const [client] = meta.sent;
    expect(meta.received.map(({ payload }) => payload.length)).toEqual([0]);
    for (let port = 0; port < 65_536; port++) traced.setPortVerdict(port, MODE.PROBE);
    // The server's port, whichever end.
    traced.setPortVerdict(client!.remotePort, MODE.OFF);
    expect(await others.send(500)).toMatchObject({ sent: [], received: [] });
    traced.setVerdict(client!.cookie, MODE.FULL);
    expect((await others.send(500)).sent.map(({ payload }) => payload.length)).toEqual([500]);
    await others.end();
  });
});
