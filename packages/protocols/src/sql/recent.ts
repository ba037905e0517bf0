import type { CarriedNames } from '../carried/names.ts';
import { describeSql, type SqlDescription } from './describe.ts';
import type { SqlDialect } from './tokens.ts';

const LONGEST = 1024;
const MOST = 512;
type Recent = readonly [Map<string, SqlDescription>, Map<string, SqlDescription>];
const recent: Readonly<Record<SqlDialect, Recent>> = {
  mysql: [new Map(), new Map()],
  postgresql: [new Map(), new Map()],
};

/** What is remembered was read with these. */
let namesOfRecent: CarriedNames | null = null;

/** As `describeSql` with the dialect's own rules; texts that were seen lately (those with placeholders come again and again) are found. */
export function describeRecent(
  text: string,
  dialect: SqlDialect,
  mask: boolean,
  names: CarriedNames,
): SqlDescription {
  if (text.length > LONGEST) return describeSql(text, dialect, mask, undefined, names);
  if (names !== namesOfRecent) {
    for (const maps of Object.values(recent)) for (const map of maps) map.clear();
    namesOfRecent = names;
  }
  const known = recent[dialect][mask ? 1 : 0];
  const found = known.get(text);
  if (found !== undefined) return found;
  const sql = describeSql(text, dialect, mask, undefined, names);
  if (known.size >= MOST) known.clear();
  known.set(text, sql);
  return sql;
}
