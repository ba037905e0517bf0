import { createTable, createView, type StoreEngine } from './dialect.ts';

/** Requests, errors and durations a minute of each service's endpoints, filled as spans arrive. */
export function endpoints(engine: StoreEngine): string[] {
  return [
    ...createTable(engine, {
      name: 'endpoints',
      columns: `
        minute DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
        service LowCardinality(String),
        name LowCardinality(String),
        observation_point UInt8,
        requests SimpleAggregateFunction(sum, UInt64),
        errors SimpleAggregateFunction(sum, UInt64),
        durations AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), UInt64)`,
      engine: 'AggregatingMergeTree',
      clauses: `PARTITION BY toDate(minute) ORDER BY (minute, service, name, observation_point)
        TTL minute + toIntervalDay(30) SETTINGS ttl_only_drop_parts = 1, merge_selector_base = 15`,
      shardBy: 'sipHash64(service)',
    }),
    ...createView(engine, {
      name: 'endpoints_of_spans',
      to: 'endpoints',
      from: 'spans',
      select: `
        SELECT toStartOfMinute(start_time) AS minute, service, name,
          CAST(observation_point, 'UInt8') AS observation_point,
          count() AS requests, countIf(status = 'error') AS errors,
          quantilesTDigestState(0.5, 0.95, 0.99)(duration) AS durations
        FROM {from} GROUP BY minute, service, name, observation_point`,
    }),
  ];
}
