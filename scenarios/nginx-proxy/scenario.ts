import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNodeServices } from '../node-event-loop/scenario.ts';
import { findNginx, freePorts } from '../programs/index.ts';
import { FOLLOWED_EXACTLY, type Scenario } from '../run/scenario.ts';
import { nginxConfig } from './config.ts';

/** nginx with and without kept upstream connections, in front of the Node services. */
export const nginxProxy: Scenario = {
  name: 'nginx-proxy',
  description: 'nginx in front of the Node services',
  bar: FOLLOWED_EXACTLY,
  async prepare() {
    return findNginx() === null ? 'nginx is neither installed nor named by WEFT_NGINX' : null;
  },
  async start({ group, truthLog, cleanup }) {
    const nginx = findNginx();
    if (nginx === null) throw new Error('nginx is neither installed nor named by WEFT_NGINX.');
    const upstreamPort = await startNodeServices(group, truthLog);
    const folder = mkdtempSync(join(tmpdir(), 'weft-nginx-'));
    cleanup(() => rmSync(folder, { recursive: true, force: true }));
    const port = (await freePorts(1))[0]!;
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, nginxConfig({ folder, port, upstreamPort, truthLog: truthLog('nginx') }));
    await group.start({
      name: 'nginx',
      command: nginx,
      args: ['-p', folder, '-e', 'stderr', '-c', file],
      port,
    });
    const paths = [
      { prefix: '/work/', weight: 6 },
      { prefix: '/once/', weight: 3 },
      { prefix: '/self/', weight: 1 },
    ];
    return { port, paths };
  },
};
