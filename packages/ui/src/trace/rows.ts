import type { Link, SpanJson, TraceJson } from '@weft/model';

/**
 * A line of the waterfall: an exchange with all its observation points, outer (client) first. Times are ns after the
 * trace's start.
 */
export interface Row {
  readonly index: number;
  /** Id of the outer span. */
  readonly id: string;
  readonly spans: readonly [SpanJson, ...SpanJson[]];
  readonly depth: number;
  /** Index of the row above it in the tree; -1: none. */
  readonly parent: number;
  /** One after the last row below it. */
  readonly end: number;
  readonly start: number;
  readonly duration: number;
  /** The innermost observation: the server's, where it was seen. */
  readonly innerStart: number;
  readonly innerDuration: number;
}

/** A trace, made ready for the waterfall. */
export interface TraceRows {
  /** Depth first. */
  readonly rows: readonly Row[];
  /** Span id → index of its row. */
  readonly rowOf: ReadonlyMap<string, number>;
  /** Unix ns of the earliest start. */
  readonly origin: bigint;
  /** ns from the earliest start to the latest end. */
  readonly duration: number;
}

/** The span's place along its exchange is told by sequence numbers, not by a cause. */
function isSameExchange(child: SpanJson, parent: SpanJson): boolean {
  return child.links.some(
    (link) =>
      link.chosen &&
      link.spanId === parent.spanId &&
      link.evidence.some((evidence) => evidence.kind === 'tcp-seq'),
  );
}

/** Makes the rows of a trace whose spans come depth first, as the API gives them. */
export function traceRows({ spans }: TraceJson): TraceRows {
  const { parents, childCounts } = findParents(spans);
  const origin = spans.reduce<bigint | null>((first, span) => {
    const start = BigInt(span.startTimeUnixNano);
    return first === null || start < first ? start : first;
  }, null);
  const begin = origin ?? 0n;
  const builders: RowBuilder[] = [];
  const rowOf = new Map<string, number>();
  const rowOfSpan = new Int32Array(spans.length);
  let duration = 0;
  spans.forEach((span, index) => {
    const parentSpan = parents[index]!;
    const start = Number(BigInt(span.startTimeUnixNano) - begin);
    const length = Number(span.durationNano);
    duration = Math.max(duration, start + length);
    let at = parentSpan < 0 ? -1 : rowOfSpan[parentSpan]!;
    const folds = at >= 0 && childCounts[parentSpan] === 1 && isSameExchange(span, spans[parentSpan]!);
    if (folds) {
      const row = builders[at]!;
      row.spans.push(span);
      row.innerStart = start;
      row.innerDuration = length;
    } else {
      const depth = at < 0 ? 0 : builders[at]!.depth + 1;
      builders.push({
        spans: [span],
        depth,
        parent: at,
        start,
        length,
        innerStart: start,
        innerDuration: length,
      });
      at = builders.length - 1;
    }
    rowOfSpan[index] = at;
    rowOf.set(span.spanId, at);
  });
  return { rows: finish(builders), rowOf, origin: begin, duration: Math.max(1, duration) };
}

interface RowBuilder {
  readonly spans: [SpanJson, ...SpanJson[]];
  readonly depth: number;
  readonly parent: number;
  readonly start: number;
  readonly length: number;
  innerStart: number;
  innerDuration: number;
}

/** Index of each span's parent (-1: none that came before it), and how many children each span has. */
function findParents(spans: readonly SpanJson[]): { parents: Int32Array; childCounts: Int32Array } {
  const parents = new Int32Array(spans.length).fill(-1);
  const childCounts = new Int32Array(spans.length);
  const seen = new Map<string, number>();
  spans.forEach((span, index) => {
    const parent = span.parentSpanId === null ? undefined : seen.get(span.parentSpanId);
    seen.set(span.spanId, index);
    if (parent === undefined) return;
    parents[index] = parent;
    childCounts[parent]!++;
  });
  return { parents, childCounts };
}

function finish(builders: readonly RowBuilder[]): Row[] {
  const ends = builders.map((_, index) => index + 1);
  for (let index = builders.length - 1; index >= 0; index--) {
    const { parent } = builders[index]!;
    if (parent >= 0) ends[parent] = Math.max(ends[parent]!, ends[index]!);
  }
  return builders.map((row, index) => ({
    index,
    id: row.spans[0].spanId,
    spans: row.spans,
    depth: row.depth,
    parent: row.parent,
    end: ends[index]!,
    start: row.start,
    duration: row.length,
    innerStart: row.innerStart,
    innerDuration: row.innerDuration,
  }));
}

/** The span that did the work, as far as it was seen. */
export function innerSpan(row: Row): SpanJson {
  return row.spans[row.spans.length - 1]!;
}

/** The span that tells of a failure, if any does: a 404 is an error to its caller, and none to its server. */
export function worstSpan(row: Row): SpanJson {
  return row.spans.findLast((span) => span.status === 'error') ?? innerSpan(row);
}

/** A call whose other side was not seen: it went to something that is not traced, or its other end was lost. */
export function isUntraced(row: Row): boolean {
  const { kind } = innerSpan(row);
  return kind === 'client' || kind === 'producer';
}

/** Between its parent and it lies something that is not traced: where the call went, '' if that is not known; null: nothing lies there. */
export function untracedHop(span: SpanJson): string | null {
  if (span.attributes['weft.untraced'] !== true) return null;
  const address = span.attributes['weft.untraced.address'];
  return typeof address === 'string' ? address : '';
}

/** How the way of a span is known: what the page says about its parent. */
export type Origin =
  | { readonly kind: 'linked'; readonly link: Link }
  /** Its host decided, but that span is not in the store: lost, or not there yet. */
  | { readonly kind: 'parent-not-seen'; readonly link: Link }
  /** Nothing spoke loudly enough. */
  | { readonly kind: 'candidates'; readonly links: readonly Link[] }
  | { readonly kind: 'none' };

/** From this confidence on a link is believed (`DEFAULT_THRESHOLD` of @weft/causality). */
export const THRESHOLD = 0.5;

export function originOf(span: SpanJson): Origin {
  const chosen = span.links.find((link) => link.chosen);
  if (chosen !== undefined) return { kind: 'linked', link: chosen };
  if (span.links.length === 0) return { kind: 'none' };
  const best = span.links.reduce((a, b) => (b.confidence > a.confidence ? b : a));
  if (best.confidence >= THRESHOLD) return { kind: 'parent-not-seen', link: best };
  return { kind: 'candidates', links: span.links };
}
