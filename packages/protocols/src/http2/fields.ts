import { CARRIER_NAMES, type CarrierName } from '../carried/carried.ts';

/** Fields that carry the ids of other parties, by name. */
export const CARRIERS: ReadonlyMap<string, CarrierName> = new Map(CARRIER_NAMES.map((name) => [name, name]));

/** Fields whose values are looked at; others are not even kept. */
export const WANTED: ReadonlySet<string> = new Set([
  ...[':method', ':path', ':scheme', ':authority', ':status', ':protocol'],
  ...['host', 'user-agent', 'content-type', 'grpc-status'],
  ...CARRIER_NAMES,
]);
