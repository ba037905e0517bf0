import { BlockRefused, type Store, StoreFull } from '@weft/store';

interface Waiting {
  readonly block: Uint8Array;
  readonly stored: () => void;
  readonly failed: (error: unknown) => void;
}

/** So much may wait in memory; beyond it senders are told to come back later. */
const MAX_QUEUED_BYTES = 64 << 20;
/**
 * An insert costs the store some 20 ms of CPU, however small it is: batches that come within this time share one.
 * The first after a pause does not wait.
 */
export const DEFAULT_INSERT_INTERVAL_MS = 400;
/** So much is worth an insert of its own at any time. */
const ENOUGH_BYTES = 1 << 20;
const PAUSE_STEP_MS = 20;
/** One insert takes so much at most. */
const MAX_INSERT_BYTES = 32 << 20;
/** A failure is a problem for so long: agents try again every few seconds. */
const PROBLEM_MS = 30_000;

/** Batches on their way into the store, in the order they came. */
export class IngestQueue {
  private readonly waiting: Waiting[] = [];
  private readonly store: Store;
  private readonly insertIntervalMs: number;
  private bytes = 0;
  private busy: Promise<void> | null = null;
  private lastInsert = Number.NEGATIVE_INFINITY;
  private closing = false;
  private failure: { readonly sentence: string; readonly at: number } | null = null;

  constructor(store: Store, insertIntervalMs: number) {
    this.store = store;
    this.insertIntervalMs = insertIntervalMs;
  }

  get queuedBytes(): number {
    return this.bytes;
  }

  /** Why inserts of good blocks fail, in one sentence; null: the last one did not, or nothing has been sent again for long. */
  get problem(): string | null {
    const { failure } = this;
    return failure !== null && performance.now() - failure.at < PROBLEM_MS ? failure.sentence : null;
  }

  /** Whether a batch of that size may come now. */
  hasRoom(size: number): boolean {
    return !this.closing && this.bytes + size <= MAX_QUEUED_BYTES;
  }

  /**
   * Resolves when the block is stored.
   * @throws BlockRefused when it can never be stored; what the client throws when the store cannot be reached
   */
  add(block: Uint8Array): Promise<void> {
    this.bytes += block.length;
    return new Promise((resolve, reject) => {
      this.waiting.push({ block, stored: resolve, failed: reject });
      this.busy ??= this.work().finally(() => {
        this.busy = null;
      });
    });
  }

  /** Takes nothing more, and resolves when everything that was taken is stored or refused. */
  async close(): Promise<void> {
    this.closing = true;
    await this.busy;
  }

  private async work(): Promise<void> {
    while (this.waiting.length > 0) {
      await this.pause();
      this.lastInsert = performance.now();
      let size = 0;
      let count = 0;
      while (
        count < this.waiting.length &&
        (count === 0 || size + this.waiting[count]!.block.length <= MAX_INSERT_BYTES)
      ) {
        size += this.waiting[count++]!.block.length;
      }
      const batch = this.waiting.splice(0, count);
      await this.insert(batch);
      this.bytes -= size;
    }
  }

  /** Waits for company, unless there is enough already. */
  private async pause(): Promise<void> {
    const end = this.lastInsert + this.insertIntervalMs;
    while (performance.now() < end && this.bytes < ENOUGH_BYTES && !this.closing) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_STEP_MS));
    }
  }

  private async insert(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.store.insertSpans(batch.map((one) => one.block));
      this.failure = null;
      for (const one of batch) one.stored();
    } catch (error) {
      if (batch.length > 1 && error instanceof BlockRefused) {
        // One bad batch must not cost the others theirs.
        for (const one of batch) await this.insert([one]);
        return;
      }
      if (!(error instanceof BlockRefused)) {
        this.failure = { sentence: sentenceOf(error), at: performance.now() };
      }
      for (const one of batch) one.failed(error);
    }
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof StoreFull
    ? "The store's disk is full: make room on it; what was sent is kept and sent again."
    : 'The store cannot be reached: what was sent is kept and sent again.';
}
