import { describeSql, type SqlDescription } from '../sql/index.ts';

/** Statements and portals of a connection that are remembered: drivers keep some hundred (pgjdbc: 256). */
const MOST_STATEMENTS = 256;
const MOST_PORTALS = 64;

/** What is known of the prepared statements of one connection. */
export interface Statements {
  readonly prepared: Map<string, SqlDescription>;
  /** The statement that a portal was made of, null if that is not known. */
  readonly portals: Map<string, SqlDescription | null>;
}

/** None yet. */
export function createStatements(): Statements {
  return { prepared: new Map(), portals: new Map() };
}

export function rememberStatement(s: Statements, name: string, sql: SqlDescription): void {
  remember(s.prepared, name, sql, MOST_STATEMENTS);
}

export function rememberPortal(s: Statements, name: string, sql: SqlDescription | null): void {
  remember(s.portals, name, sql, MOST_PORTALS);
}

/** The oldest makes room: a map keeps the order in which its keys came. */
function remember<T>(map: Map<string, T>, name: string, value: T, most: number): void {
  map.delete(name);
  if (map.size >= most) {
    const oldest = map.keys().next();
    if (!oldest.done) map.delete(oldest.value);
  }
  map.set(name, value);
}

const LONGEST_CACHED = 1024;
const MOST_CACHED = 512;
const cached: [Map<string, SqlDescription>, Map<string, SqlDescription>] = [new Map(), new Map()];

/** As `describeSql`; texts that were seen lately (those with placeholders come again and again) are found. */
export function describeStatement(text: string, mask: boolean, backslash: boolean): SqlDescription {
  if (text.length > LONGEST_CACHED || backslash) return describeSql(text, 'postgresql', mask, backslash);
  const cache = cached[mask ? 1 : 0];
  const known = cache.get(text);
  if (known !== undefined) return known;
  const sql = describeSql(text, 'postgresql', mask);
  if (cache.size >= MOST_CACHED) cache.clear();
  cache.set(text, sql);
  return sql;
}
