import { type StopReason, type SupervisorLink, stopRequest } from './link.ts';

/** Something that runs until it is stopped, or until `done`. */
export interface Stoppable {
  readonly done?: Promise<void>;
  stop(): Promise<void>;
}

/**
 * The life of a long-running command: start, be ready, run until asked to end, stop within a limit. A request
 * that comes during the start is obeyed too: what the start gives is stopped at once.
 * @param limitMs past it, what has not stopped is left to the end of the process
 * @param start gets a function that tells whether a stop was asked for meanwhile
 * @returns why it ended
 */
export async function serve<T extends Stoppable>(
  link: SupervisorLink | null,
  limitMs: number,
  start: (stopAsked: () => boolean) => Promise<T>,
  ready: (running: T) => Promise<void> | void,
): Promise<StopReason | 'done'> {
  let asked = false;
  const stopRequested = stopRequest(link).then((reason) => {
    asked = true;
    return reason;
  });
  const starting = start(() => asked);
  const early = await Promise.race([starting.then(() => null), stopRequested]);
  if (early !== null) {
    const stopped = starting.then(
      (running) => running.stop(),
      () => {},
    );
    await withinLimit(limitMs, stopped);
    return early;
  }
  const running = await starting;
  try {
    await ready(running);
    const ends: Promise<StopReason | 'done'>[] = [stopRequested];
    if (running.done !== undefined) ends.push(running.done.then(() => 'done'));
    return await Promise.race(ends);
  } finally {
    await withinLimit(limitMs, running.stop());
  }
}

async function withinLimit(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
