import type { Context } from '../context.ts';
import type { ServedRequest } from '../facts.ts';

/**
 * How a wake came about, which says how much it tells:
 *
 * - `read`: the waker had read the request, and this is the first wake for it: it is handed over
 * - `working`: the waker worked for the request; it hands out a part of it, or a result, or only gives a lock free
 * - `passed-on`: the waker had itself been woken, and has done nothing since that the kernel saw: it passes on what it was
 *   woken for, or finds more in the queue and calls the next
 */
export type Manner = 'read' | 'working' | 'passed-on';

/** What a thread was woken for, perhaps. */
export interface HandOver<R extends ServedRequest> {
  /** Null: nobody knows for whom the waker worked. */
  readonly request: R | null;
  readonly manner: Manner;
  readonly waker: number;
  readonly byFile: boolean;
  /** Futex or file: where a thread waits tells a queue from a lock, once it is known what came of such wakes. */
  readonly place: number;
  /** Voluntary context switches of the woken thread at that time. */
  readonly switches: number;
}

/** A reason to believe that a thread works for a request now. */
export interface Guess<R extends ServedRequest> {
  readonly request: R;
  /** What is learnt of when it turns out. */
  readonly sign: string;
  /** 0..1 */
  readonly confidence: number;
  /** The wake that it rests on; null: it has come for more by itself. */
  readonly handOver: HandOver<R> | null;
}

/** A thread that others wake. */
export interface Worker<R extends ServedRequest> {
  /** Since its last message; the last of each manner and place, oldest first. */
  handOvers: HandOver<R>[];
  /** Signs that spoke before its first message, until it turns out whom that was for. */
  considered: { readonly request: R; readonly sign: string }[];
  /** It has done something for others ever: it is no thread of the runtime's own. */
  known: boolean;
  /** It waits for files: what it is told to do it does between other things. */
  loop: boolean;
  /** It was given more before it was done. */
  several: boolean;
  /** What it has taken, as it seems, and has not done anything for yet. */
  claim: Guess<R> | null;
  /** What it is believed to work for since it last came for more; null: it has done nothing, or nobody knows for whom. */
  taken: R | null;
  /** It has done something since it last came for more. */
  busy: boolean;
  /** It came for more, and has not been seen to do anything since. */
  hungry: boolean;
}

export function newWorker<R extends ServedRequest>(): Worker<R> {
  return {
    handOvers: [],
    considered: [],
    known: false,
    loop: false,
    several: false,
    claim: null,
    taken: null,
    busy: false,
    hungry: false,
  };
}

/** It has been given something, or has come for it, since it last did anything. */
export function hasNews<R extends ServedRequest>({ handOvers, claim, hungry }: Worker<R>): boolean {
  return handOvers.length > 0 || claim !== null || hungry;
}

/** What the rest of causality knows of a thread. */
export interface KnownThread<R extends ServedRequest> {
  readonly current: Context<R> | null;
  readonly open: number;
  readonly serves: boolean;
}

/** A thread that takes its work from others: it has never read a request. */
export function isWorker<R extends ServedRequest>(thread: KnownThread<R> | undefined): boolean {
  return thread?.serves !== true;
}
