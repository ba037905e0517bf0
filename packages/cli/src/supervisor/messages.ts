/** What our own processes say to each other over Node's IPC channel. */

/** From a child to its supervisor. */
export type ChildMessage =
  /** It works now. */
  | { readonly type: 'ready'; readonly url: string | null }
  /** The processes that it has started itself have changed. */
  | { readonly type: 'pids'; readonly pids: readonly number[] }
  /** It cannot work, in one sentence for the user; it ends after it. */
  | { readonly type: 'failed'; readonly sentence: string; readonly exitCode: number };

/** From the supervisor to a child. */
export type SupervisorMessage = {
  /** Processes of Weft: never to be traced. */
  readonly type: 'exclude';
  readonly pids: readonly number[];
};

/** Reads a message of a child; null when it is none of ours. */
export function asChildMessage(message: unknown): ChildMessage | null {
  if (typeof message !== 'object' || message === null || !('type' in message)) return null;
  const { type } = message;
  return type === 'ready' || type === 'pids' || type === 'failed' ? (message as ChildMessage) : null;
}

/** Reads a message of the supervisor; null when it is none of ours. */
export function asSupervisorMessage(message: unknown): SupervisorMessage | null {
  if (typeof message !== 'object' || message === null || !('type' in message)) return null;
  return message.type === 'exclude' ? (message as SupervisorMessage) : null;
}
