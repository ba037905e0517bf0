import { Alignment, MOST_READS, MOST_WRITES } from './alignment.ts';
import {
  aliveIn,
  type Call,
  oddsOf,
  type Pass,
  placeOf,
  priorOf,
  type Read,
  refresh,
  type Served,
  UNLIKELY,
  type Write,
} from './nodes.ts';
import { ageOf, RESPONSE, type Sort, type Transitions } from './transitions.ts';

/** A read that has led to something with such a probability is not asked any more. */
const USED_UP = 0.01;
/** Nothing that was seen led to a write. */
const STRAY = 0.00001;
/** Below it a pair is no candidate. */
const NEGLIGIBLE = 0.003;
/** A response is written while a call for it is under way: seldom. */
const UNAWAITED = 0.004;
/** How much is learnt from what the first look sees, and from each further one; the last look at a pass counts whole. */
const FIRST_LESSON = 0.05;
const FURTHER_LESSON = 0.6;
const LIKELY = 0.5;
/** So many passes a read stays in question, whatever the first look makes of it. */
const YOUNG = 3;
/** A read leads to more than one write, and how often that is put right. */
const OVERUSED = 1.1;
const MOST_REPAIRS = 2;
/** So sure pairs teach which sorts of reads act sooner. */
const SURE = 0.9;
/** Evidence of later is not taken for more than this against a request. */
const LEAST_LATER = 1e-6;
/** Calls under way that are asked whether they were made for a request that is answered. */
const MOST_UNDER_WAY = 256;

/** One for all loops: it holds nothing between calls. */
const alignment = new Alignment();
/** Of a column of the alignment: which read it stands for, and how soon it comes. */
const readOf = new Uint8Array(MOST_READS);
const keys = new Float64Array(MOST_READS);
/** Of a write and a read: how well they fit, and that the one led to the other, as its first or at all. */
const fits = new Float64Array(MOST_WRITES * MOST_READS);
const first = new Float64Array(MOST_WRITES * MOST_READS);
const pairs = new Float64Array(MOST_WRITES * MOST_READS);
const free = new Float64Array(MOST_READS);
const idles = new Float64Array(MOST_READS);
const ages = new Uint8Array(MOST_READS);
const factors = new Float64Array(MOST_READS);

/** An event loop (a thread that serves several requests at a time): what it reads and writes, in passes. */
export class Loop<R, C> {
  readonly #transitions: Transitions;
  /** Reads that may still lead to something, in order. */
  #active: Read<R, C>[] = [];
  #writes: Write<R, C>[] = [];
  readonly #underWay = new Set<Call<R, C>>();
  #passes: Pass<R, C>[] = [];
  #number = 0;
  #events = 0;
  /** When it last did anything. */
  lastActive = 0;

  constructor(transitions: Transitions) {
    this.#transitions = transitions;
  }

  /** What is kept, in reads and writes. */
  get size(): number {
    let size = this.#active.length + this.#writes.length + this.#underWay.size;
    for (const { reads, writes } of this.#passes) size += reads.length + writes.length;
    return size;
  }

  requestRead(served: Served<R>, time: number): void {
    this.#read(served, null, this.#transitions.sort(served.type, null), time);
  }

  answerRead(call: Call<R, C>, time: number): void {
    this.#endPass();
    this.#underWay.delete(call);
    call.answered = this.#events++;
    this.#read(null, call, this.#transitions.sort(call.name, null), time);
  }

  /** Nobody waits for its answer any more. */
  given(call: Call<R, C>): void {
    if (!this.#underWay.has(call)) return;
    this.#endPass();
    this.#underWay.delete(call);
  }

  responseWritten(served: Served<R>, time: number): void {
    this.#write({ served, call: null, kind: RESPONSE }, time);
  }

  callWritten(call: Call<R, C>, time: number): void {
    if (this.#underWay.size >= MOST_UNDER_WAY) {
      for (const oldest of this.#underWay) {
        this.#underWay.delete(oldest);
        break;
      }
    }
    this.#underWay.add(call);
    call.sent = this.#events++;
    if (call.known) own(call, call.who[0] ?? null);
    this.#write({ served: null, call, kind: call.kind }, time);
  }

  /** The loop has been quiet since: its pass is over. */
  rest(since: number): void {
    if (this.lastActive < since) this.#endPass();
  }

  /** Goes through the passes that are kept once more: what they led to is better known by now. @param before passes of an earlier time are then over */
  lookAgain(before: number): void {
    let done = 0;
    for (const pass of this.#passes) {
      if (pass.time < before) done++;
      this.#explain(pass, true, pass.time < before);
    }
    if (done > 0) this.#passes = this.#passes.slice(done);
  }

  #read(served: Served<R> | null, call: Call<R, C> | null, sort: Sort, time: number): void {
    this.#endPass();
    this.lastActive = time;
    const at = this.#active.findIndex(
      (read) => read.pass === this.#number && read.served === served && read.call === call,
    );
    if (at >= 0) this.#active.splice(at, 1);
    else if (this.#active.length >= MOST_READS) this.#active.shift();
    this.#active.push({ served, call, sort, pass: this.#number, unused: 1 });
  }

  #write(write: Write<R, C>, time: number): void {
    this.lastActive = time;
    this.#writes.push(write);
    if (this.#writes.length >= MOST_WRITES) this.#endPass();
  }

  /** What kind of answer it is, by what else was done for its request. */
  #sortOf(call: Call<R, C>): Sort {
    const transitions = this.#transitions;
    const base = transitions.sort(call.name, null);
    const { owner } = call;
    if (owner === null) return base;
    let calls = 0;
    let course = 'alone';
    for (const other of owner.made) {
      if (other.sent > call.answered) continue;
      calls++;
      if (other === call || other.answered < call.sent) continue;
      if (other.answered > call.answered) course = 'others';
      else if (course === 'alone') course = 'last';
    }
    const broader = transitions.sort(`${call.name} ${course}`, base);
    return transitions.sort(`${call.name} ${course} ${Math.min(3, calls)} ${owner.type}`, broader, false);
  }

  #endPass(): void {
    if (this.#writes.length === 0) return;
    const pass = {
      number: this.#number,
      time: this.lastActive,
      reads: this.#active,
      writes: this.#writes,
    };
    this.#writes = [];
    this.#number++;
    this.#explain(pass, false, false);
    this.#passes.push(pass);
    for (const { call, served } of pass.writes) {
      if (call === null && served !== null) this.#answered(served, pass.number);
    }
    this.#active = [];
    for (let j = 0; j < pass.reads.length; j++) {
      const read = pass.reads[j]!;
      const alive = aliveIn(read, this.#number);
      const isYoung = pass.number - read.pass < YOUNG;
      if (alive > USED_UP && (isYoung || read.unused * alive > USED_UP)) this.#active.push(read);
    }
  }

  #answered(served: Served<R>, pass: number): void {
    served.answered = pass;
    for (const call of this.#underWay) {
      if (call.known) continue;
      const at = call.who.indexOf(served);
      if (at < 0) continue;
      call.between[at]! *= UNAWAITED;
      refresh(call);
    }
  }

  #explain(pass: Pass<R, C>, again: boolean, last: boolean): void {
    this.#describe(pass, again);
    let explained = alignment.solve();
    for (let i = 0; explained && i < MOST_REPAIRS && repair(pass.writes.length); i++)
      explained = alignment.solve();
    if (explained) {
      this.#collect(pass);
      this.#startsOf(pass);
      this.#endsOf(pass);
      if (last) this.#learnPace(pass);
      this.#learn(pass, last ? 1 : again ? FURTHER_LESSON : FIRST_LESSON);
    }
  }

  #describe(pass: Pass<R, C>, again: boolean): void {
    const { number, reads, writes } = pass;
    const transitions = this.#transitions;
    alignment.writes = writes.length;
    alignment.round = transitions.round(writes.length);
    for (let i = 0; i < writes.length; i++) {
      alignment.stray[i] = STRAY;
      alignment.stop[i + 1] = writes[i]!.kind === RESPONSE ? 1 : transitions.stops(writes[i]!.kind);
    }
    for (let j = 0; j < reads.length; j++) {
      const read = reads[j]!;
      if (read.pass === number) {
        read.unused = 1;
        if (read.call !== null) read.sort = this.#sortOf(read.call);
        if (again && read.call !== null && !read.call.known && !read.call.settled) {
          read.call.later.fill(1);
          read.call.laterOfOthers = 1;
        }
      }
      free[j] = read.unused * aliveIn(read, number);
      ages[j] = ageOf(number - read.pass);
      idles[j] = transitions.idles(read.sort, ages[j]!);
    }
    for (let i = 0; i < writes.length; i++) this.#fit(writes[i]!, reads, i * MOST_READS);
    this.#columns(pass);
  }

  /** Fills the alignment: its columns are the reads in the order in which they act, as far as sorts of them are known to be slower. */
  #columns(pass: Pass<R, C>): void {
    const { number, reads, writes } = pass;
    const transitions = this.#transitions;
    const { lead, again, skip } = alignment;
    for (let j = 0; j < reads.length; j++) {
      const { sort, pass: since } = reads[j]!;
      const key = (since - number + transitions.lag(sort)) * MOST_READS + j;
      let at = j;
      for (; at > 0 && keys[at - 1]! > key; at--) {
        keys[at] = keys[at - 1]!;
        readOf[at] = readOf[at - 1]!;
      }
      keys[at] = key;
      readOf[at] = j;
    }
    alignment.reads = reads.length;
    for (let c = 0; c < reads.length; c++) {
      const j = readOf[c]!;
      const { sort } = reads[j]!;
      skip[c] = 1 - free[j]! + free[j]! * idles[j]!;
      for (let i = 0; i < writes.length; i++) {
        const cell = i * MOST_READS + c;
        const fit = fits[i * MOST_READS + j]!;
        const { kind } = writes[i]!;
        lead[cell] = fit === 0 ? 0 : free[j]! * transitions.leads(sort, ages[j]!, kind) * fit;
        const before = i === 0 ? RESPONSE : writes[i - 1]!.kind;
        again[cell] =
          before === RESPONSE || kind === RESPONSE ? 0 : transitions.leadsAgain(before, kind) * fit;
      }
    }
  }

  /** From columns back to reads. */
  #collect({ reads: { length: reads }, writes: { length: writes } }: Pass<R, C>): void {
    for (let i = 0; i < writes; i++) {
      const row = i * MOST_READS;
      for (let c = 0; c < reads; c++) {
        first[row + readOf[c]!] = alignment.first[row + c]!;
        pairs[row + readOf[c]!] = alignment.pair[row + c]!;
      }
    }
  }

  /** Which sorts act sooner than others. */
  #learnPace({ reads, writes }: Pass<R, C>): void {
    let before = -1;
    for (let i = 0; i < writes.length; i++) {
      let now = -1;
      for (let c = 0; c < alignment.reads; c++) {
        if (alignment.pair[i * MOST_READS + c]! > SURE) now = c;
      }
      if (now >= 0 && before >= 0) {
        const [a, b] = [reads[readOf[before]!]!, reads[readOf[now]!]!];
        if (a !== b && a.pass === b.pass) {
          const overtaken = readOf[now]! < readOf[before]!;
          this.#transitions.learnPace(b.sort, a.sort, overtaken);
        }
      }
      before = now;
    }
  }

  /** How well a write fits each read by whom they belong to. */
  #fit(write: Write<R, C>, reads: readonly Read<R, C>[], cells: number): void {
    const to = boundTo(write);
    if (to !== null) {
      for (let j = 0; j < reads.length; j++) {
        const { served, call } = reads[j]!;
        fits[cells + j] = served !== null ? (served === to ? 1 : 0) : priorOf(call!, to);
      }
      return;
    }
    const made = write.call!;
    const blank = made.known ? 0 : made.laterOfOthers;
    if (made.known || !isInformed(made)) {
      for (let j = 0; j < reads.length; j++) fits[cells + j] = blank;
      return;
    }
    const { who, between, later } = made;
    for (let k = 0; k < who.length; k++) who[k]!.weight = between[k]! * later[k]! * oddsOf(made, who[k]!);
    for (let j = 0; j < reads.length; j++) {
      const { served, call } = reads[j]!;
      let sum = 0;
      if (served !== null) sum = served.weight < 0 ? blank * oddsOf(made, served) : served.weight;
      else {
        const list = call!.who;
        const prior = call!.prior;
        for (let k = 0; k < list.length; k++) {
          const weight = list[k]!.weight;
          sum += prior[k]! * (weight < 0 ? blank * oddsOf(made, list[k]!) : weight);
        }
      }
      fits[cells + j] = sum;
    }
    for (let k = 0; k < who.length; k++) who[k]!.weight = -1;
  }

  /** Whom the calls of the pass were made for, as far as their start tells. */
  #startsOf({ reads, writes }: Pass<R, C>): void {
    for (let i = 0; i < writes.length; i++) {
      const call = writes[i]!.call;
      if (call === null || call.known || call.settled) continue;
      const { start } = call;
      const informed = isInformed(call);
      for (let k = 0; k < start.length; k++) start[k] = UNLIKELY;
      for (let j = 0; j < reads.length; j++) {
        const pair = pairs[i * MOST_READS + j]!;
        if (pair < NEGLIGIBLE) continue;
        const { served, call: from } = reads[j]!;
        if (served !== null) {
          add(call, served, pair / (informed ? weightOf(call, served) : 1));
          continue;
        }
        const { who, prior } = from!;
        let sum = 1;
        if (informed) {
          sum = 0;
          for (let k = 0; k < who.length; k++) sum += prior[k]! * weightOf(call, who[k]!);
        }
        for (let k = 0; k < who.length; k++) {
          const one = (pair * prior[k]!) / sum;
          if (one > NEGLIGIBLE) add(call, who[k]!, one);
        }
      }
      // What is said of its odds is part of its start.
      if (call.odds !== null) for (let k = 0; k < start.length; k++) start[k]! *= oddsOf(call, call.who[k]!);
      refresh(call);
      own(call, likeliest(call));
    }
  }

  /** What the writes of the pass say of whom the answers that led to them were for. */
  #endsOf({ reads, writes }: Pass<R, C>): void {
    for (let j = 0; j < reads.length; j++) {
      const call = reads[j]!.call;
      if (call === null || call.known || call.settled) continue;
      let others = 1;
      let isNews = false;
      for (let i = 0; i < writes.length; i++) {
        const led = first[i * MOST_READS + j]!;
        if (led < NEGLIGIBLE) continue;
        const write = writes[i]!;
        if (write.served === null && !write.call!.known && !isInformed(write.call!)) continue;
        isNews = true;
        others -= led;
        const to = boundTo(write);
        if (to !== null) placeOf(call, to);
      }
      if (!isNews) continue;
      const { who, prior, later } = call;
      for (let k = 0; k < who.length; k++) factors[k] = others;
      let rest = others;
      for (let i = 0; i < writes.length; i++) {
        const led = first[i * MOST_READS + j]!;
        if (led < NEGLIGIBLE) continue;
        const write = writes[i]!;
        const to = boundTo(write);
        if (to !== null) {
          const at = who.indexOf(to);
          if (at >= 0) factors[at]! += led / Math.max(UNLIKELY, prior[at]!);
          continue;
        }
        const made = write.call!;
        if (made.known || !isInformed(made)) continue;
        let sum = 0;
        for (let k = 0; k < who.length; k++) sum += prior[k]! * weightOf(made, who[k]!);
        if (sum < 1e-12) continue;
        for (let k = 0; k < who.length; k++) factors[k]! += (led * weightOf(made, who[k]!)) / sum;
        rest += (led * made.laterOfOthers) / sum;
      }
      let most = 0;
      for (let k = 0; k < who.length; k++) {
        later[k]! *= Math.max(factors[k]!, 0);
        if (later[k]! > most) most = later[k]!;
      }
      call.laterOfOthers *= Math.max(rest, 0);
      if (most <= 0) continue;
      for (let k = 0; k < who.length; k++) later[k] = Math.max(later[k]! / most, LEAST_LATER);
      call.laterOfOthers = Math.max(Math.min(1, call.laterOfOthers / most), LEAST_LATER);
      own(call, likeliest(call));
    }
  }

  #learn(pass: Pass<R, C>, weight: number): void {
    const { reads, writes } = pass;
    const transitions = this.#transitions;
    for (let j = 0; j < reads.length; j++) {
      const read = reads[j]!;
      let led = 0;
      for (let i = 0; i < writes.length; i++) led += first[i * MOST_READS + j]!;
      const idle = free[j]! * idles[j]!;
      const skipped = 1 - free[j]! + idle;
      const left = (Math.max(0, 1 - led) * idle) / skipped;
      if (weight > 0 && left > NEGLIGIBLE) transitions.learnIdle(read.sort, ages[j]!, weight * left);
      const acted = Math.min(1, led);
      const spared = Math.max(1e-6, 1 - acted) / skipped;
      const still = idle * spared;
      read.unused = still / (still + (1 - free[j]!) * spared + acted);
    }
    if (weight === 0) return;
    for (let c = 0; c < alignment.reads; c++) {
      const j = readOf[c]!;
      for (let i = 0; i < writes.length; i++) {
        const led = alignment.first[i * MOST_READS + c]!;
        if (led < NEGLIGIBLE) continue;
        const kind = writes[i]!.kind;
        transitions.learnLead(reads[j]!.sort, ages[j]!, kind, weight * led);
      }
    }
    if (writes.length > 1) transitions.learnRounds(writes.length, alignment.rounds, weight);
    for (let i = 0; i < writes.length; i++) {
      if (writes[i]!.kind === RESPONSE) continue;
      let on = 0;
      if (i + 1 < writes.length) {
        for (let c = 0; c < alignment.reads; c++) {
          const cell = (i + 1) * MOST_READS + c;
          on += alignment.pair[cell]! - alignment.first[cell]!;
        }
        if (on > NEGLIGIBLE) transitions.learnAgain(writes[i]!.kind, writes[i + 1]!.kind, weight * on);
      }
      transitions.learnStop(writes[i]!.kind, weight * Math.max(0, 1 - on));
    }
  }
}

/**
 * The rounds of a pass do not know of each other: a read may have led to a write in each. It leads to one: what the others take of it
 * is missing.
 * @returns whether that was so anywhere
 */
function repair(writes: number): boolean {
  const { first: leads, lead, reads: columns } = alignment;
  let found = false;
  for (let c = 0; c < columns; c++) {
    let sum = 0;
    for (let i = 0; i < writes; i++) sum += leads[i * MOST_READS + c]!;
    if (sum < OVERUSED) continue;
    found = true;
    for (let i = 0; i < writes; i++) {
      const cell = i * MOST_READS + c;
      lead[cell]! *= Math.max(0.01, 1 - (sum - leads[cell]!));
    }
  }
  return found;
}

/** The request that a write belongs to for certain, or null. */
function boundTo<R, C>({ served, call }: Write<R, C>): Served<R> | null {
  return served ?? (call!.known ? (call!.who[0] ?? null) : null);
}

/** Something besides its start speaks for or against some of a call's candidates. */
function isInformed<R, C>({ who, between, later, odds }: Call<R, C>): boolean {
  if (odds !== null) return true;
  for (let k = 0; k < who.length; k++) if (later[k] !== 1 || between[k] !== 1) return true;
  return false;
}

/** The request that has made a call more probably than not, or null. */
function likeliest<R, C>({ who, prior, later }: Call<R, C>): Served<R> | null {
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
  return best >= LIKELY * sum ? most : null;
}

/** Counts a call to a request. */
function own<R, C>(call: Call<R, C>, owner: Served<R> | null): void {
  const before = call.owner;
  if (before === owner) return;
  const at = before === null ? -1 : before.made.indexOf(call);
  if (at >= 0) before!.made.splice(at, 1);
  owner?.made.push(call);
  call.owner = owner;
}

function weightOf<R, C>(call: Call<R, C>, served: Served<R>): number {
  const at = call.who.indexOf(served);
  return (at < 0 ? call.laterOfOthers : call.between[at]! * call.later[at]!) * oddsOf(call, served);
}

function add<R, C>(call: Call<R, C>, served: Served<R>, probability: number): void {
  const at = placeOf(call, served);
  if (at >= 0) call.start[at]! += probability;
}
