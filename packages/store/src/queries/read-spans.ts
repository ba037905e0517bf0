import {
  decodeSpans,
  type Epoch,
  type OriginatedSpan,
  SPAN_COLUMNS,
  type SpanId,
  toUnixNanos,
} from '@weft/model';
import type { Store } from '../client.ts';
import { selectNative } from './select.ts';
import type { SpanNode } from './span-node.ts';

const SELECT = SPAN_COLUMNS.map((column) => column.name).join(', ');
const SPANS_A_QUERY = 4000;

/**
 * Whole spans of nodes, by primary key, each once and in no order.
 * @param epoch moment 0 of the nodes' and of the spans' times
 */
export async function readSpans(
  store: Store,
  nodes: readonly Pick<SpanNode, 'spanId' | 'start'>[],
  epoch: Epoch,
): Promise<Map<SpanId, OriginatedSpan>> {
  const found = new Map<SpanId, OriginatedSpan>();
  for (let at = 0; at < nodes.length; at += SPANS_A_QUERY) {
    // Digits only: ids and times that came from the store. Tuples in the order of the primary key, so that each reads
    // its granule alone, however far apart in time they lie.
    const keys = nodes.slice(at, at + SPANS_A_QUERY).map((node) => {
      const start = toUnixNanos(epoch, node.start).toString().padStart(10, '0');
      return `('${start.slice(0, -9)}.${start.slice(-9)}', ${BigInt(`0x${node.spanId}`)})`;
    });
    const sql = `SELECT ${SELECT} FROM spans WHERE (start_time, span_id) IN (${keys.join(', ')})`;
    const bytes = await selectNative(store.client, sql, {});
    const spans = decodeSpans(bytes, epoch);
    if (!spans.ok) throw new Error(`The store's answer cannot be read: ${spans.error}.`);
    for (const span of spans.value) found.set(span.record.spanId, span);
  }
  return found;
}
