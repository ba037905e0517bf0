import { addColumn, changeColumn, changeView, type StoreEngine } from './dialect.ts';

/**
 * What spans on both sides of an untraced proxy have in common (`JoinId` of the model), and the way from a request id to the spans that carry it:
 * `links` of kind `request`, whose key is the id joined with the period in which the span began (`joinKey`), so that an id that
 * all requests carry leads to those of that time alone.
 */
export function joinIds(engine: StoreEngine): string[] {
  return [
    ...addColumn(engine, 'spans', 'join_ids Array(UInt64) CODEC(LZ4)'),
    ...changeColumn(
      engine,
      'links',
      "kind Enum8('span' = 1, 'parent' = 2, 'exchange' = 3, 'carried' = 4, 'request' = 5)",
    ),
    ...changeView(engine, {
      name: 'links_of_spans',
      to: 'links',
      from: 'spans',
      select: `
        SELECT entry.1 AS kind, entry.2 AS key, span_id, start_time
        FROM {from}
        ARRAY JOIN arrayConcat(arrayFilter(e -> e.2 != 0, arrayDistinct([
          ('span', span_id),
          ('parent', parent_span_id),
          ('parent', link_span_id[indexOf(link_chosen, 1)]),
          ('exchange', reinterpretAsUInt64(substring(exchange_key, 9, 8))),
          ('carried', reinterpretAsUInt64(substring(carried_trace_id, 9, 8)))
        ])), arrayMap(
          id -> ('request', bitXor(
            bitAnd(id, 18446744073709551612),
            bitShiftRight(reinterpretAsUInt64(toUnixTimestamp64Nano(start_time)), 33))),
          arrayFilter(id -> bitAnd(id, 3) < 2, join_ids)
        )) AS entry`,
    }),
  ];
}
