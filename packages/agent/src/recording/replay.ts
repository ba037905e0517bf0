import { epoch, type SpanRecord } from '@weft/model';
import { recordMemory } from '../capture/socket-event.ts';
import { Pipeline } from '../pipeline.ts';
import type { ProcessFacts } from '../pipeline-contracts.ts';
import type { SpanOwner } from '../sessions/span-builder.ts';
import type { ProcessRecord } from './format.ts';
import { isRecording, readRecordingHeader, readRecords } from './reader.ts';
import { replayCapture } from './replay-capture.ts';
import type { Replayed, ReplayOptions } from './replayed.ts';

/** What a recording says about its processes. */
class RecordedProcesses implements ProcessFacts {
  readonly #known = new Map<number, { owner: SpanOwner; listening: Set<number> }>();

  learn(record: ProcessRecord): void {
    this.#known.set(record.tgid, {
      owner: { service: record.service, attributes: record.attributes },
      listening: new Set(record.listening),
    });
  }

  owner(tgid: number): SpanOwner {
    return this.#known.get(tgid)?.owner ?? { service: 'unknown', attributes: { 'process.pid': tgid } };
  }

  isListening(tgid: number, port: number): boolean {
    return this.#known.get(tgid)?.listening.has(port) ?? false;
  }

  seen(): boolean {
    return true;
  }

  executed(): void {}
  forked(): void {}
  exited(): void {}
}

/**
 * Spans of a recording's bytes: the same bytes give the same spans, in the same order. What was learnt of
 * the processes while recording counts from the beginning, as it would have been known to a reader of /proc.
 * @throws Error in one sentence when it is no recording
 */
export function replayRecording(bytes: Uint8Array, options: ReplayOptions): Replayed {
  const header = readRecordingHeader(bytes);
  if (!header.ok) throw new Error(header.error);
  // Records are read in place by 32-bit words: a view that is not aligned is copied once.
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const memory = recordMemory(aligned);
  const processes = new RecordedProcesses();
  const records: SpanRecord[] = [];
  const pipeline = new Pipeline(
    processes,
    {
      ...options,
      without: options.without ?? [],
      epochUnixNanos: Number(header.value.header.epochUnixNano),
    },
    (span) => records.push(span),
  );
  readRecords(aligned, header.value.offset, {
    event: () => {},
    process: (record) => processes.learn(record),
  });
  const torn = readRecords(aligned, header.value.offset, {
    event: (offset, length) => pipeline.record(memory, offset, length),
    process: () => {},
  });
  if (torn > 0) pipeline.losses.count('recording_torn');
  pipeline.finish();
  return {
    records,
    epoch: epoch(BigInt(header.value.header.epochUnixNano)),
    losses: pipeline.losses.all(),
    events: pipeline.events,
  };
}

/**
 * Spans of a file's bytes: a recording of `weft record`, or a capture (pcap, pcapng).
 * @throws Error in one sentence when they are neither
 */
export function replayBytes(bytes: Uint8Array, options: ReplayOptions): Replayed {
  return isRecording(bytes) ? replayRecording(bytes, options) : replayCapture(bytes, options);
}
