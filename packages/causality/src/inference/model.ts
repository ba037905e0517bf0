import { BINS, DelayHistogram, placeOf } from './histogram.ts';
import { ThreadModel } from './threads.ts';
import { TurnTaking } from './turn.ts';

/** What may come next in the life of a request: its response, the end of a call under way, or a call. */
export const NEXT_RESPONSE = 0;
export const NEXT_CALL_END = 1;
/** Plus the number of the call's kind. */
export const NEXT_CALL = 2;

/** Calls of a kind are counted up to here. */
const MAX_REPEATS = 4;
/** Different sets of calls made so far that are told apart, by type of request. */
const MAX_HISTORIES = 512;
/** Kinds of calls, and types of requests, that are told apart in one group. */
const MAX_KINDS = 256;
const MAX_TYPES = 256;

/** How many observations a broader distribution is worth where a narrower one has its own. */
const TRANSITION_PRIOR = 1;
const DELAY_PRIOR = 4;
/** Likelihood of a call that nobody made before any was seen, in observations. */
const ORPHAN_PRIOR = 0.1;

/** Counts of what came next. */
class NextCounts {
  readonly counts: number[] = [];
  total = 0;

  add(next: number, weight: number): void {
    this.counts[next] = (this.counts[next] ?? 0) + weight;
    this.total += weight;
  }

  scale(factor: number): void {
    for (let i = 0; i < this.counts.length; i++) this.counts[i] = (this.counts[i] ?? 0) * factor;
    this.total *= factor;
  }
}

/** What is known of the moment after an event of some sort, whatever was called before. */
export class EventModel {
  readonly next = new NextCounts();
  readonly #delays: DelayHistogram[] = [];
  readonly #turns: TurnTaking[] = [];
  readonly #type: RequestType;

  constructor(type: RequestType) {
    this.#type = type;
  }

  /** Scratch of the search: the request that waits longest after this event. */
  oldest: { readonly at: number; readonly state: RequestState } | null = null;
  #turnLogOdds: number[] = [];

  #logSurvival: Float64Array | null = null;

  /** Logarithm of the probability that nothing has happened yet so long after this event. */
  logSurvival(delayUs: number): number {
    this.#logSurvival ??= this.#survive();
    const place = placeOf(delayUs);
    const bin = Math.floor(place);
    const part = place - bin;
    return this.#logSurvival[bin]! * (1 - part) + this.#logSurvival[bin + 1]! * part;
  }

  /** By bin of the delay: nothing yet has happened. The end of a call under way may come at any time. */
  #survive(): Float64Array {
    const { counts, total } = this.next;
    const later = new Float64Array(BINS).fill(((counts[NEXT_CALL_END] ?? 0) + 1) / (total + 1));
    counts.forEach((count, next) => {
      if (next === NEXT_CALL_END || count <= 0) return;
      const delay = this.delay(next);
      let beyond = 0;
      for (let bin = BINS - 1; bin >= 0; bin--) {
        later[bin]! += (count / (total + 1)) * beyond;
        beyond += delay.probability(bin);
      }
    });
    return later.map((probability) => Math.log(Math.min(1, probability)));
  }

  turnLogOdds(next: number): number {
    return this.#turnLogOdds[next] ?? 0;
  }

  /** Whether requests after this event take the next step in turn. */
  turn(next: number): TurnTaking {
    let found = this.#turns[next];
    if (found === undefined) {
      found = new TurnTaking();
      this.#turns[next] = found;
    }
    return found;
  }

  delay(next: number): DelayHistogram {
    let found = this.#delays[next];
    if (found === undefined) {
      found = new DelayHistogram(this.#type.delay(next), DELAY_PRIOR);
      this.#delays[next] = found;
    }
    return found;
  }

  scale(factor: number): void {
    this.next.scale(factor);
    for (const delay of this.#delays) delay?.scale(factor);
    for (const turn of this.#turns) turn?.scale(factor);
  }

  refresh(): void {
    for (const delay of this.#delays) delay?.refresh();
    this.#logSurvival = null;
    this.#turnLogOdds = this.#turns.map((turn) => turn.logOdds);
  }
}

/**
 * Where a request stands: its last event (it was read; a call was sent; a call was answered), whether
 * calls are under way, and which calls it has made so far, in whatever order. The model is a Markov chain over
 * such states: calls one after the other, at once, optional or repeated are all walks through it.
 */
export class RequestState {
  readonly type: RequestType;
  readonly event: EventModel;
  /** The last event is the arrival of the request. */
  readonly initial: boolean;
  readonly #history: string;
  readonly #next = new NextCounts();
  readonly #delays: (DelayHistogram | undefined)[] = [];
  readonly #afterCall: (RequestState | undefined)[] = [];
  readonly #afterEnd: (RequestState | undefined)[] = [];
  #log: number[] = [];
  #logVersion = -1;

  constructor(type: RequestType, event: EventModel, history: string, initial: boolean) {
    this.type = type;
    this.event = event;
    this.#history = history;
    this.initial = initial;
  }

  /** State after a call of this kind was sent. */
  afterCall(kind: number): RequestState {
    let state = this.#afterCall[kind];
    if (state === undefined) {
      state = this.type.state(`c${kind}`, this.type.extend(this.#history, kind));
      this.#afterCall[kind] = state;
    }
    return state;
  }

  /** State after a call of this kind was answered. @param busy other calls are still under way */
  afterEnd(kind: number, busy: boolean): RequestState {
    const at = 2 * kind + (busy ? 1 : 0);
    let state = this.#afterEnd[at];
    if (state === undefined) {
      state = this.type.state(busy ? `b${kind}` : `e${kind}`, this.#history);
      this.#afterEnd[at] = state;
    }
    return state;
  }

  /** Log-probability that this comes next. */
  logProbability(next: number): number {
    if (this.#logVersion !== this.type.group.version) this.#rebuild();
    return this.#log[next] ?? this.#log[this.#log.length - 1]!;
  }

  /** Delay until this comes next. */
  delay(next: number): DelayHistogram {
    let delay = this.#delays[next];
    if (delay === undefined) {
      delay = this.event.delay(next);
      this.#delays[next] = delay;
    }
    return delay;
  }

  learn(next: number, weight: number): void {
    this.#next.add(next, weight);
    this.event.next.add(next, weight);
  }

  scale(factor: number): void {
    this.#next.scale(factor);
  }

  #rebuild(): void {
    this.#logVersion = this.type.group.version;
    const possible = NEXT_CALL + this.type.group.kindCount;
    const log: number[] = [];
    // One more: a kind that appears later.
    for (let next = 0; next <= possible; next++) {
      const any = 1 / (possible + 1);
      const general = smoothed(this.event.next, next, any);
      log.push(Math.log(smoothed(this.#next, next, general)));
    }
    this.#log = log;
  }
}

function smoothed(seen: NextCounts, next: number, prior: number): number {
  return ((seen.counts[next] ?? 0) + TRANSITION_PRIOR * prior) / (seen.total + TRANSITION_PRIOR);
}

/** What is known of requests of one type (an endpoint of a service). */
export class RequestType {
  readonly group: GroupModel;
  readonly initial: RequestState;
  readonly #states = new Map<string, RequestState>();
  readonly #events = new Map<string, EventModel>();
  readonly #delays: DelayHistogram[] = [];
  readonly #histories = new Set<string>();
  /** Requests learnt from, and those of them that answered before a call of theirs had ended. */
  requests = 0;
  unawaited = 0;

  constructor(group: GroupModel) {
    this.group = group;
    this.initial = this.state('s', '');
  }

  state(event: string, history: string): RequestState {
    const key = `${event}|${history}`;
    let state = this.#states.get(key);
    if (state === undefined) {
      let model = this.#events.get(event);
      if (model === undefined) {
        model = new EventModel(this);
        this.#events.set(event, model);
      }
      state = new RequestState(this, model, history, event === 's');
      this.#states.set(key, state);
    }
    return state;
  }

  /** The calls made so far and one more, as a key: counts of kinds, whatever their order. */
  extend(history: string, kind: number): string {
    const counts = new Map<number, number>();
    for (const part of history === '' ? [] : history.split(',')) {
      const [known, count] = part.split('x');
      counts.set(Number(known), Number(count));
    }
    counts.set(kind, Math.min(MAX_REPEATS, (counts.get(kind) ?? 0) + 1));
    const extended = [...counts]
      .sort(([a], [b]) => a - b)
      .map(([known, count]) => `${known}x${count}`)
      .join(',');
    if (!this.#histories.has(extended)) {
      if (this.#histories.size >= MAX_HISTORIES) return 'many';
      this.#histories.add(extended);
    }
    return extended;
  }

  delay(next: number): DelayHistogram {
    let found = this.#delays[next];
    if (found === undefined) {
      found = new DelayHistogram(this.group.delay, DELAY_PRIOR);
      this.#delays[next] = found;
    }
    return found;
  }

  learnRequest(unawaited: boolean, weight: number): void {
    this.requests += weight;
    if (unawaited) this.unawaited += weight;
  }

  /** Requests of this type answer, as a rule, only after their calls have. */
  get awaits(): boolean {
    return this.unawaited + 0.5 < 0.02 * (this.requests + 50);
  }

  scale(factor: number): void {
    this.requests *= factor;
    this.unawaited *= factor;
    for (const delay of this.#delays) delay?.scale(factor);
    for (const event of this.#events.values()) event.scale(factor);
    for (const state of this.#states.values()) state.scale(factor);
  }

  refresh(): void {
    for (const delay of this.#delays) delay?.refresh();
    for (const event of this.#events.values()) event.refresh();
  }
}

/** Everything learnt of one group of processes that run the same program. */
export class GroupModel {
  readonly delay = new DelayHistogram(null, 1);
  readonly threads = new ThreadModel();
  readonly #types = new Map<string, RequestType>();
  readonly #kinds = new Map<string, number>();
  readonly #orphans: number[] = [];
  #observedUs = 0;
  /** Grows with each `refresh`. */
  version = 0;

  get kindCount(): number {
    return this.#kinds.size;
  }

  kind(name: string): number {
    let kind = this.#kinds.get(name);
    if (kind === undefined) {
      // Too many to be kinds: they share the last one.
      if (this.#kinds.size >= MAX_KINDS) return MAX_KINDS - 1;
      kind = this.#kinds.size;
      this.#kinds.set(name, kind);
    }
    return kind;
  }

  type(name: string): RequestType {
    const key = this.#types.size >= MAX_TYPES && !this.#types.has(name) ? '' : name;
    let type = this.#types.get(key);
    if (type === undefined) {
      type = new RequestType(this);
      this.#types.set(key, type);
    }
    return type;
  }

  /** Calls of this kind have been seen that were made for no request. */
  hasOrphans(kind: number): boolean {
    return (this.#orphans[kind] ?? 0) > 0.5;
  }

  learnOrphan(kind: number, weight: number): void {
    this.#orphans[kind] = (this.#orphans[kind] ?? 0) + weight;
  }

  learnTime(durationUs: number): void {
    this.#observedUs += durationUs;
  }

  /** Log-density that a call of this kind is made just now for no request at all. */
  orphanLogLikelihood(kind: number): number {
    return Math.log(((this.#orphans[kind] ?? 0) + ORPHAN_PRIOR) / (this.#observedUs + 1e6));
  }

  /** Lets what was learnt fade (factor below 1) or forgets it (0). */
  scale(factor: number): void {
    this.delay.scale(factor);
    this.threads.scale(factor);
    this.#observedUs *= factor;
    for (let i = 0; i < this.#orphans.length; i++) this.#orphans[i] = (this.#orphans[i] ?? 0) * factor;
    for (const type of this.#types.values()) type.scale(factor);
  }

  /** What was learnt since the last time takes effect. */
  refresh(): void {
    this.version++;
    this.delay.refresh();
    for (const type of this.#types.values()) type.refresh();
  }
}
