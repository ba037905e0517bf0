import { type Epoch, type ExchangeKey, type JoinId, joinKey, type SpanId, type TraceId } from '@weft/model';
import type { Store } from '../client.ts';
import { selectNative } from './select.ts';
import { decodeNodes, NODE_COLUMNS, type SpanNode } from './span-node.ts';

/** What to look spans up by; a span that any of these names is found. */
export interface LinkKeys {
  /** Ids of the spans themselves. */
  readonly spans: Iterable<SpanId>;
  /** Ids of their parents. */
  readonly parents: Iterable<SpanId>;
  readonly exchanges: Iterable<ExchangeKey>;
  readonly carried: Iterable<TraceId>;
}

/** A request id, and a period (`joinPeriod`) in which spans with it may have begun. */
export interface RequestKey {
  readonly id: JoinId;
  readonly period: bigint;
}

/** So many spans may have one request id in one period; an id that more have joins nothing. */
export const MOST_SPANS_OF_ID = 256;

/** Keys in one statement: its text must stay below the engine's `max_query_size` of 256 KiB. */
const KEYS_A_QUERY = 4000;

/** A span can be found by so many of its links at once. */
const LINKS_A_SPAN = 5;

/** The key of a span id in `links`, as a decimal literal. Digits only, whatever the id: it becomes part of a statement. */
function key64(id: SpanId): string {
  return BigInt(`0x${id}`).toString();
}

/** The key of an exchange key or trace id: its last 8 bytes, read as the engine reads them (little endian). */
function key128(id: ExchangeKey | TraceId): string {
  return Buffer.from(id.slice(16), 'hex').readBigUInt64LE().toString();
}

/**
 * One step of assembly: the spans that keys lead to, by primary key. Each span once; keys of 128 bits are compared by
 * half, so that in theory a stranger may come along.
 * @param epoch moment 0 of the nodes' times
 * @param limit so many spans at most
 */
export async function findLinked(
  store: Store,
  keys: LinkKeys,
  epoch: Epoch,
  limit: number,
): Promise<SpanNode[]> {
  const wanted: (readonly [kind: string, key: string])[] = [];
  for (const id of keys.spans) wanted.push(['span', key64(id)]);
  for (const id of keys.parents) wanted.push(['parent', key64(id)]);
  for (const id of keys.exchanges) wanted.push(['exchange', key128(id)]);
  for (const id of keys.carried) wanted.push(['carried', key128(id)]);
  const found = new Map<SpanId, SpanNode>();
  for (let at = 0; at < wanted.length && found.size < limit; at += KEYS_A_QUERY) {
    const sql = statement(wanted.slice(at, at + KEYS_A_QUERY), (limit - found.size) * LINKS_A_SPAN);
    for (const node of decodeNodes(await selectNative(store.client, sql, {}), epoch))
      found.set(node.spanId, node);
  }
  return [...found.values()].slice(0, limit);
}

/**
 * Spans that carry request ids. Of an id that more than `MOST_SPANS_OF_ID` spans have in a period, one more than those is
 * given, whichever. @param limit so many spans at most
 */
export async function findByRequestIds(
  store: Store,
  keys: readonly RequestKey[],
  epoch: Epoch,
  limit: number,
): Promise<SpanNode[]> {
  const found = new Map<SpanId, SpanNode>();
  for (let at = 0; at < keys.length && found.size < limit; at += KEYS_A_QUERY) {
    // Digits only, whatever the ids.
    const tuples = keys
      .slice(at, at + KEYS_A_QUERY)
      .map(({ id, period }) => `(${joinKey(id, period)}, 'request')`);
    const sql = `
      SELECT ${NODE_COLUMNS} FROM spans
      WHERE (start_time, span_id) GLOBAL IN (
        SELECT start_time, span_id FROM links WHERE (key, kind) IN (${tuples.join(', ')})
        LIMIT ${MOST_SPANS_OF_ID + 1} BY key LIMIT ${limit})`;
    for (const node of decodeNodes(await selectNative(store.client, sql, {}), epoch))
      found.set(node.spanId, node);
  }
  return [...found.values()];
}

function statement(wanted: readonly (readonly [kind: string, key: string])[], limit: number): string {
  // Tuples in the order of the primary key: measured three times as fast as a condition for each kind.
  const tuples = wanted.map(([kind, key]) => `(${key}, '${kind}')`).join(', ');
  return `
    SELECT ${NODE_COLUMNS} FROM spans
    WHERE (start_time, span_id) GLOBAL IN (
      SELECT start_time, span_id FROM links WHERE (key, kind) IN (${tuples}) LIMIT ${limit})`;
}
