import type { ProcessContexts } from '../contexts.ts';
import type { Moment, ServedRequest } from '../facts.ts';
import type { EvidenceSource } from './source.ts';

/** Another goroutine waits on a channel that this one holds: it is told the result (kernel side: search_waiter). */
const AWAITED = 0.985;
/**
 * The goroutine that ran before on this thread and parked handed its work over (kernel side:
 * read_handover). The scheduler runs a goroutine that was made ready next on the same thread, unless
 * another thread steals it.
 */
const HANDED_OVER = 0.95;
/**
 * A goroutine that waits for the answer to one call seldom waits for another's: what the stack or the
 * thread still remembers is stale then. Seldom, since workers can share one that collects their results.
 */
const AWAITED_BUSY = 0.8;
const HANDED_OVER_BUSY = 0.45;
/**
 * Another goroutine waits for the one that waits: a worker, which was handed a job and a channel to answer on (kernel side:
 * waiter_of_worker). Of 5 117 calls of such a pool 2 were told wrong.
 */
const ASKED = 0.98;
/** A goroutine made for a request: created while, and by the one that was, serving it. */
const CREATED = 0.97;
/** But somebody else waits for it: connections are dialled for one and used by another. */
const CREATED_FOR_ANOTHER = 0.6;
const CREATED_THREAD = 0.85;
const MAX_ANCESTORS = 16;

/**
 * The open request that a goroutine works for by its ancestors, or null. An ancestor that was known before the
 * request came cannot have been made for it: keep-alive connection loops outlive many requests.
 */
function servedByAncestors<R extends ServedRequest>(process: ProcessContexts<R>, goid: number): R | null {
  let current = goid;
  let youngest = Number.POSITIVE_INFINITY;
  for (let depth = 0; depth < MAX_ANCESTORS && current !== 0; depth++) {
    const goroutine = process.goroutines.get(current);
    if (goroutine === undefined) return null;
    const context = goroutine.current;
    if (context !== null && context.via !== 'lineage') {
      return context.request.open && (depth === 0 || youngest >= context.request.openedAt)
        ? context.request
        : null;
    }
    youngest = Math.min(youngest, goroutine.firstSeen);
    current = goroutine.parent;
  }
  return null;
}

function isWaiting<R extends ServedRequest>(process: ProcessContexts<R>, goid: number): boolean {
  return (process.goroutines.get(goid)?.waiting ?? 0) > 0;
}

/**
 * The goroutine that waits for the answer to a call, if it was made for one by another goroutine; else 0.
 * @param cause the request that the call was given to
 */
export function waiterFor<R extends ServedRequest>(
  process: ProcessContexts<R>,
  cause: R,
  at: Moment,
): number {
  for (const goid of [at.waiterGoid, at.askerGoid, at.handoverGoid]) {
    if (goid !== 0 && servedByAncestors(process, goid) === cause) return goid;
  }
  return 0;
}

function goroutineCandidates<R extends ServedRequest>(
  process: ProcessContexts<R>,
  at: Moment,
  believe: (request: R, key: string, confidence: number) => void,
): void {
  const own = process.goroutines.get(at.goid);
  if (own?.current?.via !== 'lineage' && own?.current?.request.open) return; // unit says so already
  const awaited = at.waiterGoid === 0 ? null : servedByAncestors(process, at.waiterGoid);
  const handed = at.handoverGoid === 0 ? null : servedByAncestors(process, at.handoverGoid);
  // Who serves itself works for nobody else.
  const asked = awaited !== null || at.askerGoid === 0 ? null : servedByAncestors(process, at.askerGoid);
  const created = servedByAncestors(process, at.goid);
  if (awaited !== null) {
    const confidence = isWaiting(process, at.waiterGoid) ? AWAITED_BUSY : AWAITED;
    believe(awaited, `goroutine ${at.goid} for ${at.waiterGoid}`, confidence);
  }
  if (asked !== null) {
    const key = `goroutine ${at.goid} for ${at.waiterGoid} for ${at.askerGoid}`;
    believe(asked, key, isWaiting(process, at.askerGoid) ? AWAITED_BUSY : ASKED);
  }
  if (handed !== null) {
    const confidence = isWaiting(process, at.handoverGoid) ? HANDED_OVER_BUSY : HANDED_OVER;
    believe(handed, `goroutine ${at.goid} after ${at.handoverGoid}`, confidence);
  }
  if (created !== null) {
    const other = awaited ?? asked ?? handed;
    const confidence = other === null || other === created ? CREATED : CREATED_FOR_ANOTHER;
    believe(created, `goroutine ${at.goid} of ${at.parentGoid}`, confidence);
  }
}

/** Goroutine parent chain, hand-over and waiters; threads created while serving. */
export function lineageSource<R extends ServedRequest>(): EvidenceSource<R> {
  return {
    kind: 'lineage',
    candidates(process, _call, at, believe) {
      if (at.goid !== 0) {
        goroutineCandidates(process, at, (request, key, confidence) =>
          believe(request, 'lineage', key, confidence),
        );
        return;
      }
      const context = process.threads.get(at.tid)?.current;
      if (context?.via === 'lineage' && context.request.open) {
        believe(context.request, 'lineage', `thread ${at.tid} was created by it`, CREATED_THREAD);
      }
    },
  };
}
