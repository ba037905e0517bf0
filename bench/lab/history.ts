import { randomFillSync } from 'node:crypto';
import {
  type ExchangeKey,
  encodeBlock,
  epoch,
  nanos,
  type SpanId,
  type SpanRecord,
  type TraceId,
} from '@weft/model';

/** Different paths in a history; a trace has one. */
export const HISTORY_PATHS = 10_000;

/** One stretch of a history, as an agent ships it. */
export interface HistoryBlock {
  readonly bytes: Uint8Array;
  readonly spans: number;
}

/** An id with its 32-bit words changed alike for all ids of a stretch: as random as before, and different in each. */
function changed(id: string, mask: Uint32Array): string {
  let text = '';
  for (let at = 0; at < id.length; at += 8) {
    const word = (Number.parseInt(id.slice(at, at + 8), 16) ^ mask[(at >> 3) & 1]!) >>> 0;
    text += word.toString(16).padStart(8, '0');
  }
  return text;
}

/**
 * Makes a long history of spans out of a short one that was recorded: each stretch has the recorded spans, attributes and
 * evidence, with ids and paths of its own.
 */
export class SpanHistory {
  readonly #records: readonly SpanRecord[];
  /** The place in order of each exchange: both ends of it have one path. */
  readonly #exchanges = new Map<string, number>();
  readonly #mask = new Uint32Array(2);
  #stretches = 0;

  /** @param records of some seconds, in the order of their start */
  constructor(records: readonly SpanRecord[]) {
    const first = Math.min(...records.map((record) => record.start));
    this.#records = records.map((record) => ({ ...record, start: nanos(record.start - first) }));
    for (const { exchangeKey } of records) {
      if (!this.#exchanges.has(exchangeKey)) this.#exchanges.set(exchangeKey, this.#exchanges.size);
    }
  }

  get spansAStretch(): number {
    return this.#records.length;
  }

  /** The next stretch. @param start Unix ns of its first span */
  next(start: bigint): HistoryBlock {
    randomFillSync(this.#mask);
    const stretch = this.#stretches++;
    const records = this.#records.map((record) => this.#copy(record, stretch));
    const bytes = encodeBlock(records, { agentId: 'bench', host: 'bench', epoch: epoch(start) });
    return { bytes, spans: records.length };
  }

  #copy(record: SpanRecord, stretch: number): SpanRecord {
    const mask = this.#mask;
    const id = (spanId: SpanId) => changed(spanId, mask) as SpanId;
    const place = stretch * this.#exchanges.size + this.#exchanges.get(record.exchangeKey)!;
    return {
      ...record,
      spanId: id(record.spanId),
      exchangeKey: changed(record.exchangeKey, mask) as ExchangeKey,
      carriedTraceId:
        record.carriedTraceId === null ? null : (changed(record.carriedTraceId, mask) as TraceId),
      parentSpanId: record.parentSpanId === null ? null : id(record.parentSpanId),
      links: record.links.map((link) => ({ ...link, spanId: id(link.spanId) })),
      // A step that shares no factor with the number of paths, so that neighbours differ.
      attributes: { ...record.attributes, 'url.path': pathOf(place * 7919) },
    };
  }
}

/** Path number `index` of a history, modulo their number. */
export function pathOf(index: number): string {
  return `/products/${index % HISTORY_PATHS}`;
}
