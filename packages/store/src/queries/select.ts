import type { Readable } from 'node:stream';
import type { ClickHouseClient } from '@clickhouse/client';

/** Values of `{name:Type}` parameters. What users write goes into a statement in no other way. */
export type Parameters = Readonly<Record<string, string | number | bigint>>;

/** Limits of a single query: a slow one must not hold the store. */
export const LIMITS = 'max_execution_time = 30, output_format_json_quote_64bit_integers = 1';

/** Runs a query and returns its answer as Native blocks. @throws what the client throws */
export async function selectNative(
  client: ClickHouseClient,
  sql: string,
  parameters: Parameters,
): Promise<Uint8Array> {
  const { stream } = await client.exec({
    query: `${sql} SETTINGS ${LIMITS} FORMAT Native`,
    query_params: { ...parameters },
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream as Readable) chunks.push(chunk as Buffer);
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/** Runs a query and returns its rows; numbers of 64 bits are strings. */
export async function selectRows<T>(
  client: ClickHouseClient,
  sql: string,
  parameters: Parameters,
): Promise<T[]> {
  const result = await client.query({
    query: `${sql} SETTINGS ${LIMITS}`,
    query_params: { ...parameters },
    format: 'JSONEachRow',
  });
  return result.json<T>();
}

/** Unix seconds of a moment for a `DateTime`, which holds no later ones than 2106. */
export function seconds(nanos: bigint): bigint {
  const whole = nanos / 1_000_000_000n;
  if (whole < 0n) return 0n;
  return whole > 0xffff_ff00n ? 0xffff_ff00n : whole;
}
