import type { Epoch, ExchangeKey, SpanId, TraceId } from '@weft/model';
import { findLinked, type SpanNode, type Store } from '@weft/store';

const NO_KEY = /^0+$/;

/** Spans that were read of the traces that some spans belong to. */
export class Collection {
  readonly nodes = new Map<SpanId, SpanNode>();
  /** Spans whose surroundings were not read any more: their traces are truncated. */
  readonly unexplored = new Set<SpanId>();
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
   * carried trace id, until there is nothing more. All traces take each step together: a step is one read by primary key.
   */
  async add(seeds: readonly SpanNode[]): Promise<void> {
    let frontier = this.keepNew(seeds);
    while (frontier.length > 0) {
      if (this.nodes.size >= this.limit) {
        for (const node of frontier) this.unexplored.add(node.spanId);
        return this.climb(seeds);
      }
      frontier = await this.step(frontier, true);
    }
  }

  /** What is truncated at least begins with its root: only towards parents. */
  private async climb(seeds: readonly SpanNode[]): Promise<void> {
    const limit = this.nodes.size + this.limit;
    let frontier: SpanNode[] = seeds.map((seed) => this.top(seed));
    while (frontier.length > 0 && this.nodes.size < limit) {
      frontier = (await this.step(frontier, false)).map((node) => this.top(node));
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

  private async step(frontier: readonly SpanNode[], down: boolean): Promise<SpanNode[]> {
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
    if (spans.length + parents.length + exchanges.length + carried.length === 0) return [];
    const found = await findLinked(
      this.store,
      { spans, parents, exchanges, carried },
      this.epoch,
      // At least one, so that there is something to flag as unexplored.
      Math.max(1, this.limit - this.nodes.size),
    );
    return this.keepNew(found);
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
