import type { KernelCaptureOptions } from './capture/kernel-capture.ts';

/** What the capture worker is started with. */
export interface WorkerData {
  readonly capture: KernelCaptureOptions;
  readonly agentId: string;
  readonly host: string;
  readonly unixEpoch: bigint;
}

/** What the capture worker says. */
export type FromWorker =
  | { readonly type: 'ready'; readonly tier: string; readonly hooks: Readonly<Record<string, string>> }
  | { readonly type: 'failed'; readonly error: string }
  /** Spans, encoded as one wire block; null: none since the last. Everything that ended before `settled` has been sent. */
  | {
      readonly type: 'spans';
      readonly block: Uint8Array | null;
      readonly rows: number;
      /** ns since the origin */
      readonly settled: number;
    }
  | {
      readonly type: 'status';
      readonly events: number;
      readonly capturedBytes: number;
      readonly spans: number;
      readonly lost: Readonly<Record<string, number>>;
      readonly hooks: Readonly<Record<string, string>>;
      readonly connections: number;
      readonly share: number;
      readonly payloadBytes: number;
    }
  /** Unix time of the origin, from here on: the machine's clock was set. */
  | { readonly type: 'epoch'; readonly unix: bigint }
  | { readonly type: 'stopped' };

/** What it is told. */
export type ToWorker =
  | { readonly type: 'exclude'; readonly pids: readonly number[] }
  /** A block that was handed over has left: the next one can go, in the same memory if that is free again. */
  | { readonly type: 'left'; readonly memory: ArrayBuffer | null }
  | { readonly type: 'stop' };
