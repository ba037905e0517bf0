import { type HashKey, keyedHash } from '@weft/model';
import type { CarriedIds } from '../protocol.ts';

/**
 * Of several requests with the same ids, the two ends of one mostly ask for the same: proxies pass paths and queries on as
 * they are. Only a hash of that leaves the host.
 * @param query without `?`, '' if there is none
 */
export function withTarget(
  carried: CarriedIds,
  path: string,
  query: string,
  key: HashKey | undefined,
): CarriedIds {
  if (path === '') return carried;
  return { ...carried, target: keyedHash(query === '' ? path : `${path}?${query}`, key) };
}
