import { type ExchangeKey, observationPointIndex, type SpanId } from '@weft/model';
import type { SpanNode } from '@weft/store';

/** Why a span has the parent it has. */
export interface Parent {
  /** Index of the parent among the nodes. */
  readonly index: number;
  /** Both saw the same exchange; else the host of the child told the parent. */
  readonly byExchange: boolean;
  /** 0..1 */
  readonly confidence: number;
}

const CLIENT_PROCESS = observationPointIndex('client-process');
const SERVER_PROCESS = observationPointIndex('server-process');

/**
 * The parent of each node. Along an exchange each observation has the previous one that exists as its parent:
 * client-process, client-interface, node-interface…, server-interface, server-process. The first of an exchange has the
 * parent that its host told, if that one is there. Cycles, which only wrong links can make, are cut at their weakest link.
 * @param nodes in their canonical order, each id once
 */
export function findParents(nodes: readonly SpanNode[]): (Parent | null)[] {
  const byId = new Map<SpanId, number>(nodes.map((node, index) => [node.spanId, index]));
  const parents = nodes.map((node, index) => toldParent(node, index, byId));
  for (const exchange of exchanges(nodes)) chainExchange(exchange, nodes, byId, parents);
  cutCycles(parents);
  return parents;
}

/** The parent that the child's host told: the one it decided on, else the one of its chosen link. */
function toldParent(node: SpanNode, self: number, byId: ReadonlyMap<SpanId, number>): Parent | null {
  for (const id of [node.parentSpanId, node.chosenSpanId]) {
    const index = id === null ? undefined : byId.get(id);
    if (index === undefined || index === self) continue;
    return { index, byExchange: false, confidence: id === node.chosenSpanId ? node.chosenConfidence : 1 };
  }
  return null;
}

/** Nodes of each exchange that was seen more than once, in canonical order. */
function exchanges(nodes: readonly SpanNode[]): number[][] {
  const groups = new Map<ExchangeKey, number[]>();
  nodes.forEach((node, index) => {
    // Application spans say themselves what caused them.
    if (node.observationPoint === 'app') return;
    const group = groups.get(node.exchangeKey);
    if (group === undefined) groups.set(node.exchangeKey, [index]);
    else group.push(index);
  });
  return [...groups.values()].filter((group) => group.length > 1);
}

function chainExchange(
  group: readonly number[],
  nodes: readonly SpanNode[],
  byId: ReadonlyMap<SpanId, number>,
  parents: (Parent | null)[],
): void {
  const point = (index: number): number => observationPointIndex(nodes[index]!.observationPoint);
  const clients = group.filter((index) => point(index) === CLIENT_PROCESS);
  const servers = group.filter((index) => point(index) === SERVER_PROCESS);
  // Stable: by point, then in canonical order.
  const between = group
    .filter((index) => point(index) > CLIENT_PROCESS && point(index) < SERVER_PROCESS)
    .sort((a, b) => point(a) - point(b));
  const join = (child: number, parent: number | undefined): void => {
    if (parent !== undefined) parents[child] = { index: parent, byExchange: true, confidence: 1 };
  };
  between.forEach((index, place) => {
    join(index, place === 0 ? clients[0] : between[place - 1]);
  });
  servers.forEach((index, place) => {
    // One call may carry several messages: then each server span knows its own client span.
    const told = nodes[index]!.parentSpanId;
    const own = told === null ? undefined : byId.get(told);
    if (own !== undefined && clients.includes(own) && (between.length === 0 || clients.length > 1)) {
      join(index, own);
    } else if (between.length > 0) join(index, between[between.length - 1]);
    else join(index, clients[Math.min(place, clients.length - 1)]);
  });
}

/** Each cycle loses its weakest link; of equals, that of the earliest child, which thereby becomes a root. */
function cutCycles(parents: (Parent | null)[]): void {
  const UNSEEN = 0;
  const DONE = -1;
  const seenInWalk = new Int32Array(parents.length);
  for (let start = 0; start < parents.length; start++) {
    const walk = start + 1;
    let at = start;
    while (seenInWalk[at] === UNSEEN) {
      seenInWalk[at] = walk;
      const parent = parents[at];
      if (parent === null || parent === undefined) break;
      at = parent.index;
    }
    if (seenInWalk[at] === walk && parents[at] !== null) cutCycle(at, parents);
    for (let node = start; seenInWalk[node] === walk; ) {
      seenInWalk[node] = DONE;
      const parent = parents[node];
      if (parent === null || parent === undefined) break;
      node = parent.index;
    }
  }
}

function cutCycle(member: number, parents: (Parent | null)[]): void {
  let weakest = member;
  let at = member;
  do {
    const here = parents[at]!.confidence;
    const least = parents[weakest]!.confidence;
    if (here < least || (here === least && at < weakest)) weakest = at;
    at = parents[at]!.index;
  } while (at !== member);
  parents[weakest] = null;
}
