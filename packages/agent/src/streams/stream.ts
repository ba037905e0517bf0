import type { Moment } from '@weft/causality';

/** What a stream tells about its bytes, in order. */
export interface StreamSink {
  /** Contiguous bytes; the array is valid during the call only. */
  bytes(bytes: Uint8Array, position: number, time: number): void;
  /** Bytes that exist but are not there: not copied, lost, or moved without being seen. */
  gap(position: number, length: number, time: number): void;
}

interface Held {
  readonly position: number;
  readonly length: number;
  readonly skipped: number;
  readonly bytes: Uint8Array;
  readonly time: number;
  readonly otherRaw: number;
  readonly moment: Moment | null;
}

/** Chunks that wait for one before them, and how long: two threads of one process can report in inverted order. */
const MAX_HELD = 32;
export const HOLD_NANOS = 20e6;
/** A position further off than this is not of this stream's present: start anew there. */
const MAX_JUMP = 1 << 30;

/**
 * One direction of one socket: puts chunks in the order of their sequences, drops what was seen before,
 * and knows what is missing. Positions are unwrapped: they grow beyond 32 bits and equal the raw
 * sequence modulo 2^32.
 */
export class Stream {
  /** Position of the next byte; NaN before the first. */
  next = Number.NaN;
  /** Gaps that were declared because a chunk never came. */
  lostBytes = 0;
  /** Of the chunk that is being handed over: raw position of the opposite direction when it moved. */
  otherRaw = 0;
  /** Of the chunk that is being handed over: who moved it, and when; null: nobody knows (a gap). */
  moment: Moment | null = null;
  readonly #sink: StreamSink;
  readonly #hold: number;
  #held: Held[] = [];
  /** Something was handed over: before that `next` is only what the other direction made likely. */
  #started = false;

  constructor(sink: StreamSink, hold: number = HOLD_NANOS) {
    this.#sink = sink;
    this.#hold = hold;
  }

  /** Unwrapped position of a raw sequence near where the stream is. */
  unwrap(raw: number): number {
    return Number.isNaN(this.next) ? raw : this.next + ((raw - this.next) | 0);
  }

  /**
   * A chunk of `length` bytes, of which `bytes` are there behind the first `skipped` ones.
   * @param raw sequence of its first byte
   * @param otherRaw raw position of the opposite direction at that time
   * @param moment who moved it; a copy is kept if the chunk must wait
   * @returns false: it waits for one before it
   */
  add(
    raw: number,
    length: number,
    skipped: number,
    bytes: Uint8Array,
    time: number,
    otherRaw = 0,
    moment: Moment | null = null,
  ): boolean {
    if (Number.isNaN(this.next)) this.next = raw;
    let position = this.unwrap(raw);
    const isFar = Math.abs(position - this.next) > MAX_JUMP;
    if (!this.#started && (isFar || position < this.next)) {
      // A response was reported before its request: what it said of this direction lies behind the request.
      this.next = position;
    } else if (isFar) {
      position = this.#jump(position, time);
    }
    if (position <= this.next) {
      this.otherRaw = otherRaw;
      this.moment = moment;
      this.#deliver(position, length, skipped, bytes, time);
      if (this.#held.length > 0) this.#drain(time, false);
      this.moment = null;
      return true;
    }
    const kept = moment === null ? null : copyOf(moment);
    this.#held.push({ position, length, skipped, bytes: bytes.slice(), time, otherRaw, moment: kept });
    this.#held.sort((a, b) => a.position - b.position);
    this.#drain(time, this.#held.length > MAX_HELD);
    return this.next > position;
  }

  /** Too far off to wait for what is between: all that counts as lost. Positions never go back. */
  #jump(position: number, time: number): number {
    this.#held = [];
    const ahead = position > this.next ? position : position + 0x1_0000_0000;
    this.#lose(ahead, time);
    return ahead;
  }

  #lose(until: number, time: number): void {
    const from = this.next;
    this.moment = null;
    this.next = until;
    this.lostBytes += until - from;
    this.#sink.gap(from, until - from, time);
  }

  /** Declares lost what held chunks have waited for too long. */
  expire(now: number): void {
    if (this.#held.length > 0) this.#drain(now, false);
  }

  /** Nothing more will come: delivers what is held. */
  flush(now: number): void {
    if (this.#held.length > 0) this.#drain(now, true);
  }

  get waiting(): boolean {
    return this.#held.length > 0;
  }

  #drain(now: number, force: boolean): void {
    while (this.#held.length > 0) {
      const first = this.#held[0]!;
      if (first.position > this.next) {
        if (!force && now - first.time < this.#hold) return;
        this.otherRaw = first.otherRaw;
        this.#lose(first.position, first.time);
      }
      this.#held.shift();
      this.otherRaw = first.otherRaw;
      this.moment = first.moment;
      this.#deliver(first.position, first.length, first.skipped, first.bytes, first.time);
    }
    this.moment = null;
  }

  /** Hands over what is new of a chunk that begins at or before `next`. */
  #deliver(position: number, length: number, skipped: number, bytes: Uint8Array, time: number): void {
    const end = position + length;
    if (end <= this.next) return;
    this.#started = true;
    let at = this.next;
    const copiedFrom = position + skipped;
    const copiedTo = copiedFrom + bytes.length;
    if (at < copiedFrom) {
      const gap = Math.min(copiedFrom, end) - at;
      this.next = at + gap;
      this.#sink.gap(at, gap, time);
      at += gap;
    }
    if (at < copiedTo) {
      const from = at - copiedFrom;
      this.next = copiedTo;
      this.#sink.bytes(from === 0 ? bytes : bytes.subarray(from), at, time);
      at = copiedTo;
    }
    if (at < end) {
      this.next = end;
      this.#sink.gap(at, end - at, time);
    }
  }
}

/** The reporter reuses its object: what waits keeps its own. */
function copyOf(moment: Moment): Moment {
  return {
    time: moment.time,
    tgid: moment.tgid,
    tid: moment.tid,
    goid: moment.goid,
    parentGoid: moment.parentGoid,
    handoverGoid: moment.handoverGoid,
    handoverParentGoid: moment.handoverParentGoid,
    askerGoid: moment.askerGoid,
    askerParentGoid: moment.askerParentGoid,
    waiterGoid: moment.waiterGoid,
    waiterParentGoid: moment.waiterParentGoid,
    switches: moment.switches,
  };
}
