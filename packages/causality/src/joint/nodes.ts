import type { Sort } from './transitions.ts';

/** A request that is being served, as the stage sees it. */
export interface Served<R> {
  readonly request: R;
  /** Its endpoint. */
  readonly type: string;
  /** Its response has begun. */
  written: boolean;
  /** Number of the loop's pass in which it did; infinite: not yet. */
  answered: number;
  /** Calls that were most probably made for it. */
  readonly made: Call<R, unknown>[];
  /** Scratch while a write is compared: what is said of it; below 0: nothing. */
  weight: number;
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
const MOST_CANDIDATES = 64;

/** How probable its start makes it that a call was made for a request. */
export function priorOf<R, C>(call: Call<R, C>, served: Served<R>): number {
  const at = call.who.indexOf(served);
  return at < 0 ? (call.known ? 0 : UNLIKELY) : call.prior[at]!;
}

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
