import { Alignment, MOST_READS, MOST_WRITES } from './alignment.ts';
import {
  aliveIn,
  boundTo,
  type Call,
  isInformed,
  MOST_CANDIDATES,
  oddsOf,
  type Pass,
  type Read,
  type Served,
  UNLIKELY,
  type Write,
} from './nodes.ts';
import { ageOf, chancesAt, NOTHING, RESPONSE, type Sort, type Transitions } from './transitions.ts';
import type { WorkLimit } from './work.ts';

/** Nothing that was seen led to a write. */
const STRAY = 0.00001;
/** A read that is still to lead to something with less than that has no column: most reads of a pass have acted long ago. */
const USELESS = 0.00001;
/** Candidates of a call that are less probable have no entry. */
const UNLISTED = 0.0025;
/** Requests that are told apart in one look, and one place for all others. */
export const MOST_PLACES = 256;
/** Parts of a sort: how many calls its request had made, by endpoint. */
const MOST_TYPES = 1_024;

/**
 * What one look at a pass works on: the alignment, whose columns are the reads that may act, in the order in which they do; whom each is for,
 * as rows of few entries; and how well each write fits each read. Reused for all looks, so that nothing is allocated.
 */
export class Frame<R, C> {
  readonly alignment = new Alignment();
  /** Columns, so many of them. Kept between looks, as the requests are: emptied arrays would be allocated anew. */
  count = 0;
  readonly columns: Read<R, C>[] = [];
  /** Of a column: when it was read, among the reads of the pass. */
  readonly orders = new Uint8Array(MOST_READS);
  readonly ages = new Uint8Array(MOST_READS);
  /** That it has led to nothing yet, and that it then leads to nothing now. */
  readonly free = new Float64Array(MOST_READS);
  readonly idles = new Float64Array(MOST_READS);
  /** Whom a column is for: its entries begin there, each a request's place and the probability. */
  readonly begins = new Int32Array(MOST_READS + 1);
  readonly places = new Uint8Array(MOST_READS * MOST_CANDIDATES);
  readonly priors = new Float64Array(MOST_READS * MOST_CANDIDATES);
  /** Requests by their place; 0 are those that have none. */
  placed = 0;
  readonly requests: (Served<R> | null)[] = [null];
  /** Of a write: whether something besides its start speaks of its request, and what, by place. */
  readonly informed = new Uint8Array(MOST_WRITES);
  readonly weights = new Float64Array(MOST_WRITES * MOST_PLACES);
  /** Of a write and a column: how well they fit by whom they are for. */
  readonly fits = new Float64Array(MOST_WRITES * MOST_READS);
  readonly work: WorkLimit;

  readonly #keys = new Float64Array(MOST_READS);
  readonly #chances: Float64Array[] = [];
  readonly #chancesAt = new Int32Array(MOST_READS);
  /** Of a column: how well a request fits that is not among its entries. */
  readonly #unlisted = new Float64Array(MOST_READS);

  constructor(work: WorkLimit) {
    this.work = work;
  }

  /** Fills all in. @param again what later passes said is about to be said anew */
  describe(pass: Pass<R, C>, transitions: Transitions, again: boolean): void {
    this.#choose(pass, transitions, again);
    this.#list();
    const { writes } = pass;
    for (let i = 0; i < writes.length; i++) this.#fit(writes[i]!, i);
    this.#align(writes, transitions);
  }

  /** To be called when the look is over: places are the frame's alone. */
  clear(): void {
    for (let s = 1; s < this.placed; s++) this.requests[s]!.place = -1;
  }

  #choose({ number, reads }: Pass<R, C>, transitions: Transitions, again: boolean): void {
    const { columns, orders, ages, free, idles } = this;
    const keys = this.#keys;
    this.work.spend(reads.length);
    let count = 0;
    for (let j = 0; j < reads.length; j++) {
      const read = reads[j]!;
      if (read.pass === number) {
        read.unused = 1;
        if (read.call !== null) read.sort = sortOf(read.call, read.base, transitions);
        if (again && read.call !== null && !read.call.known && !read.call.settled) {
          read.call.later.fill(1);
          read.call.laterOfOthers = 1;
        }
      }
      if (read.unused < USELESS) continue;
      const isFree = read.unused * aliveIn(read, number);
      if (isFree < USELESS) continue;
      // Sorts that are known to be slower come later.
      const key = (read.pass - number + transitions.lag(read.sort)) * MOST_READS + j;
      let at = count++;
      for (; at > 0 && keys[at - 1]! > key; at--) {
        keys[at] = keys[at - 1]!;
        columns[at] = columns[at - 1]!;
        orders[at] = orders[at - 1]!;
        free[at] = free[at - 1]!;
      }
      keys[at] = key;
      columns[at] = read;
      orders[at] = j;
      free[at] = isFree;
    }
    this.count = count;
    for (let c = 0; c < count; c++) {
      const { sort, pass } = columns[c]!;
      const age = ageOf(number - pass);
      const chances = transitions.chances(sort, age);
      const at = chancesAt(age);
      ages[c] = age;
      this.#chances[c] = chances;
      this.#chancesAt[c] = at;
      idles[c] = chances[at + NOTHING]!;
    }
  }

  #list(): void {
    const { count, columns, begins, places, priors } = this;
    this.placed = 1;
    let end = 0;
    let listed = 0;
    for (let c = 0; c < count; c++) {
      const { served, call } = columns[c]!;
      begins[c] = end;
      if (served !== null) {
        places[end] = this.#place(served);
        priors[end++] = 1;
      } else {
        const { who, prior } = call!;
        listed += who.length;
        for (let k = 0; k < who.length; k++) {
          const place = this.#place(who[k]!);
          if (prior[k]! < UNLISTED) continue;
          places[end] = place;
          priors[end++] = prior[k]!;
        }
      }
      this.#unlisted[c] = served !== null || call!.known ? 0 : UNLIKELY;
    }
    begins[count] = end;
    this.work.spend(count + listed);
  }

  #place(request: Served<R>): number {
    if (request.place >= 0) return request.place;
    const { requests } = this;
    if (this.placed >= MOST_PLACES) return 0;
    request.place = this.placed++;
    requests[request.place] = request;
    return request.place;
  }

  /** How well a write fits each column by whom they belong to. */
  #fit(write: Write<R, C>, i: number): void {
    const { fits, weights, begins, places, priors } = this;
    const columns = this.count;
    const cells = i * MOST_READS;
    const to = boundTo(write);
    if (to !== null) {
      this.informed[i] = 0;
      const { place } = to;
      for (let c = 0; c < columns; c++) {
        let fit = this.#unlisted[c]!;
        if (place > 0) {
          const end = begins[c + 1]!;
          for (let p = begins[c]!; p < end; p++) if (places[p] === place) fit = priors[p]!;
        }
        fits[cells + c] = fit;
      }
      this.work.spend(begins[columns]!);
      return;
    }
    const made = write.call!;
    const isOpen = !made.known && isInformed(made);
    this.informed[i] = isOpen ? 1 : 0;
    if (!isOpen) {
      const blank = made.known ? 0 : made.laterOfOthers;
      for (let c = 0; c < columns; c++) fits[cells + c] = blank;
      this.work.spend(columns);
      return;
    }
    const row = i * MOST_PLACES;
    this.#weigh(made, row);
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      const end = begins[c + 1]!;
      for (let p = begins[c]!; p < end; p++) sum += priors[p]! * weights[row + places[p]!]!;
      fits[cells + c] = sum;
    }
    this.work.spend(begins[columns]! + this.placed);
  }

  /** What is said of a call's request besides its start, by place. */
  #weigh(made: Call<R, C>, row: number): void {
    const { weights, requests } = this;
    const { who, between, later, laterOfOthers, odds } = made;
    for (let s = 0; s < this.placed; s++) {
      const request = requests[s]!;
      weights[row + s] =
        odds === null || request === null ? laterOfOthers : laterOfOthers * oddsOf(made, request);
    }
    for (let k = 0; k < who.length; k++) {
      const request = who[k]!;
      if (request.place > 0) weights[row + request.place] = between[k]! * later[k]! * oddsOf(made, request);
    }
  }

  #align(writes: readonly Write<R, C>[], transitions: Transitions): void {
    const { alignment, fits, free, idles } = this;
    const { lead, again, skip } = alignment;
    const columns = this.count;
    alignment.reads = columns;
    alignment.writes = writes.length;
    alignment.round = transitions.round(writes.length);
    for (let c = 0; c < columns; c++) skip[c] = 1 - free[c]! + free[c]! * idles[c]!;
    let before = RESPONSE;
    for (let i = 0; i < writes.length; i++) {
      const { kind } = writes[i]!;
      alignment.stray[i] = STRAY;
      alignment.stop[i + 1] = kind === RESPONSE ? 1 : transitions.stops(kind);
      const further = before === RESPONSE || kind === RESPONSE ? 0 : transitions.leadsAgain(before, kind);
      const row = i * MOST_READS;
      for (let c = 0; c < columns; c++) {
        const fit = fits[row + c]!;
        lead[row + c] = fit === 0 ? 0 : free[c]! * this.#chances[c]![this.#chancesAt[c]! + kind]! * fit;
        again[row + c] = further * fit;
      }
      before = kind;
    }
  }
}

/** What kind of answer it is, by what else was done for its request. */
function sortOf<R, C>(call: Call<R, C>, base: Sort, transitions: Transitions): Sort {
  const { owner } = call;
  if (owner === null) return base;
  let calls = 0;
  let course = 0;
  for (const other of owner.made) {
    if (other.sent > call.answered) continue;
    calls++;
    if (other === call || other.answered < call.sent) continue;
    // Others were under way still; or it was the last of several.
    if (other.answered > call.answered) course = 2;
    else if (course === 0) course = 1;
  }
  const broader = transitions.narrower(base, course, true);
  return transitions.narrower(broader, Math.min(3, calls) * MOST_TYPES + owner.type, false);
}
