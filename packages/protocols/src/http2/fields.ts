import type { CarriedNames } from '../carried/names.ts';

const USED = [
  ...[':method', ':path', ':scheme', ':authority', ':status', ':protocol'],
  ...['host', 'user-agent', 'content-type', 'grpc-status'],
];

let latest: { readonly names: CarriedNames; readonly wanted: ReadonlySet<string> } | null = null;

/** Fields whose values are looked at; others are not even kept. One set, as long as all connections are told the same names. */
export function wantedFields(names: CarriedNames): ReadonlySet<string> {
  if (latest === null || latest.names !== names) {
    latest = { names, wanted: new Set([...USED, ...names.readings.keys()]) };
  }
  return latest.wanted;
}
