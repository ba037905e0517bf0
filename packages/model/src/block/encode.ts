import { EVIDENCE_KINDS, OBSERVATION_POINTS, SPAN_KINDS, SPAN_STATUSES, type SpanRecord } from '../span.ts';
import type { Epoch } from '../time.ts';
import { ByteColumn } from './byte-column.ts';
import { DictionaryColumn } from './dictionary-column.ts';
import { SPAN_COLUMNS, type SpanColumnName } from './schema.ts';

/** What all spans of a batch have in common. */
export interface BlockOrigin {
  readonly agentId: string;
  readonly host: string;
  /** Moment 0 of the records' times. */
  readonly epoch: Epoch;
}

const EVIDENCE_INDEX = new Map<string, number>(EVIDENCE_KINDS.map((kind, index) => [kind, index]));
const POINT_INDEX = new Map<string, number>(OBSERVATION_POINTS.map((point, index) => [point, index]));
/** What a span takes beside its texts, about: ids, times, numbers, indexes, a link. */
const FIXED_BYTES = 160;
const TWO_32 = 0x1_0000_0000;

/** Map(LowCardinality(String), …) while it is being built. */
class MapColumn {
  readonly keys = new DictionaryColumn();
  readonly values = new ByteColumn();
  readonly ends = new ByteColumn();

  reset(): void {
    this.keys.reset();
    this.values.reset();
    this.ends.reset();
  }

  endRow(): void {
    this.ends.words(this.keys.length, 0);
  }

  write(out: ByteColumn): void {
    this.keys.writePrefix(out);
    out.append(this.ends.bytes, this.ends.length);
    this.keys.writeData(out);
    out.append(this.values.bytes, this.values.length);
  }
}

/** One batch of spans as a wire block. */
export function encodeBlock(records: readonly SpanRecord[], origin: BlockOrigin): Uint8Array<ArrayBuffer> {
  const encoder = new BlockEncoder(origin);
  for (const record of records) encoder.add(record);
  return encoder.take();
}

/**
 * Encodes spans as wire blocks (`schema.ts`), each as it comes: records that waited for their block were most of what the
 * agent's garbage collector copied. One instance serves any number of blocks.
 */
export class BlockEncoder {
  /** Spans in the block that is being made. */
  rows = 0;
  readonly #origin: BlockOrigin;
  readonly #epochLow: number;
  readonly #epochHigh: number;
  private readonly spanId = new ByteColumn();
  private readonly parentSpanId = new ByteColumn();
  private readonly exchangeKey = new ByteColumn();
  private readonly carriedTraceId = new ByteColumn();
  private readonly name = new DictionaryColumn();
  private readonly kind = new ByteColumn();
  private readonly point = new ByteColumn();
  private readonly service = new DictionaryColumn();
  private readonly start = new ByteColumn();
  private readonly duration = new ByteColumn();
  private readonly status = new ByteColumn();
  private readonly texts = new MapColumn();
  private readonly numbers = new MapColumn();
  private readonly flags = new MapColumn();
  private readonly linkEnds = new ByteColumn();
  private readonly linkSpanId = new ByteColumn();
  private readonly linkConfidence = new ByteColumn();
  private readonly linkChosen = new ByteColumn();
  private readonly linkEvidenceCount = new ByteColumn();
  private readonly evidenceEnds = new ByteColumn();
  private readonly evidenceKind = new ByteColumn();
  private readonly evidenceKey = new ByteColumn();
  private readonly evidenceConfidence = new ByteColumn();
  private readonly joinIdEnds = new ByteColumn();
  private readonly joinIds = new ByteColumn();
  private readonly out = new ByteColumn();
  private links = 0;
  private evidence = 0;
  private ids = 0;

  /** How each column's data is written. */
  private readonly writers: Readonly<Record<SpanColumnName, (rows: number, origin: BlockOrigin) => void>> = {
    span_id: () => this.plain(this.spanId),
    parent_span_id: () => this.plain(this.parentSpanId),
    exchange_key: () => this.plain(this.exchangeKey),
    carried_trace_id: () => this.plain(this.carriedTraceId),
    name: () => this.dictionary(this.name),
    kind: () => this.plain(this.kind),
    observation_point: () => this.plain(this.point),
    service: () => this.dictionary(this.service),
    start_time: () => this.plain(this.start),
    duration: () => this.plain(this.duration),
    status: () => this.plain(this.status),
    attributes: () => this.texts.write(this.out),
    numbers: () => this.numbers.write(this.out),
    flags: () => this.flags.write(this.out),
    link_span_id: () => this.array(this.linkEnds, this.linkSpanId),
    link_confidence: () => this.array(this.linkEnds, this.linkConfidence),
    link_chosen: () => this.array(this.linkEnds, this.linkChosen),
    link_evidence_count: () => this.array(this.linkEnds, this.linkEvidenceCount),
    evidence_kind: () => this.array(this.evidenceEnds, this.evidenceKind),
    evidence_key: () => this.array(this.evidenceEnds, this.evidenceKey),
    evidence_confidence: () => this.array(this.evidenceEnds, this.evidenceConfidence),
    join_ids: () => this.array(this.joinIdEnds, this.joinIds),
    agent_id: (rows, origin) => this.constant(origin.agentId, rows),
    host: (rows, origin) => this.constant(origin.host, rows),
  };

  constructor(origin: BlockOrigin) {
    this.#origin = origin;
    this.#epochHigh = Number(BigInt.asIntN(32, origin.epoch >> 32n));
    this.#epochLow = Number(BigInt.asUintN(32, origin.epoch));
  }

  /** Bytes of the block that is being made, about. */
  get size(): number {
    const texts = this.texts.values.length + this.evidenceKey.length + this.name.keyBytes;
    return this.rows * FIXED_BYTES + texts;
  }

  /**
   * Ends the block and begins the next one.
   * @param spare memory that nobody uses any more: the block goes there if it fits
   * @returns an array that the caller owns, alone in its buffer
   */
  take(spare: ArrayBuffer | null = null): Uint8Array<ArrayBuffer> {
    const { rows } = this;
    this.out.varuint(SPAN_COLUMNS.length);
    this.out.varuint(rows);
    for (const column of SPAN_COLUMNS) {
      this.out.string(column.name);
      this.out.string(column.type);
      if (rows > 0) this.writers[column.name](rows, this.#origin);
    }
    const { length } = this.out;
    const memory = spare !== null && spare.byteLength >= length ? spare : new ArrayBuffer(length);
    const block = new Uint8Array(memory, 0, length);
    block.set(this.out.bytes.subarray(0, length));
    this.reset();
    return block;
  }

  private reset(): void {
    for (const column of Object.values(this)) {
      if (column instanceof ByteColumn || column instanceof DictionaryColumn || column instanceof MapColumn) {
        column.reset();
      }
    }
    this.links = 0;
    this.evidence = 0;
    this.ids = 0;
    this.rows = 0;
  }

  /** Takes one span into the block. */
  add(record: SpanRecord): void {
    this.rows++;
    this.spanId.hex64(record.spanId);
    this.parentSpanId.hex64(record.parentSpanId);
    this.exchangeKey.hex128(record.exchangeKey);
    this.carriedTraceId.hex128(record.carriedTraceId);
    this.name.add(record.name);
    this.kind.u8(SPAN_KINDS.indexOf(record.kind));
    this.point.u8(POINT_INDEX.get(record.observationPoint)!);
    this.service.add(record.service);
    const start = Math.round(record.start);
    const high = Math.floor(start / TWO_32);
    const low = start - high * TWO_32 + this.#epochLow;
    this.start.words(low, high + this.#epochHigh + (low >= TWO_32 ? 1 : 0));
    this.duration.i64(Math.max(0, Math.round(record.duration)));
    this.status.u8(SPAN_STATUSES.indexOf(record.status));
    this.addAttributes(record);
    this.addLinks(record);
    this.addJoinIds(record);
  }

  private addAttributes(record: SpanRecord): void {
    const attributes = record.attributes;
    for (const key in attributes) {
      const value = attributes[key];
      if (typeof value === 'string') {
        this.texts.keys.add(key);
        this.texts.values.string(value);
      } else if (typeof value === 'number') {
        this.numbers.keys.add(key);
        this.numbers.values.f64(value);
      } else if (typeof value === 'boolean') {
        this.flags.keys.add(key);
        this.flags.values.u8(value ? 1 : 0);
      }
    }
    this.texts.endRow();
    this.numbers.endRow();
    this.flags.endRow();
  }

  private addLinks(record: SpanRecord): void {
    for (const link of record.links) {
      this.linkSpanId.hex64(link.spanId);
      this.linkConfidence.f64(link.confidence);
      this.linkChosen.u8(link.chosen ? 1 : 0);
      const count = Math.min(link.evidence.length, 0xffff);
      this.linkEvidenceCount.u16(count);
      for (let i = 0; i < count; i++) {
        const evidence = link.evidence[i]!;
        this.evidenceKind.u8(EVIDENCE_INDEX.get(evidence.kind)!);
        this.evidenceKey.string(evidence.key);
        this.evidenceConfidence.f64(evidence.confidence);
      }
      this.evidence += count;
    }
    this.links += record.links.length;
    this.linkEnds.words(this.links, 0);
    this.evidenceEnds.words(this.evidence, 0);
  }

  private addJoinIds({ joinIds }: SpanRecord): void {
    if (joinIds !== undefined) {
      for (let i = 0; i < joinIds.length; i++) this.joinIds.hex64(joinIds[i]!);
      this.ids += joinIds.length;
    }
    this.joinIdEnds.words(this.ids, 0);
  }

  private plain(column: ByteColumn): void {
    this.out.append(column.bytes, column.length);
  }

  private dictionary(column: DictionaryColumn): void {
    column.writePrefix(this.out);
    column.writeData(this.out);
  }

  private array(ends: ByteColumn, values: ByteColumn): void {
    this.plain(ends);
    this.plain(values);
  }

  private constant(text: string, rows: number): void {
    const column = new DictionaryColumn();
    for (let i = 0; i < rows; i++) column.add(text);
    this.dictionary(column);
  }
}
