import {
  ColumnValues,
  type Epoch,
  type ExchangeKey,
  type NativeColumn,
  nanos,
  OBSERVATION_POINTS,
  readJoinIds,
  readNative,
  SPAN_KINDS,
  SPAN_STATUSES,
  type SpanId,
  type SpanRecord,
  type TraceId,
} from '@weft/model';

/** What assembly and listings need to know of a span: everything but attributes and evidence. */
export type SpanNode = Pick<
  SpanRecord,
  | 'spanId'
  | 'exchangeKey'
  | 'carriedTraceId'
  | 'joinIds'
  | 'parentSpanId'
  | 'name'
  | 'kind'
  | 'observationPoint'
  | 'service'
  | 'start'
  | 'duration'
  | 'status'
> & {
  /** Parent by the chosen link, if there is one, and its confidence. */
  readonly chosenSpanId: SpanId | null;
  readonly chosenConfidence: number;
};

const STORED = [
  'span_id',
  'parent_span_id',
  'exchange_key',
  'carried_trace_id',
  'name',
  'kind',
  'observation_point',
  'service',
  'start_time',
  'duration',
  'status',
  'join_ids',
] as const;
type Column = (typeof STORED)[number] | 'chosen_span_id' | 'chosen_confidence';

/** Select list of `decodeNodes`. */
export const NODE_COLUMNS = [
  ...STORED,
  'link_span_id[indexOf(link_chosen, 1)] AS chosen_span_id',
  'link_confidence[indexOf(link_chosen, 1)] AS chosen_confidence',
].join(', ');

/** Node of a span that is here as a whole. */
export function toNode(record: SpanRecord): SpanNode {
  const chosen = record.links.find((link) => link.chosen);
  return { ...record, chosenSpanId: chosen?.spanId ?? null, chosenConfidence: chosen?.confidence ?? 0 };
}

/**
 * Reads what a query with `NODE_COLUMNS` answered.
 * @throws Error when the store answers something else: a fault of ours, not of a user
 */
export function decodeNodes(bytes: Uint8Array, epoch: Epoch): SpanNode[] {
  const blocks = readNative(bytes);
  if (!blocks.ok) throw new Error(`The store's answer cannot be read: ${blocks.error}.`);
  const values = new ColumnValues(bytes);
  const low = Number(BigInt.asUintN(32, epoch));
  const high = Number(BigInt.asIntN(32, epoch >> 32n));
  const nodes: SpanNode[] = [];
  for (const block of blocks.value) {
    const columns = Object.fromEntries(block.columns.map((c) => [c.name, c.data])) as Record<
      Column,
      NativeColumn
    >;
    for (let row = 0; row < block.rows; row++) {
      const joinIds = readJoinIds(columns.join_ids, values, row);
      nodes.push({
        spanId: values.hex64(columns.span_id, row) as SpanId,
        parentSpanId: values.hex64(columns.parent_span_id, row) as SpanId | null,
        exchangeKey: (values.hex128(columns.exchange_key, row) ?? '0'.repeat(32)) as ExchangeKey,
        carriedTraceId: values.hex128(columns.carried_trace_id, row) as TraceId | null,
        ...(joinIds === undefined ? {} : { joinIds }),
        name: values.text(columns.name, row),
        kind: SPAN_KINDS[values.u8(columns.kind, row)]!,
        observationPoint: OBSERVATION_POINTS[values.u8(columns.observation_point, row)]!,
        service: values.text(columns.service, row),
        start: nanos(values.difference(columns.start_time, row, low, high)),
        duration: values.u64(columns.duration, row),
        status: SPAN_STATUSES[values.u8(columns.status, row)]!,
        chosenSpanId: values.hex64(columns.chosen_span_id, row) as SpanId | null,
        chosenConfidence: values.f64(columns.chosen_confidence, row),
      });
    }
  }
  return nodes;
}
