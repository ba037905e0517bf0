import { type Alignment, MOST_READS } from './alignment.ts';
import type { Frame } from './frame.ts';
import { NEGLIGIBLE, tellEnds, tellStarts } from './messages.ts';
import type { Pass } from './nodes.ts';
import { RESPONSE, type Transitions } from './transitions.ts';

export type Turn = 'first' | 'further' | 'last';

/** How much is learnt from what a look sees: the last one counts whole. */
const LESSONS: Readonly<Record<Turn, number>> = { first: 0.05, further: 0.6, last: 1 };
/** A read leads to more than one write, and how often that is put right. */
const OVERUSED = 1.1;
const MOST_REPAIRS = 2;
/** What a look costs besides its steps, in steps: 6.8 µs against 0.016 µs each (fitted to replays of two asyncio recordings, many small passes and few large ones). */
const LOOK = 400;
/** So sure pairs teach which sorts of reads act sooner. */
const SURE = 0.9;

/** Explains a pass with what is believed now, tells the calls in it what follows, and learns from it; while the work allows. */
export function look<R, C>(frame: Frame<R, C>, pass: Pass<R, C>, transitions: Transitions, turn: Turn): void {
  if (frame.work.isSpent) return;
  frame.work.spend(LOOK);
  frame.describe(pass, transitions, turn !== 'first');
  if (explain(frame)) {
    tellStarts(frame, pass.writes);
    tellEnds(frame, pass.writes);
    if (turn === 'last') learnPace(frame, transitions);
    learn(frame, pass, transitions, LESSONS[turn]);
  }
  frame.clear();
}

/** @returns false: there is no way to explain it */
function explain<R, C>(frame: Frame<R, C>): boolean {
  const { alignment } = frame;
  const cells = (alignment.reads + 1) * (alignment.writes + 1);
  frame.work.spend(cells);
  let explained = alignment.solve();
  for (let i = 0; explained && i < MOST_REPAIRS && repair(alignment); i++) {
    frame.work.spend(cells);
    explained = alignment.solve();
  }
  return explained;
}

/**
 * The rounds of a pass do not know of each other: a read may have led to a write in each. It leads to one: what the others take of it
 * is missing.
 * @returns whether that was so anywhere
 */
function repair({ first, lead, reads, writes }: Alignment): boolean {
  let found = false;
  for (let c = 0; c < reads; c++) {
    let sum = 0;
    for (let i = 0; i < writes; i++) sum += first[i * MOST_READS + c]!;
    if (sum < OVERUSED) continue;
    found = true;
    for (let i = 0; i < writes; i++) {
      const cell = i * MOST_READS + c;
      lead[cell]! *= Math.max(0.01, 1 - (sum - first[cell]!));
    }
  }
  return found;
}

/** Which sorts act sooner than others. */
function learnPace<R, C>(frame: Frame<R, C>, transitions: Transitions): void {
  const { alignment, columns, orders } = frame;
  let before = -1;
  for (let i = 0; i < alignment.writes; i++) {
    let now = -1;
    for (let c = 0; c < frame.count; c++) {
      if (alignment.pair[i * MOST_READS + c]! > SURE) now = c;
    }
    if (now >= 0 && before >= 0 && now !== before) {
      const a = columns[before]!;
      const b = columns[now]!;
      if (a.pass === b.pass) transitions.learnPace(b.sort, a.sort, orders[now]! < orders[before]!);
    }
    before = now;
  }
}

/** What the reads of a pass led to, and which have led to nothing yet. */
function learn<R, C>(
  frame: Frame<R, C>,
  { writes }: Pass<R, C>,
  transitions: Transitions,
  weight: number,
): void {
  const { alignment, columns, ages, free, idles } = frame;
  const { first, pair } = alignment;
  for (let c = 0; c < frame.count; c++) {
    const read = columns[c]!;
    const age = ages[c]!;
    let led = 0;
    for (let i = 0; i < writes.length; i++) {
      const one = first[i * MOST_READS + c]!;
      led += one;
      if (one >= NEGLIGIBLE) transitions.learnLead(read.sort, age, writes[i]!.kind, weight * one);
    }
    const idle = free[c]! * idles[c]!;
    const skipped = 1 - free[c]! + idle;
    const left = (Math.max(0, 1 - led) * idle) / skipped;
    if (left > NEGLIGIBLE) transitions.learnIdle(read.sort, age, weight * left);
    const acted = Math.min(1, led);
    const spared = Math.max(1e-6, 1 - acted) / skipped;
    const still = idle * spared;
    read.unused = still / (still + (1 - free[c]!) * spared + acted);
  }
  if (writes.length > 1) transitions.learnRounds(writes.length, alignment.rounds, weight);
  for (let i = 0; i < writes.length; i++) {
    const { kind } = writes[i]!;
    if (kind === RESPONSE) continue;
    let on = 0;
    if (i + 1 < writes.length) {
      const row = (i + 1) * MOST_READS;
      for (let c = 0; c < frame.count; c++) on += pair[row + c]! - first[row + c]!;
      if (on > NEGLIGIBLE) transitions.learnAgain(kind, writes[i + 1]!.kind, weight * on);
    }
    transitions.learnStop(kind, weight * Math.max(0, 1 - on));
  }
}
