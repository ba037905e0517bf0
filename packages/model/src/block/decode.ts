import type { ExchangeKey, SpanId, TraceId } from '../ids.ts';
import type { JoinId } from '../join-id.ts';
import { err, ok, type Result } from '../result.ts';
import {
  type AttributeValue,
  EVIDENCE_KINDS,
  type Evidence,
  type Link,
  OBSERVATION_POINTS,
  SPAN_KINDS,
  SPAN_STATUSES,
  type SpanRecord,
} from '../span.ts';
import { type Epoch, nanos } from '../time.ts';
import { type NativeBlock, type NativeColumn, readNative } from './native-reader.ts';
import { SPAN_COLUMNS, type SpanColumnName } from './schema.ts';
import { ColumnValues, endItem, firstItem } from './values.ts';

/** A span with where it came from. */
export interface OriginatedSpan {
  readonly record: SpanRecord;
  readonly agentId: string;
  readonly host: string;
}

/**
 * Reads spans out of Native blocks with the columns of `SPAN_COLUMNS`, in any order: a wire block, or
 * what the store answers.
 * @param epoch moment 0 of the records' times; exact for spans within 104 days of it
 */
export function decodeSpans(bytes: Uint8Array, epoch: Epoch): Result<OriginatedSpan[]> {
  const blocks = readNative(bytes);
  if (!blocks.ok) return blocks;
  const values = new ColumnValues(bytes);
  const spans: OriginatedSpan[] = [];
  for (const block of blocks.value) {
    const problem = decodeBlockInto(block, values, epoch, spans);
    if (problem !== null) return err(problem);
  }
  return ok(spans);
}

type Columns = Readonly<Record<SpanColumnName, NativeColumn>>;

function decodeBlockInto(
  block: NativeBlock,
  values: ColumnValues,
  epoch: Epoch,
  into: OriginatedSpan[],
): string | null {
  const found = new Map(block.columns.map((column) => [column.name, column.data]));
  for (const column of SPAN_COLUMNS) if (!found.has(column.name)) return `no column ${column.name}`;
  const columns = Object.fromEntries(found) as Columns;
  const low = Number(BigInt.asUintN(32, epoch));
  const high = Number(BigInt.asIntN(32, epoch >> 32n));
  for (let row = 0; row < block.rows; row++) {
    const spanId = values.hex64(columns.span_id, row);
    const exchangeKey = values.hex128(columns.exchange_key, row);
    const kind = SPAN_KINDS[values.u8(columns.kind, row)];
    const observationPoint = OBSERVATION_POINTS[values.u8(columns.observation_point, row)];
    const status = SPAN_STATUSES[values.u8(columns.status, row)];
    if (kind === undefined || observationPoint === undefined || status === undefined)
      return 'value out of range';
    const links = readLinks(columns, values, row);
    if (links === null) return 'links out of step';
    const joinIds = readJoinIds(columns.join_ids, values, row);
    into.push({
      record: {
        spanId: (spanId ?? '0000000000000000') as SpanId,
        exchangeKey: (exchangeKey ?? '0'.repeat(32)) as ExchangeKey,
        carriedTraceId: values.hex128(columns.carried_trace_id, row) as TraceId | null,
        ...(joinIds === undefined ? {} : { joinIds }),
        parentSpanId: values.hex64(columns.parent_span_id, row) as SpanId | null,
        links,
        name: values.text(columns.name, row),
        kind,
        observationPoint,
        service: values.text(columns.service, row),
        start: nanos(values.difference(columns.start_time, row, low, high)),
        duration: values.u64(columns.duration, row),
        status,
        attributes: readAttributes(columns, values, row),
      },
      agentId: values.text(columns.agent_id, row),
      host: values.text(columns.host, row),
    });
  }
  return null;
}

/** Of a column with join ids; undefined: none. */
export function readJoinIds(
  column: NativeColumn,
  values: ColumnValues,
  row: number,
): readonly JoinId[] | undefined {
  if (column.form !== 'array') return undefined;
  const ids: JoinId[] = [];
  for (let i = firstItem(column, row); i < endItem(column, row); i++) {
    const id = values.hex64(column.items, i);
    if (id !== null) ids.push(id as string as JoinId);
  }
  return ids.length === 0 ? undefined : ids;
}

function readAttributes(columns: Columns, values: ColumnValues, row: number): Record<string, AttributeValue> {
  // No prototype to collide with: `__proto__` is a key like any other.
  const entries: [string, AttributeValue][] = [];
  const read = (column: NativeColumn, value: (items: NativeColumn, at: number) => AttributeValue): void => {
    if (column.form !== 'map') return;
    for (let i = firstItem(column, row); i < endItem(column, row); i++) {
      entries.push([values.text(column.keys, i), value(column.values, i)]);
    }
  };
  read(columns.attributes, (items, at) => values.text(items, at));
  read(columns.numbers, (items, at) => values.f64(items, at));
  read(columns.flags, (items, at) => values.u8(items, at) !== 0);
  return Object.fromEntries(entries);
}

function readLinks(columns: Columns, values: ColumnValues, row: number): Link[] | null {
  const { link_span_id: ids, link_confidence: confidences, link_chosen: chosen } = columns;
  const { link_evidence_count: counts, evidence_kind: kinds, evidence_key: keys } = columns;
  const strengths = columns.evidence_confidence;
  if (ids.form !== 'array' || confidences.form !== 'array' || chosen.form !== 'array') return null;
  if (counts.form !== 'array' || kinds.form !== 'array' || keys.form !== 'array') return null;
  if (strengths.form !== 'array') return null;
  const end = endItem(ids, row);
  const evidenceEnd = endItem(kinds, row);
  for (const column of [confidences, chosen, counts]) if (endItem(column, row) !== end) return null;
  for (const column of [keys, strengths]) if (endItem(column, row) !== evidenceEnd) return null;
  const links: Link[] = [];
  let next = firstItem(kinds, row);
  for (let i = firstItem(ids, row); i < end; i++) {
    const evidence: Evidence[] = [];
    for (const stop = next + values.u16(counts.items, i); next < stop; next++) {
      if (next >= evidenceEnd) return null;
      const kind = EVIDENCE_KINDS[values.u8(kinds.items, next)];
      if (kind === undefined) return null;
      evidence.push({
        kind,
        key: values.text(keys.items, next),
        confidence: values.f64(strengths.items, next),
      });
    }
    links.push({
      spanId: (values.hex64(ids.items, i) ?? '0000000000000000') as SpanId,
      evidence,
      confidence: values.f64(confidences.items, i),
      chosen: values.u8(chosen.items, i) !== 0,
    });
  }
  return links;
}
