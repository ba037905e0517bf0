import type { HashKey } from '@weft/model';
import { latin1 } from '../bytes.ts';
import type { ParserOptions } from '../protocol.ts';
import {
  addCarried,
  addRequestId,
  addTraceId,
  CARRIER_NAMES,
  type CarrierName,
  type RankedIds,
} from './carried.ts';

const LONGEST_VALUE = 512;

/** How the value under a name is read: as its vendor writes it, or, of names that were asked for, as an id of this kind. */
type Reading = CarrierName | 'request-id' | 'trace-id';

/** The headers, properties and parameters that carry ids: the usual ones, and those that were asked for besides. */
export interface CarriedNames {
  readonly readings: ReadonlyMap<string, Reading>;
  /** Some were asked for: only those are looked for in query strings. */
  readonly asked: ReadonlySet<string>;
  readonly key: HashKey | undefined;
  readonly requestIdNames: readonly string[] | undefined;
  readonly traceIdNames: readonly string[] | undefined;
}

let latest: CarriedNames | null = null;

/** The names that a parser looks for: one object, as long as all connections are told the same. */
export function carriedNames(options: Omit<ParserOptions, 'mask'>): CarriedNames {
  const { requestIdNames, traceIdNames, idKey } = options;
  if (
    latest === null ||
    latest.requestIdNames !== requestIdNames ||
    latest.traceIdNames !== traceIdNames ||
    latest.key !== idKey
  ) {
    const readings = new Map<string, Reading>(CARRIER_NAMES.map((name) => [name, name]));
    for (const name of requestIdNames ?? []) readings.set(name, 'request-id');
    for (const name of traceIdNames ?? []) readings.set(name, 'trace-id');
    const asked = new Set([...(requestIdNames ?? []), ...(traceIdNames ?? [])]);
    latest = { readings, asked, key: idKey, requestIdNames, traceIdNames };
  }
  return latest;
}

/**
 * Adds what a header, property or parameter carries.
 * @param best of the earlier ones
 * @param name lower case; names that carry nothing change nothing
 */
export function addNamed(
  best: RankedIds | null,
  names: CarriedNames,
  name: string,
  value: string,
): RankedIds | null {
  const reading = names.readings.get(name);
  if (reading === undefined) return best;
  const text = value.length > LONGEST_VALUE ? value.slice(0, LONGEST_VALUE) : value;
  if (reading === 'request-id') return addRequestId(best, name, text, names.key);
  if (reading === 'trace-id') return addTraceId(best, text);
  return addCarried(best, reading, text, names.key);
}

/** Adds what the parameters of a query string carry that were asked for. @param query without `?` */
export function addFromQuery(best: RankedIds | null, names: CarriedNames, query: string): RankedIds | null {
  if (names.asked.size === 0) return best;
  let ids = best;
  for (let from = 0; from < query.length; ) {
    const next = query.indexOf('&', from);
    const to = next < 0 ? query.length : next;
    const equals = query.indexOf('=', from);
    if (equals > from && equals < to) {
      const name = query.slice(from, equals).toLowerCase();
      if (names.asked.has(name)) ids = addNamed(ids, names, name, query.slice(equals + 1, to));
    }
    from = to + 1;
  }
  return ids;
}

/** Part of a message's bytes as the text of an id. */
export function idText(bytes: Uint8Array, from: number, to: number): string {
  return latin1(bytes, from, Math.min(to, from + LONGEST_VALUE));
}
