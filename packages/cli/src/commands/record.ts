import type { RecordingState, RecordOptions } from '@weft/agent';
import type { Command } from '../command.ts';
import { failure } from '../errors.ts';
import { requireTier } from '../probe.ts';
import { count } from '../render/quantities.ts';
import { valueSetting } from '../settings/option.ts';
import { integer } from '../settings/values.ts';
import { serve } from '../supervisor/serve.ts';
import { CAPTURE_OPTIONS, captureOptions } from './shared-options.ts';

/** Time to write what is still in memory. */
const STOP_LIMIT_MS = 4500;

export const record: Command = {
  name: 'record',
  summary: 'write the raw events of this host to a file, for replay',
  positionals: 'FILE',
  arity: { min: 1, max: 1 },
  options: [
    { ...valueSetting('seconds', 'N', 'stop after so long (default: at Ctrl-C)'), setting: false },
    { ...valueSetting('pid', 'PID', 'record only this process'), setting: false },
    ...CAPTURE_OPTIONS,
  ],
  examples: ['weft record shop.weft --seconds 10', 'weft record shop.weft --pid 4711'],
  run: async ({ values, positionals, log }) => {
    const file = positionals[0]!;
    const seconds = integer(values, 'seconds', 1, 86_400);
    const pid = integer(values, 'pid', 1, 4_194_304);
    const capture = captureOptions(values);
    await serve(
      null,
      STOP_LIMIT_MS,
      async () => {
        const recording = startRecording(file, { ...capture, seconds, pid });
        return await recording.catch(async (error: unknown) => {
          await requireTier(capture.tier);
          throw failure(`Nothing can be recorded to ${file}`, error);
        });
      },
      (running) => {
        log(`recording to ${file} ${seconds === null ? 'until Ctrl-C' : `for ${seconds} s`}`);
        void running.result.then(
          (result) => log(summary(file, result)),
          () => {},
        );
      },
    );
    return 0;
  },
};

interface Recording {
  readonly result: Promise<RecordingState>;
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

/** Resolves when the kernel side is attached. */
async function startRecording(file: string, options: RecordOptions): Promise<Recording> {
  const { recordEvents } = await import('@weft/agent');
  const end = new AbortController();
  return await new Promise((resolve, reject) => {
    const started = () => {
      const done = result.then(() => {});
      resolve({
        result,
        done,
        stop: () => {
          end.abort();
          return done;
        },
      });
    };
    const result: Promise<RecordingState> = recordEvents(file, { ...options, signal: end.signal, started });
    result.catch(reject);
  });
}

function summary(file: string, { events, bytes, lost }: RecordingState): string {
  const losses = Object.entries(lost).filter(([, number]) => number > 0);
  const lostText =
    losses.length === 0 ? '' : `; lost ${losses.map(([cause, n]) => `${n} ${cause}`).join(', ')}`;
  return `recorded ${count(events, 'event')}, ${bytes} bytes to ${file}${lostText}`;
}
