import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type AgentReport, epoch, nanos, toUnixNanos } from '@weft/model';
import { originNow } from './clock.ts';
import { Sender } from './export/sender.ts';
import type { AgentOptions } from './options.ts';
import { kernelObject, workerBundle } from './paths.ts';
import type { FromWorker, ToWorker, WorkerData } from './worker-messages.ts';

/** A running agent. */
export interface RunningAgent {
  readonly tier: string;
  /** Warnings about optional hooks that are not there. */
  readonly warnings: readonly string[];
  /** Replaces the processes that are not traced, besides the agent itself. */
  exclude(pids: readonly number[]): void;
  stop(): Promise<void>;
}

const VERSION = '0.1.0';
/**
 * Hardly anything outlives a span, but V8 kept the young generation that a burst had made it grow to: 33 MiB, in runs at 5 000
 * requests/s over 1 000 connections. How much less memory the bound leaves differed from run to run (7 MiB and more).
 */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 12 };
const REPORT_MS = 1_000;
const READY_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 3_000;

/**
 * Starts capturing on this host. @throws Error in one sentence when this kernel or these rights do not
 * allow it; nothing is left behind then.
 */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const origin = originNow();
  const agentId = randomUUID();
  const host = hostname();
  const { serverUrl, token, ...capture } = options;
  const workerData: WorkerData = {
    capture: { ...capture, object: kernelObject(), onlyPid: null, monotonicEpoch: origin.monotonic },
    agentId,
    host,
    unixEpoch: origin.unix,
  };
  const worker = new Worker(workerBundle(), { workerData, resourceLimits: WORKER_LIMITS });
  const tell = (message: ToWorker) => worker.postMessage(message);
  /** A block's memory goes back and forth: without it each was new memory for the kernel to clear, 2.5 MB/s at 5 000 requests/s. */
  const left = (block: Uint8Array | null) => {
    const memory = block?.buffer instanceof ArrayBuffer ? block.buffer : null;
    worker.postMessage({ type: 'left', memory } satisfies ToWorker, memory === null ? [] : [memory]);
  };
  const ready = await started(worker);
  const sender = new Sender({ serverUrl, token, agentId, host, left });
  let status: Extract<FromWorker, { type: 'status' }> | null = null;
  let settled = 0;
  let unixEpoch = origin.unix;
  const stopped = new Promise<void>((resolve) => {
    worker.on('message', (message: FromWorker) => {
      switch (message.type) {
        case 'spans':
          if (message.block === null) {
            if (sender.idle) settled = message.settled;
            break;
          }
          sender.push(message.block, message.rows, unix(message.settled));
          break;
        case 'status':
          status = message;
          break;
        case 'epoch':
          unixEpoch = epoch(message.unix);
          break;
        case 'stopped':
          resolve();
          break;
        case 'ready':
        case 'failed':
          break;
      }
    });
    worker.on('exit', () => resolve());
  });
  const unix = (at: number) => toUnixNanos(unixEpoch, nanos(at)).toString();
  const report = () => {
    const cpu = process.cpuUsage();
    const lost: Record<string, number> = { ...status?.lost };
    if (sender.droppedRows > 0) lost['export_dropped_spans'] = sender.droppedRows;
    const body: AgentReport = {
      agentId,
      hostname: host,
      version: VERSION,
      tier: ready.tier,
      hooks: status?.hooks ?? ready.hooks,
      events: status?.events ?? 0,
      capturedBytes: status?.capturedBytes ?? 0,
      spans: status?.spans ?? 0,
      lost,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      tracedShare: status?.share ?? 1,
      payloadBytes: status?.payloadBytes ?? 0,
      settledUntilUnixNano: unix(settled),
    };
    return sender.report(body);
  };
  const timer = setInterval(() => void report(), REPORT_MS);
  void report();
  return {
    tier: ready.tier,
    warnings: Object.entries(ready.hooks)
      .filter(([, state]) => state !== 'attached')
      .map(([program, state]) => `${program} ${state}`),
    exclude: (pids) => tell({ type: 'exclude', pids }),
    async stop() {
      clearInterval(timer);
      tell({ type: 'stop' });
      await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, STOP_LIMIT_MS).unref())]);
      await sender.stop();
      await worker.terminate();
    },
  };
}

async function started(worker: Worker): Promise<Extract<FromWorker, { type: 'ready' }>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail('the capture worker did not start in time'), READY_LIMIT_MS);
    const fail = (reason: string) => {
      clearTimeout(timer);
      void worker.terminate();
      reject(new Error(reason));
    };
    worker.once('error', (error) => fail(error.message));
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'failed') fail(message.error);
      else if (message.type === 'ready') {
        clearTimeout(timer);
        resolve(message);
      }
    });
  });
}
