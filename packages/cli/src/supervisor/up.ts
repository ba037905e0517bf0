import type { CaptureOptions } from '@weft/agent';
import { captureArguments } from '../commands/shared-options.ts';
import { CliError } from '../errors.ts';
import { weftProgram } from '../modules.ts';
import { type ChildOptions, type SupervisedChild, startChild } from './child.ts';

/** What runs together, and where. */
export interface UpOptions {
  readonly listen: string;
  /** `chdb:DIR` */
  readonly store: string;
  readonly tokenFile: string | null;
  readonly capture: CaptureOptions;
  /** The demo's cgroup; null: no demo. */
  readonly demoCgroup: string | null;
  readonly log: (line: string) => void;
  readonly stopAsked: () => boolean;
}

export interface RunningUp {
  readonly url: string;
  stop(): Promise<void>;
}

const CAPTURE_GRACE_MS = 2400;
/** Besides it, the store's process has a second. */
const SERVER_GRACE_MS = 1300;

/**
 * Starts server, agent and demo as children, in this order, each when the one before works, and keeps them
 * running. The agent always knows which processes are Weft's.
 * @throws CliError with the sentence of the child that cannot start; the others have been stopped then
 */
export async function startUp(options: UpOptions): Promise<RunningUp> {
  const { log, capture } = options;
  const children: {
    server: SupervisedChild | null;
    agent: SupervisedChild | null;
    demo: SupervisedChild | null;
  } = {
    server: null,
    agent: null,
    demo: null,
  };
  let serverPids: readonly number[] = [];
  let url = '';
  let { listen } = options;

  const excluded = () => [...capture.excludePids, process.pid, ...serverPids];
  const token = options.tokenFile === null ? [] : ['--token-file', options.tokenFile];
  const start = (name: string, args: () => readonly string[], more: Partial<ChildOptions> = {}) => {
    if (options.stopAsked()) throw new CliError('Stopped while starting.');
    return startChild({
      name,
      command: () => [
        process.execPath,
        '--enable-source-maps',
        weftProgram(),
        name,
        '--supervised',
        ...args(),
      ],
      log,
      onReady: () => {},
      onPids: () => {},
      ...more,
    });
  };
  const stop = async () => {
    await Promise.all([children.agent?.stop(CAPTURE_GRACE_MS), children.demo?.stop(CAPTURE_GRACE_MS)]);
    await children.server?.stop(SERVER_GRACE_MS);
  };

  try {
    children.server = await start('server', () => ['--listen', listen, '--store', options.store, ...token], {
      onReady: (ready) => {
        url = ready.url ?? url;
        // A restart must come back on the same port, also if it was chosen by the system.
        listen = new URL(url).host;
      },
      onPids: (pids) => {
        serverPids = pids;
        children.agent?.send({ type: 'exclude', pids: excluded() });
      },
    });
    children.agent = await start('agent', () => [
      '--server',
      url,
      ...token,
      ...captureArguments({ ...capture, excludePids: excluded() }),
    ]);
    if (options.demoCgroup !== null) {
      const cgroup = options.demoCgroup;
      children.demo = await start('demo', () => ['--cgroup', cgroup]);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}
