import type { CarriedNames } from '../carried/names.ts';
import { describeRecent, describeSql, type SqlDescription } from '../sql/index.ts';

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

/** Of texts that were seen lately the description is known. @param backslash as `describeSql` */
export function describeStatement(
  text: string,
  mask: boolean,
  backslash: boolean,
  names: CarriedNames,
): SqlDescription {
  return backslash
    ? describeSql(text, 'postgresql', mask, backslash, names)
    : describeRecent(text, 'postgresql', mask, names);
}
