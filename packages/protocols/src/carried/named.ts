import type { HashKey } from '@weft/model';
import type { ParserOptions } from '../protocol.ts';
import { addCarried, addRequestId, CARRIER_NAMES, type CarrierName, type RankedIds } from './carried.ts';

/** The properties that carry ids, for protocols whose properties have names of one case or another. */
export interface NamedCarriers {
  /** By name, lower case; null: a further name of a request id. */
  readonly names: ReadonlyMap<string, CarrierName | null>;
  readonly further: readonly string[] | undefined;
  readonly key: HashKey | undefined;
}

let latest: NamedCarriers | null = null;

/** The names that a parser looks for: one table, as long as all connections are told the same. */
export function namedCarriersOf({ requestIdNames, idKey }: ParserOptions): NamedCarriers {
  if (latest === null || latest.further !== requestIdNames || latest.key !== idKey) {
    const names = new Map<string, CarrierName | null>();
    for (const name of requestIdNames ?? []) names.set(name, null);
    for (const name of CARRIER_NAMES) names.set(name, name);
    latest = { names, further: requestIdNames, key: idKey };
  }
  return latest;
}

/**
 * Adds the ids of one property, if it carries some.
 * @param best of the earlier properties, null at first
 * @param name lower case
 * @param value as on the wire, without surrounding white space
 */
export function addNamed(
  carriers: NamedCarriers,
  best: RankedIds | null,
  name: string,
  value: string,
): RankedIds | null {
  const known = carriers.names.get(name);
  if (known === undefined) return best;
  return known === null
    ? addRequestId(best, name, value, carriers.key)
    : addCarried(best, known, value, carriers.key);
}
