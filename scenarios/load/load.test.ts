import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProgramGroup } from '../programs/index.ts';
import { type LoadShape, runLoad } from '../run/load.ts';

test.each<[string, LoadShape]>([
  ['closed', { loop: 'closed', concurrency: 4 }],
  ['open', { loop: 'open', ratePerSecond: 400, percentOfCapacity: 50 }],
])('%s loop: every request carries an id of its own, and the truth log has them all', async (_, shape) => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-load-'));
  const paths: string[] = [];
  let underWay = 0;
  let most = 0;
  const server = createServer((request, response) => {
    paths.push(request.url ?? '');
    most = Math.max(most, ++underWay);
    const status = paths.length % 10 === 0 ? 503 : 200;
    setImmediate(() => {
      underWay--;
      response.statusCode = status;
      response.end('x');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const group = createProgramGroup(null);
  try {
    const target = {
      port: address.port,
      paths: [
        { prefix: '/a/', weight: 1 },
        { prefix: '/b/', weight: 1 },
      ],
    };
    const truthLog = join(folder, 'load.jsonl');
    const summary = await runLoad(group, target, shape, { requests: 250, seconds: 0 }, truthLog);
    expect(summary.requests).toBeGreaterThanOrEqual(250);
    expect(summary).toMatchObject({ requests: paths.length, errors: 0 });
    expect(summary.statuses['503']).toBe(Math.floor(paths.length / 10));
    expect(most).toBeGreaterThan(1);
    const truth = readFileSync(truthLog, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(truth.every((line) => line.parent === null)).toBe(true);
    const sent = paths.map((path) => path.split('/')[2]).sort();
    expect(truth.map((line) => line.call).sort()).toEqual(sent);
    expect(new Set(sent).size).toBe(sent.length);
    expect(new Set(paths.map((path) => path[1]))).toEqual(new Set(['a', 'b']));
  } finally {
    await group.stop();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
