import { MOST_READS, MOST_WRITES } from './alignment.ts';
import type { Frame } from './frame.ts';
import { look } from './look.ts';
import { aliveIn, type Call, own, type Pass, type Read, refresh, type Served, type Write } from './nodes.ts';
import { RESPONSE, type Transitions } from './transitions.ts';

/** A read that has led to something with such a probability is not asked any more. */
const USED_UP = 0.01;
/** A response is written while a call for it is under way: seldom. */
const UNAWAITED = 0.004;
/** So many passes a read stays in question, whatever the first look makes of it. */
const YOUNG = 3;
/** Calls under way that are asked whether they were made for a request that is answered. */
const MOST_UNDER_WAY = 256;

/** An event loop (a thread that serves several requests at a time): what it reads and writes, in passes. */
export class Loop<R, C> {
  readonly #transitions: Transitions;
  readonly #frame: Frame<R, C>;
  /** Reads that may still lead to something, in order. */
  #active: Read<R, C>[] = [];
  #writes: Write<R, C>[] = [];
  readonly #underWay = new Set<Call<R, C>>();
  #passes: Pass<R, C>[] = [];
  #number = 0;
  #events = 0;
  /** When it last did anything. */
  lastActive = 0;

  /** @param frame scratch, for all loops */
  constructor(transitions: Transitions, frame: Frame<R, C>) {
    this.#transitions = transitions;
    this.#frame = frame;
  }

  /** What is kept, in reads and writes. */
  get size(): number {
    let size = this.#active.length + this.#writes.length + this.#underWay.size;
    for (const { reads, writes } of this.#passes) size += reads.length + writes.length;
    return size;
  }

  requestRead(served: Served<R>, type: string, time: number): void {
    this.#read(served, null, type, time);
  }

  answerRead(call: Call<R, C>, time: number): void {
    this.#endPass();
    this.#underWay.delete(call);
    call.answered = this.#events++;
    this.#read(null, call, call.name, time);
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
      look(this.#frame, pass, this.#transitions, pass.time < before ? 'last' : 'further');
    }
    if (done > 0) this.#passes = this.#passes.slice(done);
  }

  /** Gives up what is not explained yet: not everything will be told for a while. */
  forget(): void {
    this.#active = [];
    this.#writes = [];
    this.#passes = [];
    this.#underWay.clear();
    this.#number++;
  }

  #read(served: Served<R> | null, call: Call<R, C> | null, name: string, time: number): void {
    this.#endPass();
    this.lastActive = time;
    const active = this.#active;
    const base = this.#transitions.sort(name);
    // More of the same: it is then read where its last bytes are.
    for (let j = active.length - 1; j >= 0 && active[j]!.pass === this.#number; j--) {
      if (active[j]!.served === served && active[j]!.call === call) {
        active.splice(j, 1);
        break;
      }
    }
    if (active.length >= MOST_READS) active.shift();
    active.push({ served, call, base, sort: base, pass: this.#number, unused: 1 });
  }

  #write(write: Write<R, C>, time: number): void {
    this.lastActive = time;
    this.#writes.push(write);
    if (this.#writes.length >= MOST_WRITES) this.#endPass();
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
    look(this.#frame, pass, this.#transitions, 'first');
    this.#passes.push(pass);
    for (const { call, served } of pass.writes) {
      if (call === null && served !== null) this.#answered(served, pass.number);
    }
    this.#active = [];
    this.#frame.work.spend(pass.reads.length);
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
      this.#frame.work.spend(1 + call.who.length);
      if (call.known) continue;
      const at = call.who.indexOf(served);
      if (at < 0) continue;
      call.between[at]! *= UNAWAITED;
      refresh(call);
    }
  }
}
