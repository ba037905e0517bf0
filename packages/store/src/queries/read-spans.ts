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
    const slice = nodes.slice(at, at + SPANS_A_QUERY);
    let first = slice[0]!.start;
    let last = first;
    for (const node of slice) {
      if (node.start < first) first = node.start;
      if (node.start > last) last = node.start;
    }
    // Digits only: ids and times that came from the store. The spans of a trace lie close together in time, so the
    // range of time is what the primary key needs.
    const ids = slice.map((node) => BigInt(`0x${node.spanId}`)).join(', ');
    const sql = `
      SELECT ${SELECT} FROM spans
      WHERE start_time >= fromUnixTimestamp64Nano({first:Int64}, 'UTC')
        AND start_time <= fromUnixTimestamp64Nano({last:Int64}, 'UTC') AND span_id IN (${ids})`;
    const bytes = await selectNative(store.client, sql, {
      first: toUnixNanos(epoch, first),
      last: toUnixNanos(epoch, last),
    });
    const spans = decodeSpans(bytes, epoch);
    if (!spans.ok) throw new Error(`The store's answer cannot be read: ${spans.error}.`);
    for (const span of spans.value) found.set(span.record.spanId, span);
  }
  return found;
}
