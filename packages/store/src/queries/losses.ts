import type { Store } from '../client.ts';
import { seconds, selectRows } from './select.ts';

/** So many events or spans were lost by an agent, noticed at that time. */
export interface Loss {
  /** Unix seconds */
  readonly time: number;
  readonly agentId: string;
  readonly cause: string;
  readonly count: number;
}

/** Remembers losses. */
export async function insertLosses(store: Store, losses: readonly Loss[]): Promise<void> {
  if (losses.length === 0) return;
  await store.client.insert({
    table: 'losses',
    format: 'JSONEachRow',
    values: losses.map((l) => ({ time: l.time, agent_id: l.agentId, cause: l.cause, count: l.count })),
  });
}

/**
 * What all agents lost in that time, by cause.
 * @param from Unix ns; reports come with a delay, so the minutes around it count too
 * @param to Unix ns
 */
export async function lostBetween(store: Store, from: bigint, to: bigint): Promise<Record<string, number>> {
  const rows = await selectRows<{ cause: string; lost: string }>(
    store.client,
    `SELECT cause, sum(count) AS lost FROM losses
     WHERE time >= toStartOfMinute(toDateTime({from:UInt32}, 'UTC'))
       AND time < toStartOfMinute(toDateTime({to:UInt32}, 'UTC')) + 60
     GROUP BY cause ORDER BY cause`,
    { from: seconds(from), to: seconds(to) },
  );
  return Object.fromEntries(rows.map((row) => [row.cause, Number(row.lost)]));
}
