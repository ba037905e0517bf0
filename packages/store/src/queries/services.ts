import { OBSERVATION_POINTS, type ObservationPoint } from '@weft/model';
import type { Store } from '../client.ts';
import { seconds, selectRows } from './select.ts';

/** Traffic of one endpoint of a service at one observation point. */
export interface EndpointTraffic {
  readonly service: string;
  readonly name: string;
  readonly observationPoint: ObservationPoint;
  readonly requests: number;
  readonly errors: number;
  readonly p50Nano: number;
  readonly p95Nano: number;
  readonly p99Nano: number;
}

interface Row {
  readonly service: string;
  readonly name: string;
  readonly point: number;
  readonly requests: string;
  readonly errors: string;
  readonly quantiles: readonly number[];
}

const MAX_ENDPOINTS = 20_000;

/**
 * Traffic of all endpoints, from the per-minute roll-up, busiest first.
 * @param from Unix ns; whole minutes count, from the one it falls into
 * @param to Unix ns, excluded
 */
export async function endpointTraffic(store: Store, from: bigint, to: bigint): Promise<EndpointTraffic[]> {
  const rows = await selectRows<Row>(
    store.client,
    `SELECT service, name, observation_point AS point, sum(requests) AS requests, sum(errors) AS errors,
       quantilesTDigestMerge(0.5, 0.95, 0.99)(durations) AS quantiles
     FROM endpoints
     WHERE minute >= toStartOfMinute(toDateTime({from:UInt32}, 'UTC')) AND minute < toDateTime({to:UInt32}, 'UTC')
     GROUP BY service, name, point
     ORDER BY requests DESC, service, name, point LIMIT ${MAX_ENDPOINTS}`,
    { from: seconds(from), to: seconds(to + 999_999_999n) },
  );
  return rows.map((row) => ({
    service: row.service,
    name: row.name,
    observationPoint: OBSERVATION_POINTS[row.point] ?? 'app',
    requests: Number(row.requests),
    errors: Number(row.errors),
    p50Nano: Math.round(row.quantiles[0] ?? 0),
    p95Nano: Math.round(row.quantiles[1] ?? 0),
    p99Nano: Math.round(row.quantiles[2] ?? 0),
  }));
}
