import type { Message } from '../protocol.ts';

/** Queries without an answer that are remembered; a server that answers none of them costs no more. */
const MOST = 4096;
const IDS = 0x1_0000;

/** A query that waits for its answer. */
export interface Outstanding {
  readonly request: Message;
  /** It was sent again so often. */
  repeats: number;
}

/** Queries without an answer by what pairs them, oldest first. */
export type OutstandingQueries = Map<number, Outstanding>;

/**
 * What pairs a query with its answer: the id, and the question too, since one socket may serve many clients, whose
 * ids know nothing of each other. 48 bits.
 */
export function pairingOf(id: number, questionHash: number): number {
  return questionHash * IDS + id;
}

/** Remembers a query. */
export function remember(queries: OutstandingQueries, pairing: number, request: Message): void {
  if (queries.size >= MOST) {
    for (const oldest of queries.keys()) {
      queries.delete(oldest);
      break;
    }
  }
  // A later one of the same name is the younger one also in the order of the map.
  queries.delete(pairing);
  queries.set(pairing, { request, repeats: 0 });
}

/** What pairs an answer that repeats no question: the oldest query of that id; the bare id if there is none. */
export function pairingOfId(queries: OutstandingQueries, id: number): number {
  for (const pairing of queries.keys()) if (pairing % IDS === id) return pairing;
  return id;
}
