import type { JoinId, SpanId, TraceId } from '@weft/model';
import type { SpanNode } from '@weft/store';
import type { Shared } from './fit.ts';
import { type IdCandidate, joinByIds } from './join-by-ids.ts';
import { findParents, type Parent } from './parents.ts';
import { Union } from './union.ts';

/** A span in its place. */
export interface WovenSpan {
  readonly node: SpanNode;
  readonly parentSpanId: SpanId | null;
  /** The parent saw the same exchange. */
  readonly byExchange: boolean;
  /** Calls that it may have come from through something that is not traced; one that is its parent is the only one. */
  readonly idLinks: readonly IdLink[];
}

/** A possible parent on the other side of something that is not traced. */
export interface IdLink {
  readonly spanId: SpanId;
  readonly shared: Shared;
  readonly id: string;
  readonly confidence: number;
}

/** The spans that belong together. */
export interface WovenTrace {
  readonly traceId: TraceId;
  /** Depth first; roots and children by start. The first is the root that names the trace. */
  readonly spans: readonly WovenSpan[];
  /** Spans with a known cause, the trace's root included. */
  readonly linked: number;
  /** Earliest start and latest end, relative to the nodes' epoch. */
  readonly start: number;
  readonly end: number;
}

const NO_KEY = /^0+$/;
const NOTHING_COMMON: ReadonlySet<JoinId> = new Set();
const NO_LINKS: readonly IdLink[] = [];

/**
 * Weaves spans into traces: a pure function of the set of nodes, whatever their order, and complete: each
 * span is in exactly one trace. Trees whose spans carried the same trace id are one trace with several roots.
 *
 * A trace is called by the trace id that its (first) root carried, else by its root's exchange key.
 * @param common ids that too many spans carry to join by them
 * @returns traces by the start of their root
 */
export function weave(
  input: readonly SpanNode[],
  common: ReadonlySet<JoinId> = NOTHING_COMMON,
): WovenTrace[] {
  const nodes = canonical(input);
  const parents = findParents(nodes);
  const joined = joinByIds(nodes, parents, common);
  const children: number[][] = nodes.map(() => []);
  const union = new Union(nodes.length);
  const first = new Map<string, number>();
  const joinBy = (key: string, index: number): void => {
    const other = first.get(key);
    if (other === undefined) first.set(key, index);
    else union.join(index, other);
  };
  nodes.forEach((node, index) => {
    const parent = parents[index];
    if (parent !== null && parent !== undefined) {
      children[parent.index]!.push(index);
      union.join(index, parent.index);
    } else {
      // Several roots in one exchange would be traces of one name.
      joinBy(`exchange ${rootKey(node)}`, index);
    }
    if (node.carriedTraceId !== null) joinBy(`carried ${node.carriedTraceId}`, index);
  });
  for (const [callee, candidates] of joined) joinUndecided(callee, candidates, parents, union);
  const roots = new Map<number, number[]>();
  nodes.forEach((_, index) => {
    if (parents[index] !== null) return;
    const trace = union.find(index);
    const list = roots.get(trace);
    if (list === undefined) roots.set(trace, [index]);
    else list.push(index);
  });
  return [...roots.values()].map((list) => weaveTrace(list, nodes, parents, children, joined));
}

/** A request that may have come from several calls of one trace belongs to that trace, whichever it was. */
function joinUndecided(
  callee: number,
  candidates: readonly IdCandidate[],
  parents: readonly (Parent | null)[],
  union: Union,
): void {
  const [first] = candidates;
  if (first === undefined || parents[callee] !== null) return;
  const trace = union.find(first.index);
  const isCertain = candidates.every(
    ({ index, fit }) => union.find(index) === trace && fit.shared !== 'vague',
  );
  if (isCertain) union.join(callee, first.index);
}

function rootKey(node: SpanNode): string {
  return NO_KEY.test(node.exchangeKey) ? node.spanId.padStart(32, '0') : node.exchangeKey;
}

/** Each span once, by start, then by id. */
function canonical(input: readonly SpanNode[]): SpanNode[] {
  const byId = new Map<SpanId, SpanNode>();
  for (const node of input) {
    const other = byId.get(node.spanId);
    // A batch that was sent twice. Should the two differ, the choice must not depend on their order.
    if (other === undefined || JSON.stringify(node) < JSON.stringify(other)) byId.set(node.spanId, node);
  }
  return [...byId.values()].sort((a, b) => a.start - b.start || (a.spanId < b.spanId ? -1 : 1));
}

function weaveTrace(
  roots: readonly number[],
  nodes: readonly SpanNode[],
  parents: readonly (Parent | null)[],
  children: readonly (readonly number[])[],
  joined: ReadonlyMap<number, readonly IdCandidate[]>,
): WovenTrace {
  const spans: WovenSpan[] = [];
  let start = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  const stack = [...roots].reverse();
  while (stack.length > 0) {
    const index = stack.pop()!;
    const node = nodes[index]!;
    const parent = parents[index] ?? null;
    spans.push({
      node,
      parentSpanId: parent === null ? null : nodes[parent.index]!.spanId,
      byExchange: parent?.byExchange ?? false,
      idLinks:
        joined.get(index)?.map(({ index: caller, fit, confidence }) => ({
          spanId: nodes[caller]!.spanId,
          shared: fit.shared,
          id: fit.id,
          confidence,
        })) ?? NO_LINKS,
    });
    start = Math.min(start, node.start);
    end = Math.max(end, node.start + node.duration);
    const own = children[index]!;
    for (let i = own.length - 1; i >= 0; i--) stack.push(own[i]!);
  }
  const root = nodes[roots[0]!]!;
  // The first root is where the trace begins, unless its host knew a parent that is not here.
  const rootKnown = isOrphan(root) ? 0 : 1;
  return {
    traceId: root.carriedTraceId ?? (rootKey(root) as TraceId),
    spans,
    linked: spans.length - roots.length + rootKnown,
    start,
    end,
  };
}

/** Its host knew what caused it, but that is not here. (A server span's parent is computed, and may never have been seen.) */
function isOrphan(root: SpanNode): boolean {
  if (root.chosenSpanId !== null) return true;
  return root.parentSpanId !== null && root.observationPoint !== 'server-process';
}
