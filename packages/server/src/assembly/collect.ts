import {
  type Epoch,
  type ExchangeKey,
  type JoinId,
  joinPeriod,
  kindOfJoinId,
  nanos,
  type SpanId,
  type TraceId,
  toUnixNanos,
} from '@weft/model';
import {
  findByRequestIds,
  findLinked,
  MOST_SPANS_OF_ID,
  type RequestKey,
  type SpanNode,
  type Store,
} from '@weft/store';
import { openEnds } from './open-ends.ts';

const NO_KEY = /^0+$/;
/** Of a call that takes longer (two minutes) only those that begin soon are looked for. */
const MOST_PERIODS = 16;
/** The clocks of two hosts are not so far apart, and what else may lie behind the same proxy then helps to decide. */
const AROUND = 2e9;

/** Spans that were read of the traces that some spans belong to. */
export class Collection {
  readonly nodes = new Map<SpanId, SpanNode>();
  /** Spans whose surroundings were not read any more: their traces are truncated. */
  readonly unexplored = new Set<SpanId>();
  /** Request ids that so many spans carry that nothing can be joined by them. */
  readonly common = new Set<JoinId>();
  private readonly asked = new Set<string>();
  private readonly store: Store;
  private readonly epoch: Epoch;
  private readonly limit: number;

  /** @param limit so many spans are read at most, a step more or less */
  constructor(store: Store, epoch: Epoch, limit: number) {
    this.store = store;
    this.epoch = epoch;
    this.limit = limit;
  }

  /**
   * Reads everything that belongs to the same traces as these spans: parents, children, the same exchange, the same
   * carried trace id, until there is nothing more; then what may lie on the other side of something that is not traced, and
   * what belongs to that. All traces take each step together: a step is one read by primary key.
   */
  async add(seeds: readonly SpanNode[]): Promise<void> {
    const added: SpanNode[] = [];
    // An id that is used again and again would lead on from one time to the next.
    const asked = new Set<JoinId>();
    let frontier = this.keepNew(seeds);
    while (frontier.length > 0) {
      if (this.nodes.size >= this.limit) {
        for (const node of frontier) this.unexplored.add(node.spanId);
        return this.climb(seeds);
      }
      added.push(...frontier);
      const { fresh, isCut } = await this.step(frontier, true);
      if (isCut) {
        for (const node of [...frontier, ...fresh]) this.unexplored.add(node.spanId);
        return this.climb(seeds);
      }
      frontier = [...fresh];
      if (frontier.length === 0) frontier = await this.otherSides(added, asked);
    }
  }

  /** Spans with the request ids of those whose other end was not seen. @param asked ids that were looked for before */
  private async otherSides(added: readonly SpanNode[], asked: Set<JoinId>): Promise<SpanNode[]> {
    const keys: RequestKey[] = [];
    const askers = new Map<JoinId, SpanNode[]>();
    for (const node of this.openNodes(added)) {
      for (const id of node.joinIds ?? []) {
        const kind = kindOfJoinId(id);
        if ((kind !== 'vague' && kind !== 'specific') || asked.has(id)) continue;
        const others = askers.get(id);
        if (others === undefined) askers.set(id, [node]);
        else others.push(node);
        for (const period of this.periodsOf(node)) {
          if (this.isNew(`r${id} ${period}`)) keys.push({ id, period });
        }
      }
    }
    for (const id of askers.keys()) asked.add(id);
    if (keys.length === 0) return [];
    const found = await findByRequestIds(this.store, keys, this.epoch, this.limit);
    this.noteCommon(found, askers);
    return this.keepNew(found.filter((node) => this.mayMeet(node, askers)));
  }

  /** Those whose exchange has but one end here. */
  private openNodes(added: readonly SpanNode[]): SpanNode[] {
    const carriers = added.filter((node) => node.joinIds !== undefined);
    if (carriers.length === 0) return [];
    const { callers, callees } = openEnds(added);
    return [...new Set([...callers, ...callees])].map((index) => added[index]!);
  }

  /** When the other side of a node may have begun: both ask for the same, so that either finds the other. */
  private periodsOf({ start, duration }: SpanNode): bigint[] {
    const first = joinPeriod(toUnixNanos(this.epoch, start)) - 1n;
    const last = joinPeriod(toUnixNanos(this.epoch, nanos(start + duration)));
    const periods: bigint[] = [];
    for (let at = first; at <= last && periods.length < MOST_PERIODS; at++) periods.push(at);
    return periods;
  }

  /** Notes the ids that too many spans of a period carry. */
  private noteCommon(found: readonly SpanNode[], askers: ReadonlyMap<JoinId, unknown>): void {
    const counts = new Map<string, number>();
    for (const node of found) {
      const period = joinPeriod(toUnixNanos(this.epoch, node.start));
      for (const id of node.joinIds ?? []) {
        if (!askers.has(id)) continue;
        const count = (counts.get(`${id} ${period}`) ?? 0) + 1;
        counts.set(`${id} ${period}`, count);
        if (count > MOST_SPANS_OF_ID) this.common.add(id);
      }
    }
  }

  /** Whether a span was under way together with one that looked for its id. */
  private mayMeet(
    { joinIds, start, duration }: SpanNode,
    askers: ReadonlyMap<JoinId, readonly SpanNode[]>,
  ): boolean {
    return (joinIds ?? []).some(
      (id) =>
        !this.common.has(id) &&
        askers
          .get(id)
          ?.some(
            (asker) =>
              asker.start < start + duration + AROUND && start < asker.start + asker.duration + AROUND,
          ),
    );
  }

  /** What is truncated at least begins with its root: only towards parents. */
  private async climb(seeds: readonly SpanNode[]): Promise<void> {
    const limit = this.nodes.size + this.limit;
    let frontier: SpanNode[] = seeds.map((seed) => this.top(seed));
    while (frontier.length > 0 && this.nodes.size < limit) {
      frontier = (await this.step(frontier, false)).fresh.map((node) => this.top(node));
      for (const node of frontier) this.unexplored.add(node.spanId);
    }
  }

  /** The highest known ancestor by what hosts told. */
  private top(from: SpanNode): SpanNode {
    const seen = new Set<SpanId>();
    let at = from;
    while (!seen.has(at.spanId)) {
      seen.add(at.spanId);
      const parent =
        this.nodes.get(at.parentSpanId ?? at.spanId) ?? this.nodes.get(at.chosenSpanId ?? at.spanId);
      if (parent === undefined) break;
      at = parent;
    }
    return at;
  }

  /** One read. @returns what is new, and whether the limit has cut off what there is, known or not */
  private async step(
    frontier: readonly SpanNode[],
    down: boolean,
  ): Promise<{ readonly fresh: readonly SpanNode[]; readonly isCut: boolean }> {
    const spans: SpanId[] = [];
    const parents: SpanId[] = [];
    const exchanges: ExchangeKey[] = [];
    const carried: TraceId[] = [];
    for (const node of frontier) {
      for (const id of [node.parentSpanId, node.chosenSpanId]) {
        if (id !== null && !this.nodes.has(id) && this.isNew(`s${id}`)) spans.push(id);
      }
      if (!NO_KEY.test(node.exchangeKey) && this.isNew(`e${node.exchangeKey}`))
        exchanges.push(node.exchangeKey);
      if (!down) continue;
      if (this.isNew(`p${node.spanId}`)) parents.push(node.spanId);
      if (node.carriedTraceId !== null && this.isNew(`c${node.carriedTraceId}`)) {
        carried.push(node.carriedTraceId);
      }
    }
    if (spans.length + parents.length + exchanges.length + carried.length === 0)
      return { fresh: [], isCut: false };
    // At least one, so that there is something to flag as unexplored.
    const limit = Math.max(1, this.limit - this.nodes.size);
    const keys = { spans, parents, exchanges, carried };
    const found = await findLinked(this.store, keys, this.epoch, limit);
    return { fresh: this.keepNew(found), isCut: found.length >= limit };
  }

  private isNew(key: string): boolean {
    if (this.asked.has(key)) return false;
    this.asked.add(key);
    return true;
  }

  private keepNew(nodes: readonly SpanNode[]): SpanNode[] {
    const fresh: SpanNode[] = [];
    for (const node of nodes) {
      if (this.nodes.has(node.spanId)) continue;
      this.nodes.set(node.spanId, node);
      fresh.push(node);
    }
    return fresh;
  }
}
