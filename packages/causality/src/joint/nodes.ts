import type { Sort } from './transitions.ts';

/** A request that is being served, as the stage sees it. */
export interface Served<R> {
  readonly request: R;
  /** Its endpoint, by number. */
  readonly type: number;
  /** Its response has begun. */
  written: boolean;
  /** Number of the loop's pass in which it did; infinite: not yet. */
  answered: number;
  /** Calls that were most probably made for it. */
  readonly made: Call<R, unknown>[];
  /** Scratch of a look: its number there; below 0: none. */
  place: number;
}

/**
 * A call whose cause is in question, or known (then it teaches). What is believed of it is kept apart by where it comes from, so that
 * nothing counts twice (sum-product message passing: Pearl, 1988): its start says something of who made it, what its answer led to
 * says something, and requests that were answered meanwhile.
 */
export interface Call<R, C> {
  readonly call: C;
  readonly kind: number;
  readonly name: string;
  /** Its cause was certain from the beginning. */
  readonly known: boolean;
  /** Who may have made it. */
  readonly who: Served<R>[];
  /** What its start says of each. */
  readonly start: number[];
  /** What was seen while it was under way. */
  readonly between: number[];
  /** What its answer led to says of each, and of those that are not listed. */
  readonly later: number[];
  laterOfOthers: number;
  /** The first two, as probabilities. */
  readonly prior: number[];
  /** What evidence of other kinds says: odds by request; null: nothing. */
  readonly odds: readonly Odds<R>[] | null;
  /** Who most probably made it. */
  owner: Served<R> | null;
  /** Number of the loop's event with which it was sent, and of that with which its answer was read; infinite: not yet. */
  sent: number;
  answered: number;
  /** When it ended; NaN: not yet. */
  end: number;
  settled: boolean;
}

export interface Odds<R> {
  readonly request: R;
  readonly odds: number;
}

/** Something that was read: a request, or the answer to a call. */
export interface Read<R, C> {
  readonly served: Served<R> | null;
  readonly call: Call<R, C> | null;
  /** By its name alone, and by all that is known. */
  readonly base: Sort;
  sort: Sort;
  /** Number of the pass in which it was read. */
  readonly pass: number;
  /** Probability that it has led to nothing yet. */
  unused: number;
}

/** One pass of a loop, kept for further looks. */
export interface Pass<R, C> {
  readonly number: number;
  readonly time: number;
  readonly reads: readonly Read<R, C>[];
  readonly writes: readonly Write<R, C>[];
}

/** Something that was written: a response, or a call. */
export interface Write<R, C> {
  readonly served: Served<R> | null;
  readonly call: Call<R, C> | null;
  readonly kind: number;
}

/** Probability, before anything speaks for it, that a call was made for a request which its start did not point to. */
export const UNLIKELY = 0.002;
export const MOST_CANDIDATES = 64;
const LIKELY = 0.5;
/** Calls that are counted to one request; what more it makes tells nothing. */
const MOST_MADE = 64;

/** How probable it is that a read's request had not been answered before a pass. */
export function aliveIn<R, C>({ served, call }: Read<R, C>, pass: number): number {
  if (served !== null) return served.answered < pass ? 0 : 1;
  const { who, prior } = call!;
  let dead = 0;
  for (let i = 0; i < who.length; i++) if (who[i]!.answered < pass) dead += prior[i]!;
  return dead >= 1 ? 0 : 1 - dead;
}

export function oddsOf<R, C>(call: Call<R, C>, served: Served<R>): number {
  if (call.odds === null) return 1;
  for (const { request, odds } of call.odds) if (request === served.request) return odds;
  return 1;
}

/** The request that a write belongs to for certain, or null. */
export function boundTo<R, C>({ served, call }: Write<R, C>): Served<R> | null {
  return served ?? (call!.known ? (call!.who[0] ?? null) : null);
}

/** Something besides its start speaks for or against some of a call's candidates. */
export function isInformed<R, C>({ who, between, later, odds }: Call<R, C>): boolean {
  if (odds !== null) return true;
  for (let k = 0; k < who.length; k++) if (later[k] !== 1 || between[k] !== 1) return true;
  return false;
}

/** Counts a call to the request that has made it more probably than not, if one has. */
export function ownByLikeliest<R, C>(call: Call<R, C>): void {
  const { who, prior, later } = call;
  let sum = 0;
  let best = 0;
  let most: Served<R> | null = null;
  for (let k = 0; k < who.length; k++) {
    const one = prior[k]! * later[k]!;
    sum += one;
    if (one <= best) continue;
    best = one;
    most = who[k]!;
  }
  own(call, best >= LIKELY * sum ? most : null);
}

/** Counts a call to a request. */
export function own<R, C>(call: Call<R, C>, owner: Served<R> | null): void {
  const before = call.owner;
  if (before === owner) return;
  const at = before === null ? -1 : before.made.indexOf(call);
  if (at >= 0) before!.made.splice(at, 1);
  if (owner !== null && owner.made.length < MOST_MADE) owner.made.push(call);
  call.owner = owner;
}

/** Recomputes the priors. */
export function refresh<R, C>({ who, start, between, prior }: Call<R, C>): void {
  let sum = 0;
  for (let i = 0; i < who.length; i++) {
    prior[i] = start[i]! * between[i]!;
    sum += prior[i]!;
  }
  const scale = sum > 1e-200 ? 1 / sum : 0;
  for (let i = 0; i < who.length; i++) prior[i] = scale === 0 ? 1 / who.length : prior[i]! * scale;
}

/** Probabilities of a call's candidates, all that is known considered. */
export function shares<R, C>({ who, prior, later }: Call<R, C>): number[] {
  const result: number[] = [];
  let sum = 0;
  for (let i = 0; i < who.length; i++) {
    const one = prior[i]! * later[i]!;
    result.push(one);
    sum += one;
  }
  if (!(sum > 1e-200)) return prior.slice();
  for (let i = 0; i < who.length; i++) result[i]! /= sum;
  return result;
}

/** Place of a request among a call's candidates, which it joins if need be; -1: there are too many. */
export function placeOf<R, C>(call: Call<R, C>, served: Served<R>): number {
  const at = call.who.indexOf(served);
  if (at >= 0 || call.known) return at;
  if (call.who.length >= MOST_CANDIDATES) return -1;
  call.who.push(served);
  call.start.push(UNLIKELY);
  call.between.push(1);
  call.later.push(call.laterOfOthers);
  call.prior.push(UNLIKELY);
  return call.who.length - 1;
}
