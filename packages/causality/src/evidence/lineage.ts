import type { ProcessContexts } from '../contexts.ts';
import type { Moment, ServedRequest } from '../facts.ts';
import type { EvidenceSource } from './source.ts';

/** A goroutine made for a request: created while, and by the one that was, serving it. */
const CREATED = 0.97;
/**
 * The goroutine that ran before on this thread and parked handed its work over (kernel side:
 * goroutine.h). The scheduler runs a goroutine that was made ready next on the same thread.
 */
const HANDED_OVER = 0.96;
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

function goroutineCandidates<R extends ServedRequest>(
  process: ProcessContexts<R>,
  at: Moment,
  believe: (request: R, key: string, confidence: number) => void,
): void {
  const own = process.goroutines.get(at.goid);
  if (own?.current?.via !== 'lineage' && own?.current?.request.open) return; // unit says so already
  const created = servedByAncestors(process, at.goid);
  if (created !== null) believe(created, `goroutine ${at.goid} of ${at.parentGoid}`, CREATED);
  if (at.handoverGoid !== 0 && at.handoverGoid !== at.goid) {
    const handed = servedByAncestors(process, at.handoverGoid);
    if (handed !== null && handed !== created) {
      believe(handed, `goroutine ${at.goid} after ${at.handoverGoid}`, HANDED_OVER);
    }
  }
}

/** Goroutine parent chain and hand-over; threads created while serving. */
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

export { servedByAncestors };
