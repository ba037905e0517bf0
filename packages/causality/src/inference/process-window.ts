import type { RequestType } from './model.ts';
import { ORPHAN, type Window } from './window.ts';

/** A request of which the stage still needs to know. */
export interface PendingRequest<R> {
  readonly key: R;
  readonly type: RequestType;
  readonly start: number;
  end: number;
  readonly thread: number | null;
  endThread: number | null;
}

/** A call that waits for a decision, or whose request is still pending. */
export interface PendingCall<R, C> {
  readonly key: C;
  readonly kind: number;
  readonly start: number;
  end: number;
  readonly thread: number | null;
  readonly odds: ReadonlyMap<R, number> | null;
  /** The parent was known from the beginning: nothing is to be told. */
  readonly known: boolean;
  /** Undefined: not decided yet; null: made for no request. */
  parent: R | null | undefined;
}

/** What is decided together, with the keys of what is in it. */
export interface Batch<R, C> {
  readonly window: Window;
  readonly requests: readonly PendingRequest<R>[];
  readonly calls: readonly PendingCall<R, C>[];
  /** Time that it covers and no batch before did, microseconds. */
  readonly coveredUs: number;
}

/** Requests of one process that may be under way at once; past this the oldest is forgotten. */
const MAX_REQUESTS = 20_000;

/** What happens in one process and is not decided yet. */
export class ProcessWindow<R, C> {
  readonly #requests = new Map<R, PendingRequest<R>>();
  readonly #calls = new Map<C, PendingCall<R, C>>();
  #open = 0;
  #running = 0;
  #undecided = 0;
  #added = 0;
  #lastEnd = Number.NEGATIVE_INFINITY;
  #covered = Number.NaN;

  get undecided(): number {
    return this.#undecided;
  }

  /** Requests and calls since something was forgotten last. */
  get added(): number {
    return this.#added;
  }

  get size(): number {
    return this.#requests.size + this.#calls.size;
  }

  get empty(): boolean {
    return this.#requests.size === 0 && this.#calls.size === 0;
  }

  /** Nothing has been under way for this long. */
  idleSince(timeUs: number): boolean {
    return this.#open === 0 && this.#running === 0 && this.#lastEnd < timeUs;
  }

  /** When the oldest call that is not decided was sent; Infinity: there is none. */
  get oldestUndecided(): number {
    for (const call of this.#calls.values()) if (call.parent === undefined) return call.start;
    return Number.POSITIVE_INFINITY;
  }

  addRequest(request: PendingRequest<R>): void {
    this.#begin(request.start);
    if (this.#requests.has(request.key)) return;
    if (this.#requests.size >= MAX_REQUESTS) {
      for (const oldest of this.#requests.values()) {
        this.#forget(oldest);
        break;
      }
    }
    this.#requests.set(request.key, request);
    this.#added++;
    this.#open++;
  }

  endRequest(key: R, endUs: number, thread: number | null): void {
    const request = this.#requests.get(key);
    if (request === undefined || request.end !== Number.POSITIVE_INFINITY) return;
    request.end = Math.max(endUs, request.start);
    request.endThread = thread;
    this.#open--;
    this.#lastEnd = Math.max(this.#lastEnd, request.end);
  }

  addCall(call: PendingCall<R, C>): void {
    this.#begin(call.start);
    if (this.#calls.has(call.key)) return;
    this.#calls.set(call.key, call);
    this.#added++;
    this.#running++;
    if (call.parent === undefined) this.#undecided++;
  }

  endCall(key: C, endUs: number): void {
    const call = this.#calls.get(key);
    if (call === undefined || call.end !== Number.POSITIVE_INFINITY) return;
    call.end = Math.max(endUs, call.start);
    this.#running--;
    this.#lastEnd = Math.max(this.#lastEnd, call.end);
  }

  /** Forgets requests that are open since before this time. */
  expire(beforeUs: number): void {
    for (const request of this.#requests.values()) {
      if (request.start < beforeUs && request.end === Number.POSITIVE_INFINITY) this.#forget(request);
    }
    for (const [key, call] of this.#calls) {
      if (call.start >= beforeUs || call.parent === undefined) continue;
      this.#calls.delete(key);
      if (call.end === Number.POSITIVE_INFINITY) this.#running--;
    }
  }

  /** Everything that is pending. */
  batch(): Batch<R, C> {
    const until = Math.max(this.#lastEnd, this.#covered);
    const coveredUs = until - this.#covered;
    this.#covered = until;
    return batchOf([...this.#requests.values()], [...this.#calls.values()], coveredUs);
  }

  /** Forgets everything. */
  clear(): void {
    this.#requests.clear();
    this.#calls.clear();
    this.#open = 0;
    this.#running = 0;
    this.#undecided = 0;
    this.#added = 0;
  }

  /** Notes what a call was decided to be. */
  decided(call: PendingCall<R, C>, parent: R | null): void {
    if (call.parent === undefined) this.#undecided--;
    call.parent = parent;
  }

  /** Start of what is in the middle: of the calls that are not decided, or of the requests if there is none. */
  middle(): number {
    const starts: number[] = [];
    for (const call of this.#calls.values()) if (call.parent === undefined) starts.push(call.start);
    if (starts.length === 0) for (const request of this.#requests.values()) starts.push(request.start);
    starts.sort((a, b) => a - b);
    return starts[starts.length >> 1] ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Forgets requests that were answered before this time, their calls, and calls for no request.
   * @returns what is forgotten, to learn from
   */
  release(beforeUs: number): { requests: PendingRequest<R>[]; calls: PendingCall<R, C>[] } {
    this.#added = 0;
    const requests = [...this.#requests.values()].filter((request) => request.end <= beforeUs);
    for (const request of requests) this.#forget(request);
    const calls: PendingCall<R, C>[] = [];
    for (const [key, call] of this.#calls) {
      if (call.parent === undefined || (call.parent !== null && this.#requests.has(call.parent))) continue;
      calls.push(call);
      this.#calls.delete(key);
      if (call.end === Number.POSITIVE_INFINITY) this.#running--;
    }
    return { requests, calls };
  }

  #begin(timeUs: number): void {
    if (Number.isNaN(this.#covered)) this.#covered = timeUs;
  }

  #forget(request: PendingRequest<R>): void {
    this.#requests.delete(request.key);
    if (request.end === Number.POSITIVE_INFINITY) this.#open--;
  }
}

/** These requests and calls as a window. A call whose parent is known and not among the requests is left out. */
export function batchOf<R, C>(
  requests: readonly PendingRequest<R>[],
  allCalls: readonly PendingCall<R, C>[],
  coveredUs: number,
): Batch<R, C> {
  const index = new Map(requests.map((request, i) => [request.key, i]));
  const calls = allCalls.filter(({ parent }) => parent === undefined || parent === null || index.has(parent));
  const window: Window = {
    requests: requests.map((request) => ({ ...request })),
    calls: calls.map(({ kind, start, end, thread, odds, parent }) => {
      const prior = odds === null ? null : new Map<number, number>();
      for (const [key, logOdds] of odds ?? []) {
        const at = index.get(key);
        if (at !== undefined) prior?.set(at, logOdds);
      }
      const fixed = parent === undefined ? null : parent === null ? ORPHAN : (index.get(parent) ?? ORPHAN);
      return { kind, start, end, thread, fixed, prior };
    }),
  };
  return { window, requests, calls, coveredUs };
}
