import { MOST_READS } from './alignment.ts';
import { type Frame, MOST_PLACES } from './frame.ts';
import {
  boundTo,
  type Call,
  MOST_CANDIDATES,
  oddsOf,
  ownByLikeliest,
  placeOf,
  refresh,
  type Served,
  UNLIKELY,
  type Write,
} from './nodes.ts';

/** Below it a pair is no candidate. */
export const NEGLIGIBLE = 0.003;
/** Evidence of later is not taken for more than this against a request. */
const LEAST_LATER = 1e-6;

const sums = new Float64Array(MOST_PLACES);
const factors = new Float64Array(MOST_CANDIDATES);

/** Tells the calls of a pass, once it is aligned, for whom they were made as far as their start says. */
export function tellStarts<R, C>(frame: Frame<R, C>, writes: readonly Write<R, C>[]): void {
  const { alignment, begins, places, priors, requests, fits, informed } = frame;
  for (let i = 0; i < writes.length; i++) {
    const call = writes[i]!.call;
    if (call === null || call.known || call.settled) continue;
    const { start } = call;
    for (let k = 0; k < start.length; k++) start[k] = UNLIKELY;
    for (let c = 0; c < frame.count; c++) {
      const pair = alignment.pair[i * MOST_READS + c]!;
      if (pair < NEGLIGIBLE) continue;
      const scale = informed[i] === 1 ? pair / fits[i * MOST_READS + c]! : pair;
      const end = begins[c + 1]!;
      frame.work.spend(end - begins[c]!);
      for (let p = begins[c]!; p < end; p++) {
        const one = scale * priors[p]!;
        if (one > NEGLIGIBLE) sums[places[p]!]! += one;
      }
    }
    for (let s = 1; s < frame.placed; s++) {
      if (sums[s] === 0) continue;
      const at = placeOf(call, requests[s]!);
      if (at >= 0) start[at]! += sums[s]!;
    }
    sums.fill(0, 0, frame.placed);
    // What is said of its odds is part of its start.
    if (call.odds !== null) for (let k = 0; k < start.length; k++) start[k]! *= oddsOf(call, call.who[k]!);
    refresh(call);
    ownByLikeliest(call);
  }
}

/** Tells the calls whose answers were read what the writes of the pass say of whom they were for. */
export function tellEnds<R, C>(frame: Frame<R, C>, writes: readonly Write<R, C>[]): void {
  const { columns } = frame;
  for (let c = 0; c < frame.count; c++) {
    const { call } = columns[c]!;
    if (call !== null && !call.known && !call.settled) tellEnd(frame, writes, call, c);
  }
}

function tellEnd<R, C>(
  frame: Frame<R, C>,
  writes: readonly Write<R, C>[],
  call: Call<R, C>,
  c: number,
): void {
  const { first } = frame.alignment;
  const { informed, weights, fits } = frame;
  let others = 1;
  let isNews = false;
  for (let i = 0; i < writes.length; i++) {
    const led = first[i * MOST_READS + c]!;
    if (led < NEGLIGIBLE) continue;
    const write = writes[i]!;
    if (write.served === null && !write.call!.known && informed[i] === 0) continue;
    isNews = true;
    others -= led;
    const to = boundTo(write);
    if (to !== null) placeOf(call, to);
  }
  if (!isNews) return;
  const { who, prior, later } = call;
  for (let k = 0; k < who.length; k++) factors[k] = others;
  let rest = others;
  for (let i = 0; i < writes.length; i++) {
    const led = first[i * MOST_READS + c]!;
    if (led < NEGLIGIBLE) continue;
    const write = writes[i]!;
    frame.work.spend(who.length);
    const to = boundTo(write);
    if (to !== null) {
      const at = who.indexOf(to);
      if (at >= 0) factors[at]! += led / Math.max(UNLIKELY, prior[at]!);
      continue;
    }
    if (informed[i] === 0) continue;
    const made = write.call!;
    const sum = fits[i * MOST_READS + c]!;
    if (sum < 1e-12) continue;
    const scale = led / sum;
    const row = i * MOST_PLACES;
    for (let k = 0; k < who.length; k++) {
      const { place } = who[k]!;
      factors[k]! += scale * (place >= 0 ? weights[row + place]! : weightOf(made, who[k]!));
    }
    rest += scale * made.laterOfOthers;
  }
  let most = 0;
  for (let k = 0; k < who.length; k++) {
    later[k]! *= Math.max(factors[k]!, 0);
    if (later[k]! > most) most = later[k]!;
  }
  call.laterOfOthers *= Math.max(rest, 0);
  if (most <= 0) return;
  for (let k = 0; k < who.length; k++) later[k] = Math.max(later[k]! / most, LEAST_LATER);
  call.laterOfOthers = Math.max(Math.min(1, call.laterOfOthers / most), LEAST_LATER);
  ownByLikeliest(call);
}

function weightOf<R, C>(call: Call<R, C>, served: Served<R>): number {
  const at = call.who.indexOf(served);
  return (at < 0 ? call.laterOfOthers : call.between[at]! * call.later[at]!) * oddsOf(call, served);
}
