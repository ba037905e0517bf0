import { type JoinId, kindOfJoinId } from '@weft/model';
import type { SpanNode } from '@weft/store';

/** How well a call and a request, seen by two processes that no sequence number joins, may be two ends of the same. */
export interface Fit {
  /** Index of the call among the nodes. */
  readonly caller: number;
  /** The strongest thing that both carried. */
  readonly shared: Shared;
  /** The id itself, or the trace's. */
  readonly id: string;
  /** They look like one request that was passed on; else the request was made on account of the call, by what lies between. */
  readonly sameRequest: boolean;
  /** The request lies within the call's time. */
  readonly nested: boolean;
  /** Of several calls those with the highest are meant. */
  readonly score: number;
}

/** What both carried, weakest first: a trace's id is on all its hops. */
export type Shared = 'trace' | 'vague' | 'specific' | 'context';
const STRENGTH: Readonly<Record<Shared, number>> = { trace: 0, vague: 1, specific: 2, context: 3 };

/** A last byte may be reported so much late. */
const JITTER = 0.1e6;
/** Clocks of two hosts may be apart by so much. */
const CLOCKS_APART = 2e9;
const NESTED = 32;
const SAME_CONTEXT = 16;
const SAME_TARGET = 8;
const SAME_NAME = 4;
const SUFFIX = 2;
const SAME_REQUEST = SAME_TARGET | SAME_NAME | SUFFIX;

/**
 * How a request fits a call; null: it does not. Only times, names and what both carried are looked at.
 * @param common ids that say nothing
 */
export function fitOf(
  nodes: readonly SpanNode[],
  caller: number,
  callee: number,
  common: ReadonlySet<JoinId>,
): Fit | null {
  const call = nodes[caller]!;
  const request = nodes[callee]!;
  const nested = isWithin(request, call);
  if (!nested && !isNear(request, call)) return null;
  const found = sharedOf(call, request, common);
  if (found === null) return null;
  let score = nested ? NESTED : 0;
  if (found.shared === 'context') score |= SAME_CONTEXT;
  const target = targetOf(call);
  if (target !== null && target === targetOf(request)) score |= SAME_TARGET;
  if (call.name === request.name) score |= SAME_NAME;
  else if (isSuffix(call.name, request.name)) score |= SUFFIX;
  const sameRequest = (score & SAME_REQUEST) !== 0;
  // What many have in common says nothing alone.
  if (STRENGTH[found.shared] < STRENGTH.specific && !(nested && sameRequest)) return null;
  if (!nested && !sameRequest) return null;
  return { caller, ...found, sameRequest, nested, score };
}

function endOf(node: SpanNode): number {
  return node.start + node.duration;
}

function isWithin(request: SpanNode, call: SpanNode): boolean {
  if (request.start < call.start - JITTER || request.start > endOf(call) + JITTER) return false;
  // Who gave up waiting does not see the end.
  if (call.status !== 'ok') return true;
  return request.duration <= call.duration && endOf(request) <= endOf(call) + JITTER;
}

function isNear(request: SpanNode, call: SpanNode): boolean {
  return request.duration <= call.duration && Math.abs(request.start - call.start) <= CLOCKS_APART;
}

function sharedOf(
  call: SpanNode,
  request: SpanNode,
  common: ReadonlySet<JoinId>,
): { readonly shared: Shared; readonly id: string } | null {
  let best: { readonly shared: Shared; readonly id: string } | null = null;
  for (const id of request.joinIds ?? []) {
    const kind = kindOfJoinId(id);
    if (kind === 'target' || common.has(id) || call.joinIds?.includes(id) !== true) continue;
    if (best === null || STRENGTH[kind] > STRENGTH[best.shared]) best = { shared: kind, id };
  }
  if (best !== null) return best;
  return request.carriedTraceId !== null && request.carriedTraceId === call.carriedTraceId
    ? { shared: 'trace', id: request.carriedTraceId }
    : null;
}

function targetOf(node: SpanNode): JoinId | null {
  return node.joinIds?.find((id) => kindOfJoinId(id) === 'target') ?? null;
}

/** Proxies take the front of a path away, or put one before it: `GET /api/orders` becomes `GET /orders`. */
function isSuffix(a: string, b: string): boolean {
  const [methodA, pathA = ''] = a.split(' ', 2);
  const [methodB, pathB = ''] = b.split(' ', 2);
  if (methodA !== methodB || pathA.length < 2 || pathB.length < 2) return false;
  if (!pathA.startsWith('/') || !pathB.startsWith('/')) return false;
  return pathA.endsWith(pathB) || pathB.endsWith(pathA);
}
