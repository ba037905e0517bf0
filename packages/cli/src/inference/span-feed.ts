import { type Inference, InferenceStage } from '@weft/causality';
import type { ObservedSpan } from './span-line.ts';

/** Conclusions are asked for so often, in the spans' own time, microseconds. */
const ADVANCE_US = 50_000;

/** Feeds spans, which come in the order of their start, to the inference stage in the order of time. */
export class SpanFeed {
  readonly #stage = new InferenceStage<string, string>();
  readonly #open = new EarliestEnd();
  #advancedAt = Number.NEGATIVE_INFINITY;

  /** @returns conclusions that became due */
  add(span: ObservedSpan): readonly Inference<string, string>[] {
    this.#endUntil(span.startUs);
    const { process, service: group, spanId: key, startUs, thread } = span;
    if (span.kind === 'server') {
      this.#stage.request({ key, process, group, type: span.endpoint, startUs, thread });
    } else {
      this.#stage.call({ key, process, group, kind: `${span.peer} ${span.endpoint}`, startUs, thread });
    }
    this.#open.push(span);
    if (startUs < this.#advancedAt + ADVANCE_US) return [];
    this.#advancedAt = startUs;
    return this.#stage.advance(startUs);
  }

  /** @returns all other conclusions */
  end(): readonly Inference<string, string>[] {
    this.#endUntil(Number.POSITIVE_INFINITY);
    return this.#stage.flush();
  }

  #endUntil(timeUs: number): void {
    for (let span = this.#open.pop(timeUs); span !== null; span = this.#open.pop(timeUs)) {
      if (span.kind === 'server') {
        this.#stage.response(span.process, span.spanId, span.endUs, span.endThread);
      } else {
        this.#stage.answered(span.process, span.spanId, span.endUs);
      }
    }
  }
}

/** Spans under way, the one that ends first on top: a binary heap. */
class EarliestEnd {
  readonly #heap: ObservedSpan[] = [];

  push(span: ObservedSpan): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(span);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.endUs <= span.endUs) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = span;
  }

  /** The first to end, if it ends until then. */
  pop(untilUs: number): ObservedSpan | null {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.endUs > untilUs) return null;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.endUs < heap[child]!.endUs) child++;
      if (heap[child]!.endUs >= last.endUs) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
