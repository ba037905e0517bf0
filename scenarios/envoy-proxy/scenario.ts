import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNodeServices } from '../node-event-loop/scenario.ts';
import { findEnvoy, freePorts, pythonVenv } from '../programs/index.ts';
import { FOLLOWED_EXACTLY, type Scenario } from '../run/scenario.ts';
import { envoyConfig } from './config.ts';

const MISSING = 'Envoy is neither in the Python environment of the scenarios nor named by WEFT_ENVOY';

/** Envoy, whose two threads each keep upstream connections of their own, in front of the Node services. */
export const envoyProxy: Scenario = {
  name: 'envoy-proxy',
  description: 'Envoy in front of the Node services',
  bar: FOLLOWED_EXACTLY,
  async prepare() {
    if (findEnvoy() === null) await pythonVenv();
    return findEnvoy() === null ? MISSING : null;
  },
  async start({ group, truthLog, cleanup }) {
    const envoy = findEnvoy();
    if (envoy === null) throw new Error(`${MISSING}.`);
    const upstreamPort = await startNodeServices(group, truthLog);
    const folder = mkdtempSync(join(tmpdir(), 'weft-envoy-'));
    cleanup(() => rmSync(folder, { recursive: true, force: true }));
    const port = (await freePorts(1))[0]!;
    const file = join(folder, 'envoy.json');
    writeFileSync(file, envoyConfig({ port, upstreamPort, truthLog: truthLog('envoy') }));
    const args = ['-c', file, '--concurrency', '2', '--log-level', 'warn', '--disable-hot-restart'];
    await group.start({ name: 'envoy', command: envoy, args, port });
    return { port, paths: [{ prefix: '/work/', weight: 1 }] };
  },
};
