import { internalOption } from '../settings/option.ts';
import { asSupervisorMessage, type ChildMessage } from './messages.ts';

/** A child's side of the channel to its supervisor. */
export interface SupervisorLink {
  send(message: ChildMessage): Promise<void>;
  onExclude(handler: (pids: readonly number[]) => void): void;
}

/** Marks a process that `weft up` has started; not in the help. */
export const SUPERVISED_OPTION = internalOption('supervised', 'flag', 'this process is a part of `weft up`');

/** The channel to the supervisor; null when this process was started by hand. */
export function supervisorLink(argv: readonly string[] = process.argv): SupervisorLink | null {
  if (process.send === undefined || !argv.includes(`--${SUPERVISED_OPTION.name}`)) return null;
  return {
    send: (message) =>
      new Promise((resolve) => {
        if (!process.connected) resolve();
        else process.send?.(message, undefined, undefined, () => resolve());
      }),
    onExclude: (handler) => {
      process.on('message', (raw) => {
        const message = asSupervisorMessage(raw);
        if (message !== null) handler(message.pids);
      });
    },
  };
}

/** Why a process is to end. */
export type StopReason = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'supervisor-gone';

/**
 * Resolves when this process is to end. With a supervisor, Ctrl-C is left to it (a terminal sends it to
 * all of us), and its death, seen as the end of the channel, ends us too, so that nothing stays behind.
 */
export function stopRequest(link: SupervisorLink | null): Promise<StopReason> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (signal === 'SIGTERM' || link === null) resolve(signal);
      });
    }
    if (link !== null) {
      if (!process.connected) resolve('supervisor-gone');
      process.on('disconnect', () => resolve('supervisor-gone'));
    }
  });
}
