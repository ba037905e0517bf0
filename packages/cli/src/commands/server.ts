import type { Command } from '../command.ts';
import { defaultDataFolder } from '../data-folder.ts';
import { failure } from '../errors.ts';
import { requireFreePort } from '../port.ts';
import { startServerAndStore } from '../server-and-store.ts';
import { valueSetting } from '../settings/option.ts';
import { text } from '../settings/values.ts';
import { SUPERVISED_OPTION, supervisorLink } from '../supervisor/link.ts';
import { serve } from '../supervisor/serve.ts';
import { DEFAULT_PORT, readToken, TOKEN_OPTION } from './shared-options.ts';

/** Time to finish the rows that were acknowledged. */
const STOP_LIMIT_MS = 2500;

export const server: Command = {
  name: 'server',
  summary: 'store spans, assemble traces, answer queries',
  positionals: '',
  arity: { min: 0, max: 0 },
  options: [
    valueSetting(
      'store',
      'STORE',
      'chdb:DIR, or clickhouse://… of a cluster (default: chdb in the data folder)',
    ),
    valueSetting(
      'listen',
      'HOST:PORT',
      `where to listen; port 0: any free one (default: 127.0.0.1:${DEFAULT_PORT})`,
    ),
    TOKEN_OPTION,
    SUPERVISED_OPTION,
  ],
  examples: [
    'weft server',
    'weft server --store chdb:/var/lib/weft/store --listen 0.0.0.0:7766 --token-file /etc/weft.token',
  ],
  run: async ({ values, out, log }) => {
    const listen = text(values, 'listen') ?? `127.0.0.1:${DEFAULT_PORT}`;
    const store = text(values, 'store') ?? `chdb:${defaultDataFolder()}/store`;
    const token = readToken(values);
    const link = supervisorLink();
    const onPids = (pids: readonly number[]) => void link?.send({ type: 'pids', pids });
    const reason = await serve(
      link,
      STOP_LIMIT_MS,
      async () => {
        await requireFreePort(listen, '--listen');
        return await startServerAndStore({ listen, store, token, log, onPids }).catch((error: unknown) => {
          throw failure('The server cannot start', error);
        });
      },
      async (running) => {
        if (link === null) await out(`ready ${running.url}\n`);
        else await link.send({ type: 'ready', url: running.url });
      },
    );
    if (reason === 'supervisor-gone') log('server: its supervisor is gone, so it ends');
    return 0;
  },
};
