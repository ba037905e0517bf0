import { join, resolve } from 'node:path';
import type { CaptureOptions } from '@weft/agent';
import { createDemoCgroup, removeCgroup } from '../cgroup.ts';
import type { Command, Context } from '../command.ts';
import { defaultDataFolder, requireFolder } from '../data-folder.ts';
import { failure, reasonOf, usageError } from '../errors.ts';
import { firstTrace } from '../first-trace.ts';
import { requireFreePort } from '../port.ts';
import { requireTier } from '../probe.ts';
import { renderWaterfall } from '../render/waterfall.ts';
import { switchOption, valueSetting } from '../settings/option.ts';
import { flag, integer, text } from '../settings/values.ts';
import { serve } from '../supervisor/serve.ts';
import { type RunningUp, startUp } from '../supervisor/up.ts';
import { stdoutTerminal } from '../terminal.ts';
import { AGENT_OPTIONS, captureOptions, DEFAULT_PORT, readToken, TOKEN_OPTION } from './shared-options.ts';

/** Everything must be gone five seconds after Ctrl-C. */
const STOP_LIMIT_MS = 4900;

export const up: Command = {
  name: 'up',
  summary: 'agent, server and store in one go; with --demo something to look at, too',
  positionals: '',
  arity: { min: 0, max: 0 },
  options: [
    switchOption('demo', 'run the demo and trace it alone'),
    valueSetting('port', 'PORT', `where to listen on 127.0.0.1; 0: any free port (default: ${DEFAULT_PORT})`),
    valueSetting('data', 'DIR', 'folder for the data (default: /var/lib/weft)'),
    TOKEN_OPTION,
    ...AGENT_OPTIONS,
  ],
  examples: [
    'weft up',
    'weft up --demo',
    'weft up --port 0 --data ./data --only-cgroup system.slice/shop.service',
  ],
  run: async (context) => {
    const { values, log } = context;
    const port = integer(values, 'port', 0, 65_535) ?? DEFAULT_PORT;
    const data = resolve(text(values, 'data') ?? defaultDataFolder());
    const asked = captureOptions(values);
    const token = readToken(values);
    const isDemo = flag(values, 'demo');
    if (isDemo && asked.onlyCgroup !== null) {
      throw usageError('--demo traces the demo alone: leave either --demo or --only-cgroup out.');
    }
    const listen = `127.0.0.1:${port}`;
    const firstTraceEnd = new AbortController();
    await serve(
      null,
      STOP_LIMIT_MS,
      async (stopAsked): Promise<RunningUp> => {
        await requireFreePort(listen, '--port');
        await requireTier(asked.tier);
        await requireCgroups(asked);
        requireFolder(data, '--data');
        const demoCgroup = isDemo ? createDemoCgroup() : null;
        const cleanUp = async () => {
          if (demoCgroup !== null) await removeCgroup(demoCgroup);
        };
        try {
          const running = await startUp({
            listen,
            store: `chdb:${join(data, 'store')}`,
            tokenFile: text(values, 'token-file'),
            capture: demoCgroup === null ? asked : { ...asked, onlyCgroup: demoCgroup },
            demoCgroup,
            log,
            stopAsked,
          });
          const stop = async () => {
            firstTraceEnd.abort();
            await running.stop();
            await cleanUp();
          };
          return { url: running.url, stop };
        } catch (error) {
          await cleanUp();
          throw error;
        }
      },
      async (running) => {
        await context.out(`ready ${running.url}\n`);
        if (isDemo) void showFirstTrace(context, running.url, token, firstTraceEnd.signal);
      },
    );
    return 0;
  },
};

/** The cgroups exist: looked at before anything is started. @throws CliError */
async function requireCgroups({ onlyCgroup, excludeCgroup }: CaptureOptions): Promise<void> {
  const { cgroupFolder } = await import('@weft/agent');
  for (const path of [onlyCgroup, excludeCgroup]) {
    try {
      if (path !== null) cgroupFolder(path);
    } catch (error) {
      throw failure('Nothing can be traced', error);
    }
  }
}

/** Prints one trace of the demo, as soon as there is a good one. Never throws: the rest goes on without it. */
async function showFirstTrace(
  { out, log }: Context,
  url: string,
  token: string | null,
  signal: AbortSignal,
): Promise<void> {
  try {
    log('waiting for the first traces of the demo …');
    const trace = await firstTrace({ url, token }, signal);
    if (trace === null) return;
    await out(`\n${renderWaterfall(trace, stdoutTerminal(process.env))}\n`);
    log(`More: weft traces --url ${url} · weft trace ${trace.traceId} --url ${url} · Ctrl-C ends it all.`);
  } catch (error) {
    if (!signal.aborted) log(`No trace can be shown: ${reasonOf(error)}`);
  }
}
