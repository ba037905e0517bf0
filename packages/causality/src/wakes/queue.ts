import type { ServedRequest } from '../facts.ts';

const MOST_REQUESTS = 16_384;

/** Where a request stands. */
interface Place {
  /** Number in the order of reading. */
  readonly number: number;
  /** Thread that read it. */
  readonly reader: number;
  /** Workers that were woken for it by who had read it. */
  handed: number;
  /** The last of them, and when; 0: none. */
  wokenFor: number;
  wokenAt: number;
  /** Thread that works for it, or is believed to have taken it; 0: it waits. */
  taker: number;
  /** The taker has done something for it. */
  certain: boolean;
  /** It has turned out who worked for it. */
  known: boolean;
}

/**
 * The requests of a process in the order in which they were read, and which thread has taken which. Nobody sees the
 * program's queue, but what goes in is seen (reading) and when a worker comes for more (it has given its answer, or is woken).
 */
export class RequestQueue<R extends ServedRequest> {
  readonly #places = new Map<R, Place>();
  /** What a thread was woken for last and has not begun. */
  readonly #wokenFor = new Map<number, Place>();
  #lastServed: { readonly request: R; readonly place: Place } | null = null;
  #received = 0;
  /** Number of the last one that was surely taken. */
  #gone = 0;

  received(request: R, reader: number): void {
    if (this.#places.size >= MOST_REQUESTS) {
      for (const oldest of this.#places.keys()) {
        this.#places.delete(oldest);
        break;
      }
    }
    this.#places.set(request, {
      number: ++this.#received,
      reader,
      handed: 0,
      wokenFor: 0,
      wokenAt: 0,
      taker: 0,
      certain: false,
      known: false,
    });
  }

  /** The answer is complete; who has written it is told afterwards. */
  served(request: R): void {
    const place = this.#places.get(request);
    if (place === undefined) return;
    this.#places.delete(request);
    this.#lastServed = { request, place };
    if (place.taker !== 0 || place.handed > 0) this.#gone = Math.max(this.#gone, place.number);
  }

  #placeOf(request: R): Place | undefined {
    return this.#lastServed?.request === request ? this.#lastServed.place : this.#places.get(request);
  }

  /**
   * The thread wakes another one while it works for a request.
   * @param worker the woken thread, if it is known to work for others; 0: a runtime's threads are woken too
   * @returns it had read it, and nobody has begun with it: it hands it over
   */
  isHandedOver(request: R, tid: number, worker: number, time: number): boolean {
    const place = this.#places.get(request);
    if (place?.reader !== tid) return false;
    if (worker !== 0) {
      if (place.handed === 0 && !place.certain) {
        // Whoever came for more before this cannot have found it.
        place.taker = 0;
        place.wokenFor = worker;
        this.#wokenFor.set(worker, place);
        place.wokenAt = time;
      }
      place.handed++;
    }
    return !place.certain;
  }

  /** The thread had read the request. */
  hasRead(request: R, tid: number): boolean {
    return this.#places.get(request)?.reader === tid;
  }

  /**
   * The request that waits for longest. Those before one that was surely taken wait no longer, whoever has them.
   * @param tid leaves out what another thread than this was woken for, and has not begun; 0: all
   */
  first(tid: number): R | null {
    for (const [request, place] of this.#places) {
      if (place.taker !== 0 || place.number <= this.#gone) continue;
      if (tid === 0 || place.wokenFor === 0 || place.wokenFor === tid) return request;
    }
    return null;
  }

  /** When the thread was woken that has the first claim to it, ns; 0: none was. */
  wokenAt(request: R): number {
    return this.#places.get(request)?.wokenAt ?? 0;
  }

  /** The thread has begun with something else than what it was woken for. */
  goneElsewhere(tid: number): void {
    const place = this.#wokenFor.get(tid);
    if (place?.wokenFor === tid) place.wokenFor = 0;
    this.#wokenFor.delete(tid);
  }

  /** Somebody has surely taken it. */
  isGone(request: R): void {
    const place = this.#placeOf(request);
    if (place === undefined) return;
    place.known = true;
    if (place.number > this.#gone) this.#gone = place.number;
  }

  /** It has turned out who worked for it. */
  isKnown(request: R): boolean {
    return this.#placeOf(request)?.known === true;
  }

  /** The thread comes for more and finds it, without a sign of that yet. */
  take(request: R, tid: number): void {
    const place = this.#placeOf(request);
    if (place !== undefined) place.taker = tid;
  }

  /** It has not. */
  giveBack(request: R, tid: number): void {
    const place = this.#placeOf(request);
    if (place !== undefined && place.taker === tid && !place.certain) place.taker = 0;
  }

  /** The thread does something for the request: the first to do so has taken it. */
  acted(request: R, tid: number): void {
    const place = this.#placeOf(request);
    if (place === undefined || place.certain) return;
    place.taker = tid;
    place.certain = true;
  }

  /** It was not this one that the thread had taken. */
  mistaken(request: R, tid: number): void {
    const place = this.#placeOf(request);
    if (place === undefined || place.taker !== tid) return;
    place.taker = 0;
    place.certain = false;
  }

  /** Who has taken it, for all that is known; 0: nobody. */
  takerOf(request: R): number {
    return this.#placeOf(request)?.taker ?? 0;
  }

  /** Another thread has it: seen, believed, or not at all. Several have when it was handed out in parts. */
  takenByAnother(request: R, tid: number): 'surely' | 'perhaps' | null {
    const place = this.#placeOf(request);
    if (place === undefined || place.taker === 0 || place.taker === tid || place.handed > 1) return null;
    return place.certain ? 'surely' : 'perhaps';
  }
}
