/** Kinds of writes: */
export const RESPONSE = 0;
/** Calls have the numbers from here on; past the last one they share it. */
export const FIRST_CALL = 1;
const MOST_KINDS = 32;
/** Nothing is written; anything or nothing. */
export const NOTHING = MOST_KINDS;
const TOTAL = MOST_KINDS + 1;
const WIDTH = MOST_KINDS + 2;

/** Passes since a read that are told apart: 0, 1, 2, 3 to 4, 5 to 8, more. */
const AGES = 6;
const MOST_SORTS = 512;
/** Past so many observations old ones weigh half: a program's habits change. */
const MOST_SEEN = 2_048;

/** How many observations a broader distribution is worth where a narrower one has its own. */
const PRIOR = 2;
const BROAD_PRIOR = 1;
/** What was learnt may be wrong: so much of it is left to chance. */
const OPEN_MIND = 0.02;
/** Probabilities are computed anew when so much more has been seen. */
const STALE = 0.02;
/** Before anything is known: that a read leads to nothing in a pass, just after it and later. */
const IDLE_AT_FIRST = 0.5;
const IDLE_LATER = 0.6;
/** And that it leads to a response, if to anything. */
const RESPONDS = 0.4;
/** Sorts that are told apart by how soon they act, and how many rounds later that may be. */
const MOST_PACES = 24;
const MOST_ROUNDS = 2;
/** So often, at least, a sort is overtaken by another that is quicker. */
const OVERTAKEN = 0.6;
const PACE_SEEN = 6;
/** That a read which has led to a write leads to another in the same pass. */
const LEADS_AGAIN = 0.1;
const AGAIN_PRIOR = 4;
/** That the loop has come round once more within a pass, after a write. */
const ROUND = 0.1;
const ROUND_PRIOR = 20;
/** Sizes of passes that are told apart. */
const SIZES = 4;

function sizeOf(writes: number): number {
  return writes < 3 ? 0 : writes < 6 ? 1 : writes < 12 ? 2 : 3;
}

/** Where the chances of an age begin. */
export function chancesAt(age: number): number {
  return age * WIDTH;
}

export function ageOf(passes: number): number {
  return passes < 3 ? passes : passes < 5 ? 3 : passes < 9 ? 4 : 5;
}

/** What a sort of read has led to, by age. */
export interface Sort {
  readonly broader: Sort | null;
  readonly number: number;
  /** Number of those that are told apart by how soon they act. */
  readonly pace: number;
  readonly counts: Float64Array;
  /** The probabilities that follow from the counts, and the same with a part left to chance; brought up to date now and then. */
  readonly shares: Float64Array;
  readonly chances: Float64Array;
  /** By age: number of the last update, that of the broader sort's which it used, and what had been seen by then. */
  readonly updates: Int32Array;
  readonly basedOn: Int32Array;
  readonly seen: Float64Array;
  /** Narrower sorts. */
  readonly narrower: Map<number, Sort>;
}

function newSort(broader: Sort | null, number: number, pace: number): Sort {
  return {
    broader,
    number,
    pace,
    counts: new Float64Array(AGES * WIDTH),
    shares: new Float64Array(AGES * WIDTH),
    chances: new Float64Array(AGES * WIDTH),
    updates: new Int32Array(AGES),
    basedOn: new Int32Array(AGES),
    seen: new Float64Array(AGES).fill(-1),
    narrower: new Map(),
  };
}

/** What is learnt of a process: which reads lead to which writes, and how many passes of the loop later. */
export class Transitions {
  readonly #kinds = new Map<string, number>();
  readonly #types = new Map<string, number>();
  readonly #sorts = new Map<string, Sort>();
  readonly #again = new Float64Array(MOST_KINDS * WIDTH);
  #paces = 1;
  #pacesSeen = 0;
  readonly #lags = new Uint8Array(MOST_PACES).fill(1);
  /** By a sort that was read first, and one that was read after it: which acted first. */
  readonly #overtaken = new Float64Array(MOST_PACES * MOST_PACES);
  readonly #kept = new Float64Array(MOST_PACES * MOST_PACES);
  readonly #rounds = new Float64Array(SIZES);
  readonly #places = new Float64Array(SIZES);
  readonly #any = newSort(null, 0, 0);
  #sortsMade = 1;
  #kindsKnown = 0;

  /** Number of a kind of call. */
  kind(name: string): number {
    let kind = this.#kinds.get(name);
    if (kind === undefined) {
      kind = Math.min(FIRST_CALL + this.#kinds.size, MOST_KINDS - 1);
      if (this.#kinds.size < MOST_SORTS) this.#kinds.set(name, kind);
    }
    return kind;
  }

  /** Number of an endpoint. */
  type(name: string): number {
    let type = this.#types.get(name);
    if (type === undefined) {
      type = this.#types.size;
      if (type < MOST_SORTS) this.#types.set(name, type);
    }
    return type;
  }

  /** The sort of reads with such a name. */
  sort(name: string): Sort {
    let sort = this.#sorts.get(name);
    if (sort === undefined) {
      if (this.#sortsMade > MOST_SORTS) return this.#any;
      sort = newSort(this.#any, this.#sortsMade++, this.#nextPace());
      this.#sorts.set(name, sort);
    }
    return sort;
  }

  /** A part of a sort: while little is known of it, it leans on the whole. @param pace whether it is told apart by how soon it acts */
  narrower(broader: Sort, part: number, pace: boolean): Sort {
    let sort = broader.narrower.get(part);
    if (sort === undefined) {
      if (this.#sortsMade > MOST_SORTS) return broader;
      sort = newSort(broader, this.#sortsMade++, pace ? this.#nextPace() : broader.pace);
      broader.narrower.set(part, sort);
    }
    return sort;
  }

  #nextPace(): number {
    return this.#paces < MOST_PACES ? this.#paces++ : 0;
  }

  /**
   * Probabilities that a read of that age which has led to nothing yet leads to a write of each kind now, or to none (`NOTHING`).
   * @returns the sort's `chances`, from `chancesAt` on
   */
  chances(sort: Sort, age: number): Float64Array {
    if (this.#kindsKnown !== this.#kinds.size) {
      this.#kindsKnown = this.#kinds.size;
      this.#any.seen.fill(-1);
    }
    this.#update(sort, age);
    return sort.chances;
  }

  /** Little by little: counts that have hardly changed say the same. @returns number of the update */
  #update(sort: Sort, age: number): number {
    const { broader, counts, shares } = sort;
    const at = age * WIDTH;
    const basis = broader === null ? 0 : this.#update(broader, age);
    const total = counts[at + TOTAL]!;
    if (basis === sort.basedOn[age] && Math.abs(total - sort.seen[age]!) <= STALE * total)
      return sort.updates[age]!;
    const weight = broader === null ? BROAD_PRIOR : PRIOR;
    const kinds = Math.min(MOST_KINDS, this.#kinds.size + FIRST_CALL);
    for (let k = 0; k <= kinds; k++) {
      const what = k === kinds ? NOTHING : k;
      const guess = this.#guess(age, what);
      const prior = broader === null ? guess : broader.shares[at + what]!;
      const share = (counts[at + what]! + weight * prior) / (total + weight);
      shares[at + what] = share;
      sort.chances[at + what] = (1 - OPEN_MIND) * share + OPEN_MIND * guess;
    }
    sort.basedOn[age] = basis;
    sort.seen[age] = total;
    return ++sort.updates[age]!;
  }

  #guess(age: number, what: number): number {
    const idle = age === 0 ? IDLE_AT_FIRST : IDLE_LATER;
    if (what === NOTHING) return idle;
    if (what === RESPONSE) return (1 - idle) * RESPONDS;
    return ((1 - idle) * (1 - RESPONDS)) / Math.max(1, this.#kinds.size);
  }

  /** Probability that a read which has led to a write of one kind leads to one of another right after it. */
  leadsAgain(before: number, kind: number): number {
    const at = before * WIDTH;
    const prior = kind === RESPONSE ? 0.01 : LEADS_AGAIN / Math.max(1, this.#kinds.size);
    return (this.#again[at + kind]! + AGAIN_PRIOR * prior) / (this.#again[at + TOTAL]! + AGAIN_PRIOR);
  }

  stops(before: number): number {
    const at = before * WIDTH;
    return (
      (this.#again[at + NOTHING]! + AGAIN_PRIOR * (1 - LEADS_AGAIN)) /
      (this.#again[at + TOTAL]! + AGAIN_PRIOR)
    );
  }

  /** A read led to a write of this kind, so probably. */
  learnLead(sort: Sort, age: number, kind: number, weight: number): void {
    for (let one: Sort | null = sort; one !== null; one = one.broader) {
      count(one.counts, age * WIDTH, kind, weight);
    }
  }

  learnIdle(sort: Sort, age: number, weight: number): void {
    for (let one: Sort | null = sort; one !== null; one = one.broader)
      count(one.counts, age * WIDTH, NOTHING, weight);
  }

  /** Probability that another round of the loop begins after a write, in a pass with so many. */
  round(writes: number): number {
    const at = sizeOf(writes);
    return (this.#rounds[at]! + ROUND_PRIOR * ROUND) / (this.#places[at]! + ROUND_PRIOR);
  }

  learnRounds(writes: number, rounds: number, weight: number): void {
    const at = sizeOf(writes);
    this.#rounds[at]! += weight * rounds;
    this.#places[at]! += weight * (writes - 1);
    if (this.#places[at]! > MOST_SEEN) {
      this.#rounds[at]! /= 2;
      this.#places[at]! /= 2;
    }
  }

  /** So many rounds of the loop after its read a sort acts, as far as is known. */
  lag(sort: Sort): number {
    return this.#lags[sort.pace]!;
  }

  /**
   * Two that were read in the same pass acted one right after the other.
   * @param overtaken the one that acted later was read first
   */
  learnPace(later: Sort, sooner: Sort, overtaken: boolean): void {
    const a = later.pace;
    const b = sooner.pace;
    if (a === b) return;
    if (overtaken) this.#overtaken[a * MOST_PACES + b]!++;
    else this.#kept[b * MOST_PACES + a]!++;
    if (++this.#pacesSeen % 32 === 0) this.#refreshLags();
  }

  #refreshLags(): void {
    const size = MOST_PACES;
    this.#lags.fill(1);
    for (let round = 1; round < MOST_ROUNDS; round++) {
      for (let a = 0; a < size; a++) {
        for (let b = 0; b < size; b++) {
          const overtaken = this.#overtaken[a * size + b]!;
          if (overtaken < PACE_SEEN) continue;
          // Read first, it acted first as often: they are as quick.
          if (overtaken < OVERTAKEN * (overtaken + this.#kept[a * size + b]!)) continue;
          this.#lags[a] = Math.max(this.#lags[a]!, Math.min(MOST_ROUNDS, this.#lags[b]! + 1));
        }
      }
    }
    if (this.#pacesSeen > 4_096) {
      this.#pacesSeen = 0;
      for (let i = 0; i < this.#kept.length; i++) {
        this.#kept[i]! /= 2;
        this.#overtaken[i]! /= 2;
      }
    }
  }

  learnAgain(before: number, kind: number, weight: number): void {
    count(this.#again, before * WIDTH, kind, weight);
  }

  learnStop(before: number, weight: number): void {
    count(this.#again, before * WIDTH, NOTHING, weight);
  }
}

function count(counts: Float64Array, at: number, what: number, weight: number): void {
  counts[at + what]! += weight;
  counts[at + TOTAL]! += weight;
  if (counts[at + TOTAL]! > MOST_SEEN) for (let i = 0; i < WIDTH; i++) counts[at + i]! /= 2;
}
