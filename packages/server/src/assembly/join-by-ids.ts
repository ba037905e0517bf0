import { type JoinId, kindOfJoinId } from '@weft/model';
import type { SpanNode } from '@weft/store';
import { type Fit, fitOf, type Shared } from './fit.ts';
import { openEnds } from './open-ends.ts';
import type { Parent } from './parents.ts';

/** A call that a request may have come from, through something that is not traced. */
export interface IdCandidate {
  /** Index of the call among the nodes. */
  readonly index: number;
  readonly fit: Fit;
  /** 0..1, never certain: programs use ids again, on purpose or not. */
  readonly confidence: number;
}

/**
 * What is believed where nothing else speaks against it. Sequence numbers alone are certain: services pass one id to all
 * they call, clients repeat requests, proxies too.
 */
const BELIEF: Readonly<Record<Shared, number>> = { trace: 0.9, vague: 0.7, specific: 0.97, context: 0.98 };
/** There were other calls that it might have come from, of which all others have a request of their own. */
const BY_ELIMINATION = 0.9;
/** It is not the same request: whatever lies between has made it. */
const THROUGH_SERVICE = 0.75;
/** By the clocks of their hosts one does not lie within the other. */
const CLOCKS_DISAGREE = 0.75;
/** The proxy asked again, and the last answer counts. */
const REPEATED = 0.9;
const AMBIGUOUS = 0.85;
const MOST_CANDIDATES = 8;
/** A call that began longer before has been given up. */
const LONGEST_CALL = 137e9;
/** A call that began so much later, by the clock of another host, is another. */
const LATEST_CALL = 2e9;
/** Of an id that more calls carry in that time nobody can tell whose it is. */
const MOST_CALLS = 4096;

/** A request whose caller was not seen, and the calls that fit it best. */
interface Open {
  readonly callee: number;
  readonly fits: readonly Fit[];
}

/**
 * Joins the two sides of what is not traced (proxies, load balancers) by the ids that both carry: a call whose server was not seen
 * with a request whose client was not seen. One to one where the request was passed on; of several calls that it fits equally
 * well none is taken.
 * @param nodes in their canonical order
 * @param parents of the nodes; those that are found are put in
 * @param common ids that too many spans carry
 * @returns the calls that each request may have come from: the only one, if it is its parent now
 */
export function joinByIds(
  nodes: readonly SpanNode[],
  parents: (Parent | null)[],
  common: ReadonlySet<JoinId>,
): ReadonlyMap<number, readonly IdCandidate[]> {
  const found = new Map<number, readonly IdCandidate[]>();
  const open = openRequests(nodes, parents, common);
  if (open.length === 0) return found;
  const taken = new Set<number>();
  const join = ({ callee, fits }: Open, fit: Fit, factor: number): void => {
    const alone = fits.length === 1 ? 1 : BY_ELIMINATION;
    const time = fit.nested ? 1 : CLOCKS_DISAGREE;
    const confidence = BELIEF[fit.shared] * factor * alone * time;
    parents[callee] = { index: fit.caller, byExchange: false, confidence };
    found.set(callee, [{ index: fit.caller, fit, confidence }]);
  };
  const passedOn = open.filter(({ fits }) => fits[0]!.sameRequest);
  while (takeDecided(nodes, parents, passedOn, found, taken, join)) {
    // Each that has found its call leaves fewer for the others.
  }
  for (const request of open) {
    if (found.has(request.callee) || request.fits[0]!.sameRequest) continue;
    const [only, another] = possible(request, parents, taken);
    if (only !== undefined && another === undefined) join(request, only, THROUGH_SERVICE);
  }
  for (const { callee, fits } of open) if (!found.has(callee)) found.set(callee, undecided(fits));
  return found;
}

/** Gives their calls to the requests that fit one alone. @returns whether there were any */
function takeDecided(
  nodes: readonly SpanNode[],
  parents: readonly (Parent | null)[],
  open: readonly Open[],
  found: ReadonlyMap<number, unknown>,
  taken: Set<number>,
  join: (request: Open, fit: Fit, factor: number) => void,
): boolean {
  const contenders = new Map<number, (readonly [Open, Fit])[]>();
  for (const request of open) {
    if (found.has(request.callee)) continue;
    const [only, another] = possible(request, parents, taken);
    if (only === undefined || another !== undefined) continue;
    const others = contenders.get(only.caller);
    if (others === undefined) contenders.set(only.caller, [[request, only]]);
    else others.push([request, only]);
  }
  let any = false;
  for (const [caller, requests] of contenders) {
    // What was joined just now may have made one the cause of the other.
    if (requests.some(([{ callee }]) => isBelow(caller, callee, parents))) continue;
    if (requests.length > 1 && !areRepeats(requests, nodes)) continue;
    for (const [request, fit] of requests) join(request, fit, requests.length > 1 ? REPEATED : 1);
    taken.add(caller);
    any = true;
  }
  return any;
}

/** One after another, and each but the last has failed: a proxy that asks again. @param requests by start */
function areRepeats(requests: readonly (readonly [Open, Fit])[], nodes: readonly SpanNode[]): boolean {
  for (let i = 1; i < requests.length; i++) {
    const before = nodes[requests[i - 1]![0].callee]!;
    if (before.status === 'ok' || before.start + before.duration > nodes[requests[i]![0].callee]!.start)
      return false;
  }
  return true;
}

/** The calls that are left for a request: without another's, and of calls that were made on account of each other the innermost. */
function possible(
  { callee, fits }: Open,
  parents: readonly (Parent | null)[],
  taken: ReadonlySet<number>,
): readonly Fit[] {
  const left = fits.filter(({ caller }) => !taken.has(caller) && !isBelow(caller, callee, parents));
  if (left.length < 2) return left;
  return left.filter(
    ({ caller }) => !left.some((other) => other.caller !== caller && isBelow(other.caller, caller, parents)),
  );
}

/** Whether a span was caused by another, however far. The parents have no cycles. */
function isBelow(index: number, ancestor: number, parents: readonly (Parent | null)[]): boolean {
  for (let at = parents[index]; at !== null && at !== undefined; at = parents[at.index]) {
    if (at.index === ancestor) return true;
  }
  return false;
}

function undecided(fits: readonly Fit[]): readonly IdCandidate[] {
  const share = AMBIGUOUS / Math.max(2, fits.length);
  return fits
    .slice(0, MOST_CANDIDATES)
    .map((fit) => ({ index: fit.caller, fit, confidence: BELIEF[fit.shared] * share }));
}

function openRequests(
  nodes: readonly SpanNode[],
  parents: readonly (Parent | null)[],
  common: ReadonlySet<JoinId>,
): readonly Open[] {
  if (!nodes.some((node) => node.joinIds !== undefined || node.carriedTraceId !== null)) return [];
  const { callers, callees } = openEnds(nodes);
  if (callers.length === 0 || callees.length === 0) return [];
  const callersOf = new Map<string, number[]>();
  for (const caller of callers) {
    for (const id of idsOf(nodes[caller]!, common)) {
      const others = callersOf.get(id);
      if (others === undefined) callersOf.set(id, [caller]);
      else others.push(caller);
    }
  }
  const open: Open[] = [];
  for (const callee of callees) {
    if (parents[callee] !== null) continue;
    const fits = bestFits(nodes, callee, callersOf, common);
    if (fits.length > 0) open.push({ callee, fits });
  }
  return open;
}

/** What a span may be joined by. */
function idsOf(node: SpanNode, common: ReadonlySet<JoinId>): readonly string[] {
  const ids: string[] = (node.joinIds ?? []).filter((id) => kindOfJoinId(id) !== 'target' && !common.has(id));
  return node.carriedTraceId === null ? ids : [...ids, node.carriedTraceId];
}

/** The calls that fit a request best, by their start. */
function bestFits(
  nodes: readonly SpanNode[],
  callee: number,
  callersOf: ReadonlyMap<string, readonly number[]>,
  common: ReadonlySet<JoinId>,
): readonly Fit[] {
  const { start, exchangeKey } = nodes[callee]!;
  const seen = new Set<number>();
  let best: Fit[] = [];
  for (const id of idsOf(nodes[callee]!, common)) {
    const callers = callersOf.get(id) ?? [];
    const from = firstFrom(callers, nodes, start - LONGEST_CALL);
    const to = firstFrom(callers, nodes, start + LATEST_CALL);
    if (to - from > MOST_CALLS) continue;
    for (let i = from; i < to; i++) {
      const caller = callers[i]!;
      if (seen.has(caller) || nodes[caller]!.exchangeKey === exchangeKey) continue;
      seen.add(caller);
      const fit = fitOf(nodes, caller, callee, common);
      if (fit === null || fit.score < (best[0]?.score ?? 0)) continue;
      if (fit.score > (best[0]?.score ?? -1)) best = [];
      best.push(fit);
    }
  }
  return best.sort((a, b) => a.caller - b.caller);
}

/** Place of the first call that began at or after a moment. @param callers by their start */
function firstFrom(callers: readonly number[], nodes: readonly SpanNode[], moment: number): number {
  let low = 0;
  let high = callers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (nodes[callers[middle]!]!.start < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
