import { setTimeout as sleep } from 'node:timers/promises';
import { MODE } from '@weft/kernel';
import type { SpanRecord } from '@weft/model';
import { tracedCgroup } from '../../capture/cgroup.ts';
import type { KernelCapture } from '../../capture/kernel-capture.ts';
import { type Arena, capture } from '../../capture/testing/live.ts';
import type { Tier } from '../../options.ts';
import { Pipeline } from '../../pipeline.ts';
import { LiveProcesses } from '../../process/live-processes.ts';
import { TlsProbes } from '../tls-probes.ts';

/** A busy machine reads it late. */
const RING_BYTES = 16 << 20;
/** As in the worker: an event this old is in its ring, and so is everything before it on other CPUs. */
const IN_PROGRESS_NANOS = 100_000;

/** A whole agent but for the export: what an arena's programs do becomes spans. */
export class Traced {
  readonly spans: SpanRecord[] = [];
  readonly probes: TlsProbes;
  readonly pipeline: Pipeline;
  readonly kernel: KernelCapture;
  readonly #arena: Arena;
  readonly #epoch = process.hrtime.bigint();

  /** @param tls probe TLS libraries */
  constructor(arena: Arena, tier: Tier = 'sock', tls = true) {
    this.#arena = arena;
    const kernel = capture(arena, tier, { tls, ringBytes: RING_BYTES, monotonicEpoch: this.#epoch });
    this.kernel = kernel;
    this.probes = new TlsProbes(
      (path, point) => kernel.probeTls(path, point),
      tracedCgroup({ onlyCgroup: arena.cgroup, excludeCgroup: null }),
    );
    const processes = new LiveProcesses({
      go: (tgid, runtime) => kernel.setGoRuntime(tgid, runtime),
      jvm: (tgid, runtime) => kernel.setJvmRuntime(tgid, runtime),
      own: (tgid) => kernel.exclude(tgid),
      running: (tgid) => {
        if (tls) this.probes.started(tgid, performance.now());
      },
      gone: (tgid) => {
        this.probes.exited(tgid);
        kernel.forget(tgid);
      },
    });
    this.pipeline = new Pipeline(
      processes,
      { mask: false, without: [] },
      (span) => {
        this.spans.push(span);
      },
      {
        heads: (cookie, received, sent, limit) => kernel.wantHeads(cookie, received, sent, limit),
        wholeCalls: (port) => kernel.setPortVerdict(port, MODE.FULL),
      },
    );
    if (tls) this.probes.probeStanding();
  }

  /** The time by now as spans have it, ns. */
  get now(): number {
    return Number(process.hrtime.bigint() - this.#epoch);
  }

  /** Reads what the kernel has to tell, in the order of time. */
  drain(): void {
    const settled = this.now - IN_PROGRESS_NANOS;
    this.#read(settled);
    // What is quiet ends by itself, and calls that are held are given out.
    this.pipeline.tick(settled);
  }

  #read(until: number): void {
    const { ring } = this.kernel;
    ring.poll(until);
    while (ring.next()) this.pipeline.record(ring, ring.offset, ring.length);
    ring.release();
    this.probes.tick(performance.now());
  }

  /** Drains until a condition holds. @throws Error after 20 s */
  async until(condition: () => boolean, what: string): Promise<void> {
    const end = performance.now() + 20_000;
    for (;;) {
      this.drain();
      if (condition()) return;
      if (performance.now() > end) {
        throw new Error(`waited in vain: ${what}; lost ${JSON.stringify(this.lost())}`);
      }
      await sleep(2);
    }
  }

  /** Drains while something runs. */
  async during<T>(running: Promise<T>): Promise<T> {
    let isOver = false;
    running.then(
      () => {
        isOver = true;
      },
      () => {
        isOver = true;
      },
    );
    await this.until(() => isOver, 'the program is done');
    return running;
  }

  lost(): Record<string, number> {
    return { ...this.kernel.lost(), ...this.pipeline.losses.all() };
  }

  /** Gives out what is open, and ends. */
  finish(): readonly SpanRecord[] {
    this.#read(Number.POSITIVE_INFINITY);
    this.pipeline.finish();
    return this.spans;
  }

  async close(): Promise<void> {
    this.probes.close();
    this.kernel.close();
    await this.#arena.close();
  }
}
