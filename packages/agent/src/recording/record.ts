import { EVENT, KIND } from '@weft/kernel';
import { KernelCapture } from '../capture/kernel-capture.ts';
import { SocketEvent } from '../capture/socket-event.ts';
import { originNow } from '../clock.ts';
import type { CaptureOptions } from '../options.ts';
import { kernelObject } from '../paths.ts';
import { LiveProcesses } from '../process/live-processes.ts';
import { RecordingWriter } from './writer.ts';

export interface RecordOptions extends CaptureOptions {
  /** Null: until stopped. */
  readonly seconds: number | null;
  /** Record this process alone; null: all in scope. */
  readonly pid: number | null;
  /** Ends the recording. */
  readonly signal?: AbortSignal;
  /** Told about once a second. */
  readonly progress?: (state: RecordingState) => void;
  /** The kernel side is attached: what happens from now on is in the file. */
  readonly started?: () => void;
}

export interface RecordingState {
  readonly events: number;
  readonly bytes: number;
  readonly lost: Readonly<Record<string, number>>;
}

const POLL_MS = 2;

/**
 * Writes the kernel's raw events to a file (mode 0600: it holds payload). Ends after `seconds` or on the signal.
 * @throws Error in one sentence when tracing is not possible here
 */
export async function recordEvents(path: string, options: RecordOptions): Promise<RecordingState> {
  const origin = originNow();
  const capture = KernelCapture.start({
    ...options,
    object: kernelObject(),
    onlyPid: options.pid,
    monotonicEpoch: origin.monotonic,
  });
  try {
    const writer = new RecordingWriter(path, {
      version: '0.1.0',
      epochUnixNano: origin.unix.toString(),
      tier: capture.tier,
      eventSize: EVENT.size,
    });
    try {
      return await copy(capture, writer, options);
    } finally {
      writer.close();
    }
  } finally {
    capture.close();
  }
}

async function copy(
  capture: KernelCapture,
  writer: RecordingWriter,
  options: RecordOptions,
): Promise<RecordingState> {
  const processes = new LiveProcesses({
    go: (tgid, runtime) => capture.setGoRuntime(tgid, runtime),
    jvm: (tgid, runtime) => capture.setJvmRuntime(tgid, runtime),
    own: (tgid) => capture.exclude(tgid),
    gone: (tgid) => capture.forget(tgid),
    known: (record) => writer.process(record),
  });
  for (const pid of options.excludePids) capture.exclude(pid);
  processes.scan();
  // Not before the caller has the promise in hand.
  await Promise.resolve();
  options.started?.();
  const event = new SocketEvent();
  const end =
    options.seconds === null ? Number.POSITIVE_INFINITY : performance.now() + options.seconds * 1000;
  const state = () => ({ events, bytes: writer.bytes, lost: capture.lost() });
  let events = 0;
  let nextProgress = performance.now() + 1000;
  const { ring } = capture;
  for (;;) {
    const last = performance.now() >= end || options.signal?.aborted === true;
    ring.poll();
    while (ring.next()) {
      events++;
      const kind = ring.bytes[ring.offset]!;
      let { length } = ring;
      if (kind === KIND.EXEC) processes.executed(ring.u32[(ring.offset + EVENT.tgid) >> 2]!);
      else if (kind === KIND.SEND || kind === KIND.RECV) {
        event.read(ring, ring.offset);
        if (!processes.seen(event.tgid)) continue;
        // Room that was reserved is not always used.
        length = Math.min(length, SocketEvent.headerBytes(event.flags) + event.captured);
      }
      writer.event(ring.bytes, ring.offset, length);
      if (events % 256 === 0) ring.release();
    }
    ring.release();
    if (last) return state();
    if (options.progress !== undefined && performance.now() > nextProgress) {
      nextProgress += 1000;
      options.progress(state());
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
