import { connect } from 'node:net';
import { join } from 'node:path';
import {
  freePorts,
  type ProgramGroup,
  repoRoot,
  startPostgres,
  startRedis,
} from '../../scenarios/programs/index.ts';
import type { BenchContext } from '../bench.ts';
import { installPackages } from './npm.ts';
import { measuredCpu } from './processes.ts';

/** Ports of what the service keeps its data in. */
export interface ServiceData {
  readonly redis: number;
  readonly postgres: number;
}

/** What wrk asks the service for. */
export const PRODUCT = '/products/7';

const folder = () => join(repoRoot(), 'bench', 'service');

/** Starts Redis and PostgreSQL. @throws Error in one sentence when one of them is not here or does not start */
export async function startServiceData(context: BenchContext, group: ProgramGroup): Promise<ServiceData> {
  const redis = await startRedis(group, context.folder);
  if (redis === null) throw new Error('Redis is not installed: run `npm run setup`.');
  const postgres = await startPostgres(group, context.folder);
  if (postgres === null) throw new Error('PostgreSQL is not installed: run `npm run setup`.');
  return { redis, postgres };
}

/** Requests that the service has begun to serve so far, as it counts them in Redis; those that wrk gave up as well. */
export function servedRequests(data: ServiceData): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(data.redis, '127.0.0.1', () => socket.write('GET views:7\r\n'));
    let reply = '';
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      reply += chunk.toString('latin1');
      // A bulk string: `$2\r\n17\r\n`; none: `$-1\r\n`.
      const match = /^\$(?:-1|\d+\r\n(\d+))\r\n$/.exec(reply);
      if (match === null) return;
      socket.destroy();
      resolve(Number(match[1] ?? 0));
    });
  });
}

/**
 * Starts the service on the measured CPU.
 * @param otlp where OpenTelemetry's SDK, all its instrumentations on, exports every span to; null: without SDK
 * @returns its port
 */
export async function startService(
  context: BenchContext,
  group: ProgramGroup,
  data: ServiceData,
  otlp: string | null,
): Promise<number> {
  await installPackages(context, folder());
  const port = (await freePorts(1))[0]!;
  const sdk = otlp === null ? [] : ['--require', '@opentelemetry/auto-instrumentations-node/register'];
  await group.start({
    name: otlp === null ? 'service' : 'service with the SDK',
    command: 'taskset',
    args: ['-c', String(measuredCpu()), process.execPath, ...sdk, 'service.cjs'],
    cwd: folder(),
    env: {
      NODE_ENV: 'production',
      PORT: String(port),
      REDIS_PORT: String(data.redis),
      POSTGRES_PORT: String(data.postgres),
      ...(otlp === null ? {} : sdkSettings(otlp)),
    },
    port,
  });
  return port;
}

/** Traces alone, every one; all else as the SDK has it by itself. */
function sdkSettings(otlp: string): Record<string, string> {
  return {
    OTEL_SERVICE_NAME: 'bench',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_TRACES_SAMPLER: 'always_on',
    OTEL_EXPORTER_OTLP_ENDPOINT: otlp,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  };
}
