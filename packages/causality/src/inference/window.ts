import type { RequestType } from './model.ts';

/** A request that a process serves. Times in microseconds on one clock. */
export interface WindowRequest {
  readonly type: RequestType;
  readonly start: number;
  /** Infinity: not answered yet. */
  readonly end: number;
  /** Thread that read it; null: not known. */
  readonly thread: number | null;
  /** Thread that answered. */
  readonly endThread: number | null;
}

/** A call that a process makes. */
export interface WindowCall {
  readonly kind: number;
  readonly start: number;
  /** Infinity: not answered yet. */
  readonly end: number;
  readonly thread: number | null;
  /** Index of the request that is known to have made it; `ORPHAN`: known to be made for none; null: to be found. */
  readonly fixed: number | null;
  /** Log-odds from other evidence, by index of request; null: none. */
  readonly prior: ReadonlyMap<number, number> | null;
}

/** In place of a request's index: made for no request. */
export const ORPHAN = -1;

/** What is decided together. */
export interface Window {
  readonly requests: readonly WindowRequest[];
  readonly calls: readonly WindowCall[];
}

/** An event of a window; the numbers are the order of events at the same microsecond. */
export const REQUEST_START = 0;
export const CALL_END = 1;
export const CALL_START = 2;
/** The end of a call that took no time. */
export const CALL_END_AT_ONCE = 3;
export const REQUEST_END = 4;
const SORTS = 5;
/** So few events are sorted by insertion, which is faster then. Most windows are as small. */
const FEW = 24;

/** Events of a window in the order of time: `sort` is one of the constants above, `index` is into requests or calls. */
export interface Timeline {
  readonly sort: Uint8Array;
  readonly index: Uint32Array;
}

/** Events of a window's requests and calls. */
export function timelineOf({ requests, calls }: Window): Timeline {
  const events = 2 * (requests.length + calls.length);
  const times = new Float64Array(events);
  const codes = new Float64Array(events);
  let length = 0;
  const push = (time: number, sort: number, index: number) => {
    times[length] = time;
    codes[length++] = index * SORTS + sort;
  };
  requests.forEach((request, index) => {
    push(request.start, REQUEST_START, index);
    if (request.end !== Number.POSITIVE_INFINITY) push(request.end, REQUEST_END, index);
  });
  calls.forEach((call, index) => {
    push(call.start, CALL_START, index);
    if (call.end !== Number.POSITIVE_INFINITY) {
      push(call.end, call.end > call.start ? CALL_END : CALL_END_AT_ONCE, index);
    }
  });
  const order = inOrder(times, codes, length);
  const sort = new Uint8Array(length);
  const index = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    const code = codes[order[i]!]!;
    sort[i] = code % SORTS;
    index[i] = Math.floor(code / SORTS);
  }
  return { sort, index };
}

/** Indices of events by time, then by sort, then by index. */
function inOrder(times: Float64Array, codes: Float64Array, length: number): Uint32Array {
  const order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  const compare = (a: number, b: number) =>
    times[a]! - times[b]! || (codes[a]! % SORTS) - (codes[b]! % SORTS) || codes[a]! - codes[b]!;
  if (length > FEW) return order.sort(compare);
  for (let i = 1; i < length; i++) {
    const moved = order[i]!;
    let at = i;
    while (at > 0 && compare(order[at - 1]!, moved) > 0) {
      order[at] = order[at - 1]!;
      at--;
    }
    order[at] = moved;
  }
  return order;
}
