import type { Candidate, ServedRequest } from '../facts.ts';
import { Frame } from './frame.ts';
import { Loop } from './loop.ts';
import { type Call, type Odds, type Served, shares } from './nodes.ts';
import { Transitions } from './transitions.ts';
import { WorkLimit } from './work.ts';

export interface JointSettings {
  /** A call is decided so long after it has ended, ns: what its answer led to is seen by then. */
  readonly delay: number;
  /** Calls that wait for their decision, of all processes; past it the oldest is decided early. */
  readonly mostWaiting: number;
  readonly mostProcesses: number;
  /** Steps of work a second of event time, of all processes; past it calls are not decided here for a while. */
  readonly mostWork: number;
}

export const DEFAULT_JOINT_SETTINGS: JointSettings = {
  delay: 0.7e9,
  mostWaiting: 16_384,
  mostProcesses: 1_024,
  mostWork: 10_000_000,
};

/** A loop that has done nothing for so long has ended its pass, ns. */
const QUIET = 20e6;
/** Time between two looks at the window, ns: each costs as much as the first. */
const LOOK_EVERY = 0.29e9;
/** The same while work is scarce. */
const SCARCE_LOOK_EVERY = 0.69e9;
/** Looks at what is left when nothing more will be told. */
const LAST_LOOKS = 4;
const MOST_THREADS = 256;
const MOST_CANDIDATES = 4;
/** The kernel does not see all that a loop does: never surer. */
const MOST_SURE = 0.985;
const LEAST_LIKELY = 0.01;

/** Which thread did something, and when. */
export interface Place {
  readonly tgid: number;
  readonly tid: number;
  readonly time: number;
}

interface Process<R, C> {
  readonly transitions: Transitions;
  readonly loops: Map<number, Loop<R, C>>;
  readonly served: Map<R, Served<R>>;
  readonly calls: Map<C, Call<R, C>>;
}

/**
 * Decides for whom event loops made the calls that nothing certain tells: together with what was read and written
 * before and after. Calls wait for that, bounded in number and time. Pure: no clock, no I/O; the same facts in the same order
 * give the same answers.
 */
export class JointStage<R extends ServedRequest, C> {
  readonly #settings: JointSettings;
  readonly #settled: (call: C, candidates: Candidate<R>[]) => void;
  readonly #work: WorkLimit;
  readonly #frame: Frame<R, C>;
  readonly #processes = new Map<number, Process<R, C>>();
  /** Calls that have ended and wait for their decision, in that order. */
  #ended: { process: Process<R, C>; tid: number; call: Call<R, C> }[] = [];
  /** Requests that are over; they are forgotten with the calls that ended at that time. */
  #over: { process: Process<R, C>; request: R; time: number }[] = [];
  #waiting = 0;
  /** It has worked too much: nothing is looked at until it has rested. */
  #rests = false;
  #nextLook = 0;

  constructor(settled: (call: C, candidates: Candidate<R>[]) => void, settings: Partial<JointSettings> = {}) {
    this.#settings = { ...DEFAULT_JOINT_SETTINGS, ...settings };
    this.#settled = settled;
    this.#work = new WorkLimit(this.#settings.mostWork);
    this.#frame = new Frame(this.#work);
  }

  /** Its share of work is used up: calls are not taken in for now. */
  get overworked(): boolean {
    return this.#rests || this.#work.isSpent;
  }

  /** Steps of work done so far. */
  get work(): number {
    return this.#work.done;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get size(): number {
    let size = 0;
    for (const { loops, served, calls } of this.#processes.values()) {
      size += served.size + calls.size;
      for (const loop of loops.values()) size += loop.size;
    }
    return size;
  }

  /** Set if the thread is watched: it has made a call of which nothing certain was known. */
  #loop({ tgid, tid }: Place): Loop<R, C> | undefined {
    if (this.#rests) return undefined;
    return this.#processes.get(tgid)?.loops.get(tid);
  }

  #watch({ tgid, tid }: Place): { process: Process<R, C>; loop: Loop<R, C> } {
    let process = this.#processes.get(tgid);
    if (process === undefined) {
      if (this.#processes.size >= this.#settings.mostProcesses) {
        for (const oldest of this.#processes.keys()) {
          this.processExited(oldest);
          break;
        }
      }
      process = { transitions: new Transitions(), loops: new Map(), served: new Map(), calls: new Map() };
      this.#processes.set(tgid, process);
    }
    let loop = process.loops.get(tid);
    if (loop === undefined) {
      if (process.loops.size >= MOST_THREADS) {
        for (const oldest of process.loops.keys()) {
          process.loops.delete(oldest);
          break;
        }
      }
      loop = new Loop(process.transitions, this.#frame);
      process.loops.set(tid, loop);
    }
    return { process, loop };
  }

  #served(process: Process<R, C>, request: R, type: string): Served<R> {
    let served = process.served.get(request);
    if (served === undefined) {
      served = {
        request,
        type: process.transitions.type(type),
        written: false,
        answered: Number.POSITIVE_INFINITY,
        made: [],
        place: -1,
      };
      process.served.set(request, served);
    }
    return served;
  }

  /** Bytes of a request were read. @param type its endpoint */
  requestRead(request: R, type: string, at: Place): void {
    const loop = this.#loop(at);
    if (loop === undefined) return;
    const process = this.#processes.get(at.tgid)!;
    loop.requestRead(this.#served(process, request, type), type, at.time);
  }

  /** Bytes of its response were written. */
  responseWritten(request: R, type: string, at: Place): void {
    const loop = this.#loop(at);
    if (loop === undefined) return;
    const served = this.#served(this.#processes.get(at.tgid)!, request, type);
    if (served.written) return;
    served.written = true;
    loop.responseWritten(served, at.time);
  }

  /** It is over. */
  requestServed(request: R, tgid: number, time: number): void {
    const process = this.#processes.get(tgid);
    if (process?.served.has(request)) this.#over.push({ process, request, time });
  }

  /**
   * A call of unknown cause leaves: `settled` will be told whose it is. The first one of a thread only has it watched from now on.
   * @param kind who is asked for what
   * @param hints what evidence of other kinds says
   * @returns false: nothing is known of what the thread has read before (or the stage is overworked), nor will anything be told
   */
  callSent(call: C, kind: string, hints: readonly Odds<R>[] | null, at: Place): boolean {
    if (this.overworked) return false;
    const isKnown = this.#loop(at) !== undefined;
    const { process, loop } = this.#watch(at);
    if (!isKnown) return false;
    if (this.#waiting >= this.#settings.mostWaiting) this.#settleOldest();
    this.#waiting++;
    const node = newCall<R, C>(call, kind, process.transitions.kind(kind), false, hints);
    process.calls.set(call, node);
    loop.callWritten(node, at.time);
    return true;
  }

  /** The thread's order of reading is followed: it has made a call of which nothing said for whom. */
  isWatched(at: Place): boolean {
    return this.#loop(at) !== undefined;
  }

  /** A call of known cause leaves: others are told by it. @param parent null: it has none */
  knownCallSent(call: C, kind: string, parent: R | null, type: string, at: Place): void {
    const loop = this.#loop(at);
    if (loop === undefined) return;
    const process = this.#processes.get(at.tgid)!;
    const node = newCall<R, C>(call, kind, process.transitions.kind(kind), true, null);
    if (parent !== null) {
      node.who.push(this.#served(process, parent, type));
      node.start.push(1);
      node.between.push(1);
      node.later.push(1);
      node.prior.push(1);
    }
    process.calls.set(call, node);
    loop.callWritten(node, at.time);
  }

  /** Bytes of the answer to a call were read. */
  answerRead(call: C, at: Place): void {
    const loop = this.#loop(at);
    if (loop === undefined) return;
    const node = this.#processes.get(at.tgid)!.calls.get(call);
    if (node !== undefined) loop.answerRead(node, at.time);
  }

  /** Nothing more comes of a call. @param tid thread that had sent it */
  callEnded(call: C, at: Place): void {
    const process = this.#processes.get(at.tgid);
    const node = process?.calls.get(call);
    if (process === undefined || node === undefined) return;
    node.end = at.time;
    this.#ended.push({ process, tid: at.tid, call: node });
  }

  /** Decides what is due, every now and then. @param now everything before was told */
  advance(now: number): void {
    this.#work.advance(now);
    if (this.#work.isSpent && !this.#rests) this.#rest();
    else if (this.#rests && this.#work.isRested) this.#rests = false;
    if (now < this.#nextLook) return;
    this.#nextLook = now + (this.#work.isRested ? LOOK_EVERY : SCARCE_LOOK_EVERY);
    for (const { loops } of this.#processes.values()) {
      for (const loop of loops.values()) {
        loop.rest(now - QUIET);
        loop.lookAgain(now - this.#settings.delay);
      }
    }
    this.#settleUntil(now - this.#settings.delay);
  }

  /** Decides all that has ended: nothing more will be told. */
  flush(): void {
    for (const { loops } of this.#processes.values()) {
      for (const loop of loops.values()) {
        finish(loop);
      }
    }
    this.#settleUntil(Number.POSITIVE_INFINITY);
  }

  threadExited(tgid: number, tid: number): void {
    const loops = this.#processes.get(tgid)?.loops;
    const loop = loops?.get(tid);
    if (loop === undefined) return;
    finish(loop);
    loops?.delete(tid);
  }

  /** Calls of it that are under way are told of when they end. */
  processExited(tgid: number): void {
    const process = this.#processes.get(tgid);
    if (process === undefined) return;
    for (const tid of [...process.loops.keys()]) this.threadExited(tgid, tid);
    for (const node of process.calls.values()) if (!node.known && !node.settled) this.#tell(node);
    this.#processes.delete(tgid);
  }

  /** Calls that wait are decided in their time by what is known of them by now. */
  #rest(): void {
    this.#rests = true;
    for (const { loops } of this.#processes.values()) for (const loop of loops.values()) loop.forget();
  }

  #settleUntil(time: number): void {
    let done = 0;
    for (const { process, tid, call } of this.#ended) {
      if (call.end >= time) break;
      done++;
      process.calls.delete(call.call);
      process.loops.get(tid)?.given(call);
      if (!call.settled && !call.known) this.#tell(call);
    }
    if (done > 0) this.#ended = this.#ended.slice(done);
    done = 0;
    for (const { process, request, time: end } of this.#over) {
      if (end >= time) break;
      done++;
      // Calls refer to requests and these to calls: without a cut nothing old would ever be freed.
      const served = process.served.get(request);
      if (served !== undefined) served.made.length = 0;
      process.served.delete(request);
    }
    if (done > 0) this.#over = this.#over.slice(done);
  }

  #settleOldest(): void {
    for (let entry = this.#ended.shift(); entry !== undefined; entry = this.#ended.shift()) {
      entry.process.calls.delete(entry.call.call);
      entry.process.loops.get(entry.tid)?.given(entry.call);
      if (entry.call.settled || entry.call.known) continue;
      this.#tell(entry.call);
      return;
    }
    for (const { calls } of this.#processes.values()) {
      for (const node of calls.values()) {
        if (node.known || node.settled) continue;
        calls.delete(node.call);
        this.#tell(node);
        return;
      }
    }
  }

  #tell(node: Call<R, C>): void {
    node.settled = true;
    this.#waiting--;
    const share = shares(node);
    const places = share.map((_, i) => i).sort((a, b) => share[b]! - share[a]!);
    const candidates = places
      .filter((i) => share[i]! >= LEAST_LIKELY)
      .slice(0, MOST_CANDIDATES)
      .map((i): Candidate<R> => {
        const confidence = Math.min(MOST_SURE, share[i]!);
        return {
          request: node.who[i]!.request,
          evidence: [{ kind: 'inferred', key: 'order of the event loop', confidence }],
          confidence,
        };
      });
    this.#settled(node.call, candidates);
  }
}

/** Nothing more comes of a loop. */
function finish<R, C>(loop: Loop<R, C>): void {
  loop.rest(Number.POSITIVE_INFINITY);
  for (let i = 0; i < LAST_LOOKS; i++) loop.lookAgain(Number.NEGATIVE_INFINITY);
  loop.lookAgain(Number.POSITIVE_INFINITY);
}

function newCall<R, C>(
  call: C,
  name: string,
  kind: number,
  known: boolean,
  odds: readonly Odds<R>[] | null,
): Call<R, C> {
  return {
    call,
    kind,
    name,
    known,
    who: [],
    start: [],
    between: [],
    later: [],
    laterOfOthers: 1,
    prior: [],
    odds,
    owner: null,
    sent: 0,
    answered: Number.POSITIVE_INFINITY,
    end: Number.NaN,
    settled: false,
  };
}
