import { type ExchangeKey, observationPointIndex } from '@weft/model';
import type { SpanNode } from '@weft/store';

const CLIENT_PROCESS = observationPointIndex('client-process');
const SERVER_PROCESS = observationPointIndex('server-process');
const NO_KEY = /^0+$/;

/** Exchanges of which one end was not seen: what lies there is not traced. */
export interface OpenEnds {
  /** Indexes of the last observations of exchanges that no server saw. */
  readonly callers: readonly number[];
  /** Indexes of the first observations of exchanges that no client saw. */
  readonly callees: readonly number[];
}

interface Ends {
  first: number;
  last: number;
}

/** @param nodes in their canonical order, whose earlier ones come first among equals */
export function openEnds(nodes: readonly SpanNode[]): OpenEnds {
  const point = (index: number): number => observationPointIndex(nodes[index]!.observationPoint);
  const exchanges = new Map<ExchangeKey, Ends>();
  nodes.forEach((node, index) => {
    // Application spans say themselves what caused them; without a key nothing tells what belongs together.
    if (node.observationPoint === 'app' || NO_KEY.test(node.exchangeKey)) return;
    const ends = exchanges.get(node.exchangeKey);
    if (ends === undefined) exchanges.set(node.exchangeKey, { first: index, last: index });
    else if (point(index) < point(ends.first)) ends.first = index;
    else if (point(index) >= point(ends.last)) ends.last = index;
  });
  const callers: number[] = [];
  const callees: number[] = [];
  for (const { first, last } of exchanges.values()) {
    if (point(last) < SERVER_PROCESS) callers.push(last);
    if (point(first) > CLIENT_PROCESS) callees.push(first);
  }
  const inOrder = (a: number, b: number): number => a - b;
  return { callers: callers.sort(inOrder), callees: callees.sort(inOrder) };
}
