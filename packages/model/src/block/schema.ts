/**
 * The wire block: a batch of spans as one block of ClickHouse's Native format, which agents encode once
 * and the server passes on to the store after checking it.
 *
 * Native format (ClickHouse docs, "Native"): varuint number of columns, varuint number of rows, then for
 * each column its name, its type (both: varuint length + UTF-8) and its data. All numbers are little endian.
 *
 * Ids: the 16 hex digits of a span id are the digits of a UInt64, most significant first, so that the
 * engine's `hex(span_id)` shows what users see; 0 is none. The 32 hex digits of exchange keys and trace ids
 * are the 16 bytes of a FixedString in the order of the digits; 16 zero bytes are none.
 *
 * Links of a span are parallel arrays (`link_*`). Their evidence is flattened over all links of the span:
 * link i owns the next `link_evidence_count[i]` entries of `evidence_*`.
 *
 * Attributes live in three maps by type, so that numbers and booleans come back as what they were.
 *
 * `kind`, `observation_point`, `status` and `evidence_kind` are the indexes in the model's lists.
 */
export const SPAN_COLUMNS = [
  { name: 'span_id', type: 'UInt64' },
  { name: 'parent_span_id', type: 'UInt64' },
  { name: 'exchange_key', type: 'FixedString(16)' },
  { name: 'carried_trace_id', type: 'FixedString(16)' },
  { name: 'name', type: 'LowCardinality(String)' },
  { name: 'kind', type: 'UInt8' },
  { name: 'observation_point', type: 'UInt8' },
  { name: 'service', type: 'LowCardinality(String)' },
  { name: 'start_time', type: 'DateTime64(9)' },
  { name: 'duration', type: 'UInt64' },
  { name: 'status', type: 'UInt8' },
  { name: 'attributes', type: 'Map(LowCardinality(String), String)' },
  { name: 'numbers', type: 'Map(LowCardinality(String), Float64)' },
  { name: 'flags', type: 'Map(LowCardinality(String), Bool)' },
  { name: 'link_span_id', type: 'Array(UInt64)' },
  { name: 'link_confidence', type: 'Array(Float64)' },
  { name: 'link_chosen', type: 'Array(UInt8)' },
  { name: 'link_evidence_count', type: 'Array(UInt16)' },
  { name: 'evidence_kind', type: 'Array(UInt8)' },
  { name: 'evidence_key', type: 'Array(String)' },
  { name: 'evidence_confidence', type: 'Array(Float64)' },
  { name: 'join_ids', type: 'Array(UInt64)' },
  { name: 'agent_id', type: 'LowCardinality(String)' },
  { name: 'host', type: 'LowCardinality(String)' },
] as const;

export type SpanColumnName = (typeof SPAN_COLUMNS)[number]['name'];

/** Content type of a wire block over HTTP. */
export const BLOCK_CONTENT_TYPE = 'application/x-weft-block';

/** LowCardinality state prefix: shared dictionaries with additional keys. */
export const LOW_CARDINALITY_VERSION = 1;
/** LowCardinality flag bits beside the index width: keys follow, and they replace the dictionary. */
export const LOW_CARDINALITY_HAS_KEYS = 0x200;
export const LOW_CARDINALITY_UPDATE = 0x400;
/** Set when indexes point into a dictionary that was sent earlier; never in a block of ours. */
export const LOW_CARDINALITY_GLOBAL = 0x100;
