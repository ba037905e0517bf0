import type { Command } from '../command.ts';
import { failure, usageError } from '../errors.ts';
import { requireTier } from '../probe.ts';
import { valueSetting } from '../settings/option.ts';
import { url } from '../settings/values.ts';
import { SUPERVISED_OPTION, supervisorLink } from '../supervisor/link.ts';
import { serve } from '../supervisor/serve.ts';
import { AGENT_OPTIONS, captureOptions, readToken, TOKEN_OPTION } from './shared-options.ts';

/** Time to ship what is still there. */
const STOP_LIMIT_MS = 2500;

export const agent: Command = {
  name: 'agent',
  summary: 'capture on this host and send spans to a server',
  positionals: '',
  arity: { min: 0, max: 0 },
  options: [
    valueSetting('server', 'URL', 'address of the server (required)'),
    TOKEN_OPTION,
    ...AGENT_OPTIONS,
    SUPERVISED_OPTION,
  ],
  examples: ['weft agent --server http://10.0.0.5:7766 --token-file /etc/weft.token'],
  run: async ({ values, log }) => {
    const serverUrl = url(values, 'server');
    if (serverUrl === null) {
      throw usageError(
        'An agent needs a server to send to: name its address with --server http://HOST:7766.',
      );
    }
    const capture = captureOptions(values);
    const token = readToken(values);
    const link = supervisorLink();
    await serve(
      link,
      STOP_LIMIT_MS,
      async () => {
        const { startAgent } = await import('@weft/agent');
        return await startAgent({ ...capture, serverUrl, token }).catch(async (error: unknown) => {
          // The report of all tiers says more than the failure of one.
          await requireTier(capture.tier);
          throw failure('The agent cannot start', error);
        });
      },
      async (running) => {
        link?.onExclude((pids) => running.exclude(pids));
        log(`agent: capturing on tier ${running.tier}, sending to ${serverUrl}`);
        for (const warning of running.warnings) log(`agent: warning: ${warning}`);
        await link?.send({ type: 'ready', url: null });
      },
    );
    return 0;
  },
};
