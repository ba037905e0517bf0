import type { Evidence, TraceId } from '@weft/model';

/**
 * Where and when something was executed: the facts that the kernel reports with every event. One
 * mutable instance is reused by the caller; whoever keeps a value copies it.
 */
export interface Moment {
  readonly time: number;
  readonly tgid: number;
  /** Thread, 0 = unknown. */
  readonly tid: number;
  /** Goroutine, 0 = none or unknown. */
  readonly goid: number;
  readonly parentGoid: number;
  /** Goroutine that ran on this thread just before and parked, 0 = unknown. */
  readonly handoverGoid: number;
  readonly handoverParentGoid: number;
  /** Goroutine that waits on a channel which this one holds, 0 = none seen. */
  readonly waiterGoid: number;
  readonly waiterParentGoid: number;
  /** Goroutine that waits for that waiter, a worker: it handed the work over to it, 0 = none seen. */
  readonly askerGoid: number;
  readonly askerParentGoid: number;
  /** Voluntary context switches of the thread so far: equal numbers mean that it did not sleep in between. */
  readonly switches: number;
}

/** A request that a process is serving, as far as causality cares. The caller's own object implements it. */
export interface ServedRequest {
  readonly tgid: number;
  /** Thread that read it; 0 or absent: not known. */
  readonly tid?: number | undefined;
  /** When its first byte was read. */
  readonly openedAt: number;
  /** Trace id that it carried, or null. */
  readonly traceId: TraceId | string | null;
  /** Ids that name the request, not a trace; absent: none. */
  readonly requestIds?: readonly CarriedRequestId[] | undefined;
  /** False once its response is complete. */
  open: boolean;
  /** Calls that were given to it so far; the engine counts. */
  calls: number;
  /** Calls made for it that are not answered yet. */
  underWay: number;
}

/** An id of the kind of `X-Request-ID`. */
export interface CarriedRequestId {
  readonly name: string;
  readonly hash: string;
  /** Nobody else has the same by chance. */
  readonly specific: boolean;
}

/** A call that a process makes: what is asked about. */
export interface OutgoingCall {
  readonly traceId: TraceId | string | null;
  readonly requestIds?: readonly CarriedRequestId[] | undefined;
  /** Names the client socket. */
  readonly socket: number;
  /** It is the first request on that socket since it was connected. */
  readonly first: boolean;
}

/** A possible cause of a call. */
export interface Candidate<R extends ServedRequest> {
  readonly request: R;
  readonly evidence: Evidence[];
  /** Of the strongest evidence. */
  confidence: number;
}

/** A thread has woken another one of its process, on purpose. */
export interface Wake {
  readonly time: number;
  readonly tgid: number;
  /** Who woke, and its voluntary context switches so far. */
  readonly tid: number;
  readonly switches: number;
  /** Who was woken, and its own, the sleep that ended included. */
  readonly wokenTid: number;
  readonly wokenSwitches: number;
  /** By writing to a file that the other one waited for (eventfd, pipe, Unix socket); else through a futex. */
  readonly byFile: boolean;
  /** Threads that the waker's call wakes at most. */
  readonly most: number;
  /** Address of the futex at which the other one waited, or the file's descriptor. */
  readonly place: number;
}
