import { bootstrap } from './bootstrap.ts';
import { decide } from './decide.ts';
import { learn } from './learn.ts';
import { GroupModel } from './model.ts';
import { type Batch, batchOf, ProcessWindow } from './process-window.ts';
import { pseudoRandom } from './random.ts';
import type { Verdict } from './verdict.ts';
import { ORPHAN } from './window.ts';

/** Bounds of the stage. */
export interface InferenceSettings {
  /** A call is decided so long after it was sent at the latest, microseconds (warm-up aside). */
  readonly maxDelayUs: number;
  /** Requests and calls of a process after which decisions are made, if it does not come to rest before. */
  readonly maxPending: number;
  /** A request that is open for longer is not expected to make further calls, microseconds. */
  readonly maxRequestUs: number;
  /** Before the first decisions of a group, calls are gathered to learn from: so many, and not for longer than this. */
  readonly warmupCalls: number;
  readonly warmupUs: number;
  /** How many of the last calls the memory of a group spans. */
  readonly memoryCalls: number;
}

export const DEFAULT_SETTINGS: InferenceSettings = {
  maxDelayUs: 2_000_000,
  maxPending: 600,
  maxRequestUs: 60_000_000,
  warmupCalls: 3_000,
  warmupUs: 60_000_000,
  memoryCalls: 20_000,
};

/** A process that has had nothing under way for so long has come to rest. */
const IDLE_US = 100;
/** Times that what was gathered in the warm-up is gone through. */
const WARMUP_PASSES = 4;
const ROUGH_PASSES = 2;
/** Calls learnt from before what was learnt takes effect. */
const REFRESH_CALLS = 500;
/** The warm-up ends also after so many times as many requests. */
const REQUESTS_PER_CALL = 4;
/** Groups known; past this one that is at rest is forgotten. */
const MAX_GROUPS = 1_024;
/** Alternatives told of a call. */
const MAX_ALTERNATIVES = 4;

/** A request that begins to be served. */
export interface RequestStart<R> {
  readonly key: R;
  readonly process: string;
  /** Processes that run the same program and learn from each other: the name of the service. */
  readonly group: string;
  /** Endpoint. */
  readonly type: string;
  readonly startUs: number;
  readonly thread: number | null;
}

/** A call that leaves a process. */
export interface CallStart<R, C> {
  readonly key: C;
  readonly process: string;
  readonly group: string;
  /** Who is asked for what. */
  readonly kind: string;
  readonly startUs: number;
  readonly thread: number | null;
  /** Set: the request that is known to have made it (null: none did). Such calls are learnt from. */
  readonly parent?: R | null;
  /** What other evidence says: natural log-odds by request, 0 for those not named. */
  readonly odds?: ReadonlyMap<R, number>;
}

/** A conclusion about a call. */
export interface Inference<R, C> {
  readonly call: C;
  /** Null: made for no request. */
  readonly parent: R | null;
  /** Probability of that. */
  readonly confidence: number;
  /** Other possible parents, the most likely first. */
  readonly alternatives: readonly { readonly parent: R | null; readonly confidence: number }[];
}

interface Group<R, C> {
  readonly model: GroupModel;
  readonly processes: Set<ProcessWindow<R, C>>;
  /** Windows of the warm-up; null: it is over. */
  gathered: Batch<R, C>[] | null;
  gatheredCalls: number;
  gatheredRequests: number;
  readonly since: number;
  learntCalls: number;
}

/**
 * The inference stage: told in the order of time which requests are served and which calls are made, it
 * concludes which made which. Windows end where a process has nothing under way, or when decisions
 * are due. Pure: no clock, no I/O; the same input gives the same output.
 */
export class InferenceStage<R, C> {
  readonly #settings: InferenceSettings;
  readonly #processes = new Map<string, { group: Group<R, C>; window: ProcessWindow<R, C> }>();
  readonly #groups = new Map<string, Group<R, C>>();
  readonly #random = pseudoRandom(1);
  #ready: Inference<R, C>[] = [];

  constructor(settings: Partial<InferenceSettings> = {}) {
    this.#settings = { ...DEFAULT_SETTINGS, ...settings };
  }

  /** Requests and calls that are remembered. */
  size(): number {
    let size = 0;
    for (const { window } of this.#processes.values()) size += window.size;
    for (const { gathered } of this.#groups.values()) {
      for (const { requests, calls } of gathered ?? []) size += requests.length + calls.length;
    }
    return size;
  }

  /** A request has been read. */
  request({ key, process, group, type, startUs, thread }: RequestStart<R>): void {
    const { group: own, window } = this.#process(process, group, startUs);
    window.addRequest({
      key,
      type: own.model.type(type),
      start: startUs,
      end: Number.POSITIVE_INFINITY,
      thread,
      endThread: null,
    });
  }

  /** It has been answered. @param thread that wrote the answer */
  response(process: string, key: R, endUs: number, thread: number | null): void {
    this.#processes.get(process)?.window.endRequest(key, endUs, thread);
  }

  /** A call has been sent. */
  call({ key, process, group, kind, startUs, thread, parent, odds }: CallStart<R, C>): void {
    const { group: own, window } = this.#process(process, group, startUs);
    window.addCall({
      key,
      kind: own.model.kind(kind),
      start: startUs,
      end: Number.POSITIVE_INFINITY,
      thread,
      odds: odds ?? null,
      known: parent !== undefined,
      parent,
    });
  }

  /** It has been answered, or nobody waits for that any more. */
  answered(process: string, key: C, endUs: number): void {
    this.#processes.get(process)?.window.endCall(key, endUs);
  }

  /**
   * Conclusions that are due.
   * @param nowUs nothing that happened earlier will be told any more, microseconds
   */
  advance(nowUs: number): readonly Inference<R, C>[] {
    const { maxDelayUs, maxRequestUs, warmupUs } = this.#settings;
    for (const [name, { group, window }] of this.#processes) {
      if (group.gathered !== null && nowUs - group.since > warmupUs) this.#endWarmup(group);
      window.expire(nowUs - maxRequestUs);
      if (window.idleSince(nowUs - IDLE_US)) {
        this.#close(group, window);
        group.processes.delete(window);
        this.#processes.delete(name);
        continue;
      }
      if (
        this.#isFull(group, window) ||
        (group.gathered === null && window.oldestUndecided < nowUs - maxDelayUs)
      ) {
        this.#cut(group, window);
      }
    }
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }

  /** All conclusions that are left: nothing more will be told. */
  flush(): readonly Inference<R, C>[] {
    for (const { group, window } of this.#processes.values()) this.#close(group, window);
    this.#processes.clear();
    for (const group of this.#groups.values()) this.#endWarmup(group);
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }

  #process(
    name: string,
    groupName: string,
    timeUs: number,
  ): { group: Group<R, C>; window: ProcessWindow<R, C> } {
    const known = this.#processes.get(name);
    if (known !== undefined) {
      if (known.window.idleSince(timeUs - IDLE_US)) this.#close(known.group, known.window);
      else if (this.#isFull(known.group, known.window)) this.#cut(known.group, known.window);
      return known;
    }
    let group = this.#groups.get(groupName);
    if (group === undefined) {
      if (this.#groups.size >= MAX_GROUPS) this.#forgetGroup();
      group = {
        model: new GroupModel(),
        processes: new Set(),
        gathered: [],
        gatheredCalls: 0,
        gatheredRequests: 0,
        since: timeUs,
        learntCalls: 0,
      };
      this.#groups.set(groupName, group);
    }
    const process = { group, window: new ProcessWindow<R, C>() };
    group.processes.add(process.window);
    this.#processes.set(name, process);
    return process;
  }

  #forgetGroup(): void {
    for (const [name, group] of this.#groups) {
      if (group.processes.size > 0) continue;
      this.#endWarmup(group);
      this.#groups.delete(name);
      return;
    }
  }

  /** Nothing is under way: the window is complete. */
  #close(group: Group<R, C>, window: ProcessWindow<R, C>): void {
    if (window.empty) return;
    const batch = window.batch();
    window.clear();
    if (group.gathered === null) {
      const verdict = decide(group.model, batch.window, true, this.#random);
      this.#tell(batch, verdict);
      this.#learn(group, batch, verdict.samples);
      return;
    }
    // A program that has never called anybody has nothing to be learnt from.
    if (group.model.kindCount === 0) return;
    group.gathered.push(batch);
    group.gatheredCalls += batch.calls.length;
    group.gatheredRequests += batch.requests.length;
    if (this.#isFull(group, window)) this.#endWarmup(group);
  }

  /** Enough has been gathered for a decision, or in the warm-up for a beginning. */
  #isFull(group: Group<R, C>, window: ProcessWindow<R, C>): boolean {
    const { maxPending, warmupCalls } = this.#settings;
    if (group.gathered === null) return window.added >= maxPending;
    return (
      group.gatheredCalls + window.undecided >= warmupCalls ||
      group.gatheredRequests + window.added >= REQUESTS_PER_CALL * warmupCalls
    );
  }

  /** Decides the older half of the calls: what came after them is known by now. */
  #cut(group: Group<R, C>, window: ProcessWindow<R, C>): void {
    this.#endWarmup(group);
    for (;;) {
      const middle = window.middle();
      const batch = window.batch();
      const verdict = decide(group.model, batch.window, true, this.#random);
      this.#tell(batch, verdict, middle);
      batch.calls.forEach((call, i) => {
        if (call.parent !== undefined || call.start > middle) return;
        const parent = verdict.parents[i]!;
        window.decided(call, parent === ORPHAN ? null : batch.requests[parent]!.key);
      });
      const { requests, calls } = window.release(middle);
      const released = batchOf(requests, calls, batch.coveredUs);
      const parents = released.window.calls.map((call) => call.fixed ?? ORPHAN);
      this.#learn(group, released, [parents]);
      if (window.undecided < this.#settings.maxPending) return;
    }
  }

  /** Learns from all that was gathered, again and again, and decides it then. */
  #endWarmup(group: Group<R, C>): void {
    const { gathered, model } = group;
    if (gathered === null) return;
    group.gathered = null;
    const batches = [...gathered];
    for (const window of group.processes) if (!window.empty) batches.push(window.batch());
    bootstrap(batches.map(({ window }) => window));
    model.refresh();
    let verdicts: Verdict[] = [];
    for (let pass = 0; pass < WARMUP_PASSES; pass++) {
      // A part is enough to begin with.
      const isRough = pass < ROUGH_PASSES;
      const some = isRough ? batches.slice(0, Math.ceil(batches.length / 3)) : batches;
      verdicts = some.map((batch, i) => {
        const before = verdicts[i];
        const isClear = pass > ROUGH_PASSES && before?.settled;
        return isClear ? before : decide(model, batch.window, false, this.#random);
      });
      model.scale(0);
      some.forEach((batch, i) => {
        learnSamples(model, batch, verdicts[i]!.samples);
      });
      model.refresh();
    }
    gathered.forEach((batch, i) => {
      const before = verdicts[i]!;
      this.#tell(batch, before.settled ? before : decide(model, batch.window, true, this.#random));
    });
  }

  #learn(group: Group<R, C>, batch: Batch<R, C>, samples: readonly ArrayLike<number>[]): void {
    learnSamples(group.model, batch, samples);
    group.learntCalls += batch.calls.length;
    if (group.learntCalls < REFRESH_CALLS) return;
    group.model.refresh();
    group.model.scale(Math.exp(-group.learntCalls / this.#settings.memoryCalls));
    group.learntCalls = 0;
  }

  #tell(batch: Batch<R, C>, { parents, marginals }: Verdict, untilUs = Number.POSITIVE_INFINITY): void {
    const keyOf = (request: number) => (request === ORPHAN ? null : batch.requests[request]!.key);
    batch.calls.forEach((call, i) => {
      if (call.known || call.parent !== undefined || call.start > untilUs) return;
      const parent = parents[i]!;
      const alternatives = [...marginals[i]!]
        .filter(([request]) => request !== parent)
        .sort(([, a], [, b]) => b - a)
        .slice(0, MAX_ALTERNATIVES)
        .map(([request, probability]) => ({ parent: keyOf(request), confidence: probability }));
      const confidence = Math.min(1, marginals[i]!.get(parent) ?? 0);
      this.#ready.push({ call: call.key, parent: keyOf(parent), confidence, alternatives });
    });
  }
}

function learnSamples<R, C>(
  model: GroupModel,
  { window, coveredUs }: Batch<R, C>,
  samples: readonly ArrayLike<number>[],
): void {
  model.learnTime(coveredUs);
  for (const sample of samples) learn(model, window, sample, 1 / samples.length);
}
