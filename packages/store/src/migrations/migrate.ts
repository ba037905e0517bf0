import type { ClickHouseClient } from '@clickhouse/client';
import { spans } from './0001-spans.ts';
import { endpoints } from './0002-endpoints.ts';
import { losses } from './0003-losses.ts';
import { numberIndex } from './0020-number-index.ts';
import { attributeCodec } from './0021-attribute-codec.ts';
import { joinIds } from './0030-join-ids.ts';
import { createTable, type StoreEngine } from './dialect.ts';

/** One numbered step of the schema. Steps are never changed once released; a change is a new step. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly statements: (engine: StoreEngine) => string[];
}

export const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: 'spans', statements: spans },
  { number: 2, name: 'endpoints', statements: endpoints },
  { number: 3, name: 'losses', statements: losses },
  { number: 20, name: 'number-index', statements: numberIndex },
  { number: 21, name: 'attribute-codec', statements: attributeCodec },
  { number: 30, name: 'join-ids', statements: joinIds },
];

/** The table that remembers which steps were taken. */
export function migrationTable(engine: StoreEngine): string[] {
  return createTable(engine, {
    name: 'weft_migrations',
    columns: `number UInt32, name String, applied_at DateTime('UTC') DEFAULT now('UTC')`,
    engine: 'MergeTree',
    clauses: 'ORDER BY number',
    shardBy: 'number',
  });
}

/**
 * Brings the schema up to date. Can be run again at any time: steps that were taken are left out, and each
 * statement of a step that was interrupted can be repeated.
 * @returns the numbers of the steps that were taken now
 */
export async function migrate(client: ClickHouseClient, engine: StoreEngine): Promise<number[]> {
  for (const query of migrationTable(engine)) await client.command({ query });
  const result = await client.query({ query: 'SELECT number FROM weft_migrations', format: 'JSONEachRow' });
  const applied = new Set((await result.json<{ number: number }>()).map((row) => row.number));
  const taken: number[] = [];
  for (const migration of MIGRATIONS) {
    if (applied.has(migration.number)) continue;
    for (const query of migration.statements(engine)) await client.command({ query });
    await client.command({
      query: 'INSERT INTO weft_migrations (number, name) SELECT {number:UInt32}, {name:String}',
      query_params: { number: migration.number, name: migration.name },
    });
    taken.push(migration.number);
  }
  return taken;
}
