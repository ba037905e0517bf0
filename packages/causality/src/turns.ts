import type { Candidate, ServedRequest } from './facts.ts';

/** What is asked of requests, and told of the calls that are made for them. */
export interface TurnRequest extends ServedRequest {
  /** Its response has begun. */
  readonly answered: boolean;
}

/** Only one of the turn's requests can have made the calls. */
const ONLY = 0.98;
/** As many calls as requests that must have made one: each its own, in the order in which they were read. */
const IN_ORDER = 0.9;
/** Together they stay below what makes a link. */
const AMONG_SEVERAL = 0.45;
/** A thread's order is believed when it has kept it so often, and of its calls no larger part has left in another. */
const LEAST_IN_ORDER = 3;
const MOST_OUT_OF_ORDER = 0.05;
/** Stands for all sockets that carry one call at a time. */
export const OF_ITS_OWN = 0;
const MOST_CANDIDATES = 4;
const MOST_OF_A_TURN = 64;
const MOST_THREADS = 4_096;

/** Something was read for a request. */
interface Work<R> {
  /** Null: the answer to a call, nobody knows for whom that was made. */
  readonly request: R | null;
  /** What was read: the request itself, or the call that was answered. */
  readonly read: R;
  /** Calls had left before, as many. */
  readonly after: number;
}

interface Turn<R> {
  works: Work<R>[];
  /** Calls that have left, in that order, with their sockets. */
  calls: R[];
  sockets: number[];
  /** Calls that have left ever. */
  sent: number;
  /** Requests that are open and whose calls were not told apart: answers to nobody's calls are theirs. */
  lost: R[];
  /** Its requests come several to a connection. */
  isShared: boolean;
  /** Answers to calls that were read since it last answered a request, and the last of the calls. */
  answers: number;
  answered: R | null;
  /** Calls over connections of their own that left in the order of reading, and others, as the answers told. */
  inOrder: number;
  outOfOrder: number;
}

/**
 * Event loops that send their calls together. An HTTP/2 library collects what the callbacks of one turn of the loop
 * send, and writes it when the turn ends: when the bytes leave, nothing says any more which callback was the sender.
 * But a request that was read for, has not been answered and waits for no other call must have made one; where there
 * are as many calls as such requests, each has made its own, in order. That is decided when the first of the calls is
 * answered: what their senders' turn sends has left by then.
 */
export class Turns<R extends TurnRequest> {
  readonly #turns = new Map<number, Turn<R>>();
  /** Calls over connections of their own → whose they are if they left in the order of reading. */
  readonly #guesses = new WeakMap<R, R>();
  readonly #settled: (call: R, candidates: Candidate<R>[]) => void;

  /** @param settled told once of each call that was given to `sent` */
  constructor(settled: (call: R, candidates: Candidate<R>[]) => void) {
    this.#settled = settled;
  }

  /** Threads that are remembered. */
  get size(): number {
    return this.#turns.size;
  }

  /**
   * A thread has read for a request.
   * @param request null: for nobody known
   * @param read its head or body, or the answer to a call of it
   * @param isShared it came over a connection that others share
   */
  read(tid: number, request: R | null, read: R, isShared = false): void {
    let turn = this.#turns.get(tid);
    if (turn === undefined) {
      if (this.#turns.size >= MOST_THREADS) this.#forgetOldest();
      turn = {
        works: [],
        calls: [],
        sockets: [],
        sent: 0,
        lost: [],
        isShared,
        answers: 0,
        answered: null,
        inOrder: 0,
        outOfOrder: 0,
      };
      this.#turns.set(tid, turn);
    } else if (isShared) {
      turn.isShared = true;
      // All that were read for have sent: what comes now is another turn's.
      if (turn.calls.length > 0 && turn.calls.length === turn.works.filter(mustSend).length) this.settle(tid);
    }
    if (request !== read && turn.answered !== read) {
      turn.answers++;
      turn.answered = read;
    }
    const { works, sent } = turn;
    // The last thing that was read for it is what it goes on from.
    const before = works.findIndex((work) => (work.request ?? work.read) === (request ?? read));
    if (before >= 0) works.splice(before, 1);
    else if (works.length >= MOST_OF_A_TURN) works.shift();
    works.push({ request, read, after: sent });
  }

  /**
   * A thread answers a request. If it has read the answer to one call since the last time, then that was a call of this request:
   * so it shows whether the thread sends in the order of reading.
   * @param request null: several at once
   */
  responded(tid: number, request: R | null): void {
    const turn = this.#turns.get(tid);
    if (turn === undefined || turn.answers === 0) return;
    const guess = turn.answers === 1 && request !== null ? this.#guesses.get(turn.answered!) : undefined;
    if (guess !== undefined) {
      if (guess === request) turn.inOrder++;
      else turn.outOfOrder++;
    }
    turn.answers = 0;
    turn.answered = null;
  }

  /** Whether a thread serves several requests of one connection: what it has read at once it may send to anybody, in turn. */
  isShared(tid: number): boolean {
    return this.#turns.get(tid)?.isShared ?? false;
  }

  /**
   * Whether the thread's context does not say for whom it sends a call now: others were read for too.
   * @param context whom its context speaks for
   */
  isUnclear(tid: number, context: R | null): boolean {
    const turn = this.#turns.get(tid);
    if (turn === undefined) return false;
    const senders = turn.works.filter(mustSend);
    if (senders.length === 0) return context !== null && !context.open;
    return senders.length > 1 || senders[0]!.request !== context;
  }

  /** Candidates of a call that leaves when it is clear for whom: the first is the turn's only sender, too. */
  clear(tid: number, candidates: readonly Candidate<R>[]): readonly Candidate<R>[] {
    const [best, ...others] = candidates;
    const senders = this.#turns.get(tid)?.works.filter(mustSend) ?? [];
    if (best === undefined || senders.length !== 1 || senders[0]!.request !== best.request) return candidates;
    const { request, evidence, confidence } = candidate(best.request, ONLY);
    return [
      {
        request,
        evidence: [...best.evidence, ...evidence],
        confidence: Math.max(best.confidence, confidence),
      },
      ...others,
    ];
  }

  /** A call leaves when that is so; `settled` will be told for whom. @param socket `OF_ITS_OWN`: one that no two calls share at a time */
  sent(tid: number, call: R, socket: number): void {
    const turn = this.#turns.get(tid);
    if (turn === undefined || turn.calls.length >= MOST_OF_A_TURN) {
      this.#settled(call, []);
      return;
    }
    turn.calls.push(call);
    turn.sockets.push(socket);
    turn.sent++;
  }

  /** One of the thread's calls is answered, or given up: they are decided. */
  settle(tid: number): void {
    const turn = this.#turns.get(tid);
    if (turn === undefined || turn.calls.length === 0) return;
    const { calls, sockets, works, sent } = turn;
    turn.calls = [];
    turn.sockets = [];
    // What was read since the last call left has yet to send.
    turn.works = works.filter(({ after }) => after === sent);
    const senders = this.#senders(turn, works);
    const onSocket = new Map<number, number>();
    for (const socket of sockets) onSocket.set(socket, (onSocket.get(socket) ?? 0) + 1);
    const before = new Map<number, number>();
    for (const [i, call] of calls.entries()) {
      const socket = sockets[i]!;
      const place = before.get(socket) ?? 0;
      before.set(socket, place + 1);
      const calls = onSocket.get(socket)!;
      const sender =
        senders.length === 1 ? senders[0] : calls === senders.length ? senders[place] : undefined;
      const isOrdered = socket === OF_ITS_OWN && senders.length > 1;
      if (isOrdered && sender !== undefined && sender.request !== null)
        this.#guesses.set(call, sender.request);
      if (sender !== undefined && !(isOrdered && !keepsOrder(turn)))
        this.#settled(call, candidatesOf(sender, senders.length));
      else this.#lose(turn, call, senders);
    }
  }

  /** The requests that must have sent something since they were read for. */
  #senders(turn: Turn<R>, works: readonly Work<R>[]): Work<R>[] {
    const senders = works.filter((work) => work.after < turn.sent && mustSend(work));
    const lost = turn.lost.length;
    turn.lost = turn.lost.filter(({ open, answered }) => open && !answered);
    // Requests that were lost have been answered: so many of nobody's answers led to that, and to no call.
    const isOver = lost - turn.lost.length;
    if (isOver === 0) return senders;
    const ofNobody = senders.filter(({ request }) => request === null).length;
    return ofNobody <= isOver ? senders.filter(({ request }) => request !== null) : senders;
  }

  #lose(turn: Turn<R>, call: R, senders: readonly Work<R>[]): void {
    const known = senders.flatMap(({ request }) => request ?? []);
    for (const request of known) {
      if (!turn.lost.includes(request) && turn.lost.length < MOST_OF_A_TURN) turn.lost.push(request);
    }
    const each = AMONG_SEVERAL / Math.max(1, senders.length);
    this.#settled(
      call,
      known.slice(0, MOST_CANDIDATES).map((request) => candidate(request, each)),
    );
  }

  /** The thread is gone. */
  exited(tid: number): void {
    this.settle(tid);
    this.#turns.delete(tid);
  }

  #forgetOldest(): void {
    for (const tid of this.#turns.keys()) {
      this.exited(tid);
      return;
    }
  }
}

/** Proxies whose connections become writable in an order of their own (Envoy) show it by their answers, and so do those that keep it. */
function keepsOrder({ inOrder, outOfOrder }: Turn<unknown>): boolean {
  return inOrder >= LEAST_IN_ORDER && outOfOrder <= 1 + MOST_OUT_OF_ORDER * inOrder;
}

function mustSend<R extends TurnRequest>({ request, read }: Work<R>): boolean {
  if (request === null) return !read.open;
  return request.open && !request.answered && request.underWay === 0;
}

/** @param senders of the turn: the more, the more there is to mistake */
function candidatesOf<R extends TurnRequest>({ request }: Work<R>, senders: number): Candidate<R>[] {
  return request === null ? [] : [candidate(request, senders === 1 ? ONLY : IN_ORDER)];
}

function candidate<R extends TurnRequest>(request: R, confidence: number): Candidate<R> {
  return { request, evidence: [{ kind: 'inferred', key: 'turn of the event loop', confidence }], confidence };
}
