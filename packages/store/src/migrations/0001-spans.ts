import { createTable, createView, type StoreEngine } from './dialect.ts';

const KIND = `Enum8('server' = 0, 'client' = 1, 'producer' = 2, 'consumer' = 3, 'internal' = 4)`;
const POINT =
  `Enum8('client-process' = 0, 'client-interface' = 1, 'node-interface' = 2, ` +
  `'server-interface' = 3, 'server-process' = 4, 'app' = 5)`;
const STATUS = `Enum8('unset' = 0, 'ok' = 1, 'error' = 2)`;

/**
 * Spans as agents ship them, ordered by time: what is asked for together was written together. And `links`,
 * the ways from a key to the spans that carry it, so that a step of assembly reads by primary key:
 *  - `span`: a span's own id
 *  - `parent`: the id of the parent that its host told (also that of a chosen link, should it be another)
 *  - `exchange`, `carried`: the last 8 bytes of the exchange key and of the carried trace id
 *
 * Agents send a few small batches a second. With the default `merge_selector_base` of 5 the merges of those small parts
 * took 92 ms of CPU an insert (100 000 spans stored, 160 an insert); with 15 it is 25 ms, and still some ten parts to read.
 * Granules are small because assembly reads single rows.
 */
export function spans(engine: StoreEngine): string[] {
  return [
    ...createTable(engine, {
      name: 'spans',
      columns: `
        span_id UInt64 CODEC(LZ4),
        parent_span_id UInt64 CODEC(LZ4),
        exchange_key FixedString(16) CODEC(LZ4),
        carried_trace_id FixedString(16) CODEC(LZ4),
        name LowCardinality(String),
        kind ${KIND},
        observation_point ${POINT},
        service LowCardinality(String),
        start_time DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
        duration UInt64 CODEC(T64, ZSTD(1)),
        status ${STATUS},
        attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
        numbers Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
        flags Map(LowCardinality(String), Bool) CODEC(ZSTD(1)),
        link_span_id Array(UInt64) CODEC(ZSTD(1)),
        link_confidence Array(Float64) CODEC(ZSTD(1)),
        link_chosen Array(UInt8) CODEC(ZSTD(1)),
        link_evidence_count Array(UInt16) CODEC(ZSTD(1)),
        evidence_kind Array(UInt8) CODEC(ZSTD(1)),
        evidence_key Array(String) CODEC(ZSTD(1)),
        evidence_confidence Array(Float64) CODEC(ZSTD(1)),
        agent_id LowCardinality(String),
        host LowCardinality(String),
        INDEX attribute_values mapValues(attributes) TYPE bloom_filter(0.01) GRANULARITY 1`,
      engine: 'MergeTree',
      clauses: `PARTITION BY toDate(start_time) ORDER BY (start_time, span_id)
        TTL toDateTime(start_time) + toIntervalDay(3)
        SETTINGS ttl_only_drop_parts = 1, index_granularity = 2048, merge_selector_base = 15`,
      shardBy: 'sipHash64(exchange_key)',
    }),
    ...createTable(engine, {
      name: 'links',
      columns: `
        key UInt64 CODEC(LZ4),
        kind Enum8('span' = 1, 'parent' = 2, 'exchange' = 3, 'carried' = 4),
        span_id UInt64 CODEC(LZ4),
        start_time DateTime64(9, 'UTC') CODEC(LZ4)`,
      engine: 'MergeTree',
      clauses: `PARTITION BY toDate(start_time) ORDER BY (key, kind, start_time, span_id)
        TTL toDateTime(start_time) + toIntervalDay(3)
        SETTINGS ttl_only_drop_parts = 1, index_granularity = 1024, merge_selector_base = 15`,
      shardBy: 'key',
    }),
    ...createView(engine, {
      name: 'links_of_spans',
      to: 'links',
      from: 'spans',
      select: `
        SELECT entry.1 AS kind, entry.2 AS key, span_id, start_time
        FROM {from}
        ARRAY JOIN arrayFilter(e -> e.2 != 0, arrayDistinct([
          ('span', span_id),
          ('parent', parent_span_id),
          ('parent', link_span_id[indexOf(link_chosen, 1)]),
          ('exchange', reinterpretAsUInt64(substring(exchange_key, 9, 8))),
          ('carried', reinterpretAsUInt64(substring(carried_trace_id, 9, 8)))
        ])) AS entry`,
    }),
  ];
}
