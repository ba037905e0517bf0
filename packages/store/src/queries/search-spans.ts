import type { Epoch, SpanId, SpanStatus } from '@weft/model';
import type { Store } from '../client.ts';
import { type Parameters, selectNative } from './select.ts';
import { decodeNodes, NODE_COLUMNS, type SpanNode } from './span-node.ts';

/** Which spans are asked for; all conditions must hold, null ones do not count. */
export interface SpanFilter {
  /** Start of the span, Unix ns: from (included) … to (excluded). */
  readonly from: bigint;
  readonly to: bigint;
  readonly service: string | null;
  /** The span's name. */
  readonly endpoint: string | null;
  readonly status: SpanStatus | null;
  /** ns */
  readonly minDuration: bigint | null;
  readonly attributes: readonly AttributeTerm[];
}

/** An attribute and its value as a user writes them: numbers and booleans too. */
export interface AttributeTerm {
  readonly key: string;
  readonly value: string;
}

/** Place of a span in the order of listings: latest first, then by id. */
export interface SpanPosition {
  readonly start: bigint;
  readonly spanId: SpanId;
}

/**
 * Spans that match, latest start first (then larger ids first).
 * @param after only spans that come after this place
 */
export async function searchSpans(
  store: Store,
  filter: SpanFilter,
  after: SpanPosition | null,
  limit: number,
  epoch: Epoch,
): Promise<SpanNode[]> {
  const { narrow, wide, parameters } = where(filter, after);
  // The engine would read the maps of attributes along with the narrow columns: of 5 million spans of which none took
  // so long, that was 1 s of CPU.
  const sql = `
    SELECT ${NODE_COLUMNS} FROM spans PREWHERE ${narrow.join(' AND ')}
    ${wide.length === 0 ? '' : `WHERE ${wide.join(' AND ')}`}
    ORDER BY start_time DESC, span_id DESC LIMIT {limit:UInt32}`;
  return decodeNodes(await selectNative(store.client, sql, { ...parameters, limit }), epoch);
}

/** Conditions on narrow columns, which are looked at first, and on the maps of attributes. */
function where(
  filter: SpanFilter,
  after: SpanPosition | null,
): { narrow: string[]; wide: string[]; parameters: Record<string, string | number | bigint> } {
  const narrow = [`start_time >= ${moment('from')}`, `start_time < ${moment('to')}`];
  const parameters: Record<string, string | number | bigint> = { from: filter.from, to: filter.to };
  if (after !== null) {
    narrow.push(
      `start_time <= ${moment('after')}`,
      `(start_time < ${moment('after')} OR span_id < {afterId:UInt64})`,
    );
    parameters['after'] = after.start;
    parameters['afterId'] = BigInt(`0x${after.spanId}`);
  }
  const equal = (column: string, name: string, value: string | null): void => {
    if (value === null) return;
    narrow.push(`${column} = {${name}:String}`);
    parameters[name] = value;
  };
  equal('service', 'service', filter.service);
  equal('name', 'endpoint', filter.endpoint);
  equal('status', 'status', filter.status);
  if (filter.minDuration !== null) {
    narrow.push('duration >= {minDuration:UInt64}');
    parameters['minDuration'] = filter.minDuration;
  }
  const wide = filter.attributes.map((term, index) => attributeCondition(term, index, parameters));
  return { narrow, wide, parameters };
}

function moment(name: string): string {
  return `fromUnixTimestamp64Nano({${name}:Int64}, 'UTC')`;
}

function attributeCondition(
  term: AttributeTerm,
  index: number,
  parameters: Record<string, Parameters[string]>,
): string {
  const key = `{key${index}:String}`;
  parameters[`key${index}`] = term.key;
  parameters[`value${index}`] = term.value;
  // An absent key reads as the type's default, which only then needs a second look.
  const ways = [`attributes[${key}] = {value${index}:String}`];
  if (term.value === '') ways[0] += ` AND mapContains(attributes, ${key})`;
  const number = Number(term.value);
  if (term.value.trim() !== '' && Number.isFinite(number)) {
    parameters[`number${index}`] = number;
    ways.push(`(numbers[${key}] = {number${index}:Float64} AND mapContains(numbers, ${key}))`);
  }
  if (term.value === 'true') ways.push(`flags[${key}]`);
  if (term.value === 'false') ways.push(`(NOT flags[${key}] AND mapContains(flags, ${key}))`);
  return `(${ways.join(' OR ')})`;
}
