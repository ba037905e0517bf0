import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNodeServices } from '../node-event-loop/scenario.ts';
import { findHaproxy, freePorts } from '../programs/index.ts';
import { FOLLOWED_EXACTLY, type Scenario } from '../run/scenario.ts';
import { haproxyConfig } from './config.ts';

/** HAProxy that splices bodies, with and without kept upstream connections, in front of the Node services. */
export const haproxyProxy: Scenario = {
  name: 'haproxy-proxy',
  description: 'HAProxy (splicing) in front of the Node services',
  bar: FOLLOWED_EXACTLY,
  async prepare() {
    return findHaproxy() === null ? 'HAProxy is neither installed nor named by WEFT_HAPROXY' : null;
  },
  async start({ group, truthLog, cleanup }) {
    const haproxy = findHaproxy();
    if (haproxy === null) throw new Error('HAProxy is neither installed nor named by WEFT_HAPROXY.');
    const upstreamPort = await startNodeServices(group, truthLog);
    const folder = mkdtempSync(join(tmpdir(), 'weft-haproxy-'));
    cleanup(() => rmSync(folder, { recursive: true, force: true }));
    const port = (await freePorts(1))[0]!;
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(file, haproxyConfig({ port, upstreamPort }));
    // It can log to a file by way of its standard output alone.
    const args = ['-c', 'exec "$0" -db -f "$1" > "$2"', haproxy, file, truthLog('haproxy')];
    await group.start({ name: 'haproxy', command: '/bin/sh', args, port });
    const paths = [
      { prefix: '/work/', weight: 6 },
      { prefix: '/once/', weight: 3 },
      { prefix: '/self/', weight: 1 },
    ];
    return { port, paths };
  },
};
