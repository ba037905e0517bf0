import type { Attributes, AttributeValue } from '@weft/model';

/** Attributes that belong together, under a heading. */
export interface AttributeGroup {
  readonly title: string;
  readonly entries: readonly (readonly [key: string, value: AttributeValue])[];
}

/** Headings, in the order shown → first parts of the keys that stand below them. */
const GROUPS: readonly (readonly [title: string, prefixes: readonly string[]])[] = [
  ['HTTP', ['http', 'url', 'user_agent']],
  ['Database', ['db']],
  ['RPC', ['rpc']],
  ['Messaging', ['messaging']],
  ['DNS', ['dns']],
  ['TLS', ['tls']],
  ['Network', ['network', 'server', 'client', 'source', 'destination']],
  ['Process', ['process', 'thread', 'service']],
  ['Host', ['host', 'container', 'k8s', 'os']],
  ['Weft', ['weft']],
];
const OTHER = 'Other';

/** A span's attributes under headings, keys in order; headings without any are left out. */
export function groupAttributes(attributes: Attributes): AttributeGroup[] {
  const byTitle = new Map<string, (readonly [string, AttributeValue])[]>();
  for (const entry of Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const first = entry[0].split('.', 1)[0]!;
    const title = GROUPS.find(([, prefixes]) => prefixes.includes(first))?.[0] ?? OTHER;
    const entries = byTitle.get(title);
    if (entries === undefined) byTitle.set(title, [entry]);
    else entries.push(entry);
  }
  return [...GROUPS.map(([title]) => title), OTHER].flatMap((title) => {
    const entries = byTitle.get(title);
    return entries === undefined ? [] : [{ title, entries }];
  });
}

/** A term for the search over all traces: `url.path=/orders/7`, quoted where it must be. */
export function searchTerm(key: string, value: AttributeValue): string {
  const text = String(value);
  return /[\s"]/.test(text) ? `${key}="${text.replace(/["\\]/g, '\\$&')}"` : `${key}=${text}`;
}
