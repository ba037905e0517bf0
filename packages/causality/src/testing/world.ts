import type { EvidenceKind } from '@weft/model';
import { CausalityEngine, DEFAULT_THRESHOLD } from '../engine.ts';
import type { Candidate, CarriedRequestId, Moment, ServedRequest, Wake } from '../facts.ts';
import type { ErrandSink } from '../wakes/errands.ts';

/** A request that a test's process serves. */
export interface Told extends ServedRequest {
  readonly name: string;
}

/** Who does something: what is left out is zero, or of the world. */
export type Who = Partial<Omit<Moment, 'time'>>;

export interface Call extends Who {
  readonly traceId?: string;
  readonly requestIds?: readonly CarriedRequestId[];
  readonly socket?: number;
  /** It is the first request on its socket. */
  readonly first?: boolean;
}

const PROCESS = 100;

/** An engine that is told a story; a microsecond passes with each sentence. */
export class World {
  readonly engine: CausalityEngine<Told>;
  time = 1_000;
  readonly #readers = new Map<Told, number>();

  constructor(without: readonly EvidenceKind[] = [], errands?: ErrandSink<Told>) {
    this.engine = new CausalityEngine({ without }, errands);
  }

  at(who: Who): Moment {
    this.time += 1_000;
    return {
      time: this.time,
      tgid: PROCESS,
      tid: 1,
      goid: 0,
      parentGoid: 0,
      handoverGoid: 0,
      handoverParentGoid: 0,
      waiterGoid: 0,
      waiterParentGoid: 0,
      askerGoid: 0,
      askerParentGoid: 0,
      switches: 0,
      ...who,
    };
  }

  /** A request's head is read. */
  receives(
    name: string,
    who: Who = {},
    traceId: string | null = null,
    requestIds?: readonly CarriedRequestId[],
  ): Told {
    const at = this.at(who);
    const request: Told = {
      name,
      tgid: at.tgid,
      openedAt: at.time,
      traceId,
      requestIds,
      open: true,
      calls: 0,
      underWay: 0,
    };
    this.#readers.set(request, at.tid);
    this.engine.requestReceived(request, at);
    return request;
  }

  /** A call leaves. @returns its possible causes */
  calls({ traceId, requestIds, socket = 1, first = false, ...who }: Call = {}): Candidate<Told>[] {
    return this.engine.causesOf({ traceId: traceId ?? null, requestIds, socket, first }, this.at(who));
  }

  /** A call leaves and is given to its most likely cause, as the pipeline does. @returns what `chosen` says */
  makes(call: Call = {}): string | null {
    const causes = this.calls(call);
    const name = chosen(causes);
    const { traceId, requestIds, socket, first, ...who } = call;
    if (name !== null) this.engine.callSent(causes[0]!.request, this.at(who));
    return name;
  }

  /** A thread wakes another one, through a futex unless it is told otherwise. */
  wakes(tid: number, wokenTid: number, wake: Partial<Wake> = {}): void {
    this.time += 1_000;
    this.engine.threadWoken({
      time: this.time,
      tgid: PROCESS,
      tid,
      switches: 0,
      wokenTid,
      wokenSwitches: 1,
      byFile: false,
      most: 1,
      place: wokenTid,
      ...wake,
    });
  }

  /** A response to a call that was made for `cause` is read; null: for nobody known. */
  returns(cause: Told | null, who: Who = {}): void {
    this.engine.responseRead(cause, this.at(who));
  }

  /** The same as the pipeline tells it: a response that is complete with its first bytes, of whatever thread. */
  completes(request: Told, who: Who = {}): void {
    const at = this.at(who);
    this.engine.requestServed(request, this.#readers.get(request) ?? at.tid);
    this.engine.responseWritten(request, at);
  }

  /** The response leaves and is complete. */
  answers(request: Told, who: Who = {}): void {
    const at = this.at(who);
    this.engine.responseWritten(request, at);
    this.engine.requestServed(request, at.tid);
  }
}

/** The cause that a call gets: `name kind` of the chosen one, or null below the threshold. */
export function chosen(candidates: readonly Candidate<Told>[]): string | null {
  const [best] = candidates;
  if (best === undefined || best.confidence < DEFAULT_THRESHOLD) return null;
  const kind = best.evidence.find((one) => one.confidence === best.confidence)?.kind;
  return `${best.request.name} ${kind}`;
}
