import type { ObservationPoint, ServiceJson } from '@weft/model';
import { type EndpointTraffic, endpointTraffic } from '@weft/store';
import { nowNanos, type ServerContext } from '../context.ts';
import { onlyKnown, time } from '../http/parameters.ts';

/** Where a service's requests are counted: at the first of these points at which any were seen, so that each counts once. */
const SERVING: readonly ObservationPoint[] = [
  'server-process',
  'app',
  'server-interface',
  'node-interface',
  'client-interface',
];
const HOUR = 3_600_000_000_000n;

/** `GET /api/v1/services?from&to`: services with their endpoints and rates, from the per-minute roll-up. */
export async function services(
  context: ServerContext,
  query: URLSearchParams,
): Promise<{ readonly services: readonly ServiceJson[] }> {
  onlyKnown(query, ['from', 'to']);
  const to = time(query, 'to') ?? nowNanos() + 1_000_000_000n;
  const from = time(query, 'from') ?? (to > HOUR ? to - HOUR : 0n);
  const seconds = Math.max(1, Number(to - from) / 1e9);
  const byService = new Map<string, EndpointTraffic[]>();
  for (const row of await endpointTraffic(context.store, from, to)) {
    const rows = byService.get(row.service);
    if (rows === undefined) byService.set(row.service, [row]);
    else rows.push(row);
  }
  const names = [...byService.keys()].sort();
  return { services: names.map((name) => serviceJson(name, byService.get(name)!, seconds)) };
}

function serviceJson(service: string, rows: readonly EndpointTraffic[], seconds: number): ServiceJson {
  const point = SERVING.find((candidate) => rows.some((row) => row.observationPoint === candidate));
  const served = rows.filter((row) => row.observationPoint === point);
  const requests = served.reduce((sum, row) => sum + row.requests, 0);
  const errors = served.reduce((sum, row) => sum + row.errors, 0);
  return {
    service,
    requests,
    errors,
    requestsPerSecond: perSecond(requests, seconds),
    errorsPerSecond: perSecond(errors, seconds),
    endpoints: served.map((row) => ({
      endpoint: row.name,
      requests: row.requests,
      errors: row.errors,
      requestsPerSecond: perSecond(row.requests, seconds),
      errorsPerSecond: perSecond(row.errors, seconds),
      p50Nano: row.p50Nano.toString(),
      p95Nano: row.p95Nano.toString(),
      p99Nano: row.p99Nano.toString(),
    })),
  };
}

function perSecond(count: number, seconds: number): number {
  return Math.round((count / seconds) * 1000) / 1000;
}
