import type { Command } from '../command.ts';
import { failure } from '../errors.ts';
import { loadDemo } from '../modules.ts';
import { internalOption } from '../settings/option.ts';
import { text } from '../settings/values.ts';
import { SUPERVISED_OPTION, supervisorLink } from '../supervisor/link.ts';
import { serve } from '../supervisor/serve.ts';

const STOP_LIMIT_MS = 2500;

export const demo: Command = {
  name: 'demo',
  summary: 'run the demo and its load alone: nginx, Node, Python, Go, MariaDB, PostgreSQL, Redis',
  positionals: '',
  arity: { min: 0, max: 0 },
  options: [internalOption('cgroup', 'value', 'cgroup v2 folder for its programs'), SUPERVISED_OPTION],
  examples: ['weft demo'],
  run: async ({ values, log }) => {
    const link = supervisorLink();
    await serve(
      link,
      STOP_LIMIT_MS,
      async () => {
        const { startDemo } = await loadDemo();
        return await startDemo({ cgroup: text(values, 'cgroup'), log }).catch((error: unknown) => {
          throw failure('The demo cannot start', error);
        });
      },
      async () => {
        await link?.send({ type: 'ready', url: null });
      },
    );
    return 0;
  },
};
