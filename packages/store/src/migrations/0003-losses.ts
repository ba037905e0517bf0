import { createTable, type StoreEngine } from './dialect.ts';

/** What agents lost, by cause, as they reported it: how much is missing from traces of that time. */
export function losses(engine: StoreEngine): string[] {
  return createTable(engine, {
    name: 'losses',
    columns: `
      time DateTime('UTC'),
      agent_id LowCardinality(String),
      cause LowCardinality(String),
      count UInt64`,
    engine: 'MergeTree',
    clauses: `PARTITION BY toDate(time) ORDER BY (time, agent_id)
      TTL time + toIntervalDay(3) SETTINGS ttl_only_drop_parts = 1`,
    shardBy: 'sipHash64(agent_id)',
  });
}
