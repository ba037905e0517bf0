import type { Attributes, AttributeValue } from '@weft/model';
import { type RankedIds, settleCarried } from '../carried/carried.ts';
import { type CarriedNames, carriedNames } from '../carried/names.ts';
import { withoutIds } from '../endpoint.ts';
import type { CarriedIds } from '../protocol.ts';
import { carriedInComment } from './comments.ts';
import { createMaskedText, maskedLength, maskedText, writeMasked } from './masked.ts';
import { createStatement, finishStatement, namesTable, readStatement, type Statement } from './statement.ts';
import { COMMENT, END, nextToken, type SqlDialect, tokensOf } from './tokens.ts';

/** Characters of a text that are looked at: parsers need not keep more of a statement. */
export const LONGEST_SQL = 8192;
/** No `db.query.text` is longer. */
export const LONGEST_QUERY_TEXT = 2048;
const CUT = '...';
const USUAL_NAMES = carriedNames({});

/** What a text of SQL says. */
export interface SqlDescription {
  /** Span name and `db.query.summary`: `SELECT orders`, `BEGIN`, `CREATE TABLE orders`; ids are taken out. Without a verb: the dialect. */
  readonly name: string;
  /** `db.operation.name`: the verb of the first statement, with the kind of object for DDL; '' if there is none. */
  readonly operation: string;
  /** `db.collection.name`: table or view, as written but for its quotes; ''. */
  readonly collection: string;
  /** `db.stored_procedure.name` of CALL; ''. */
  readonly procedure: string;
  /** `db.query.text`, at most `LONGEST_QUERY_TEXT` characters. */
  readonly text: string;
  /** Statements in the text, as far as it was looked at. */
  readonly statements: number;
  /** Ids in its comments. */
  readonly carried: CarriedIds | null;
}

/**
 * Describes SQL of a query or a prepared statement in one pass, whatever it is: a text that is no SQL has the
 * dialect's name. Names follow OpenTelemetry's `db.query.summary` (semantic conventions, database spans) but for
 * keeping to one target, so that there are few: the first table of the statement itself (the first of a join, the
 * one that INSERT … SELECT fills), or, where that is a derived or common table, the first table within. Of several
 * statements the first gives the name.
 * @param mask strings and numbers are replaced by `?`, comments left out; statements that may hold passwords always are
 * @param backslash a backslash escapes in ordinary strings: MySQL without NO_BACKSLASH_ESCAPES, PostgreSQL without standard_conforming_strings
 * @param names keys in comments that carry ids
 */
export function describeSql(
  text: string,
  dialect: SqlDialect,
  mask: boolean,
  backslash: boolean = dialect === 'mysql',
  names: CarriedNames = USUAL_NAMES,
): SqlDescription {
  const isCut = text.length > LONGEST_SQL;
  const tokens = tokensOf(isCut ? text.slice(0, LONGEST_SQL) : text, dialect, backslash);
  const statement = createStatement();
  const masked = createMaskedText();
  let ids: RankedIds | null = null;
  let hides = mask;
  while (nextToken(tokens) !== END) {
    if (tokens.kind === COMMENT) ids = carriedInComment(tokens, ids, names);
    const asName = namesTable(statement, tokens);
    readStatement(statement, tokens);
    if (maskedLength(masked) <= LONGEST_QUERY_TEXT) writeMasked(masked, tokens, asName);
    hides ||= statement.isSecret;
  }
  finishStatement(statement);
  const shown = hides ? maskedText(masked, tokens) : text;
  return {
    name: nameOf(statement, dialect),
    operation: statement.operation,
    collection: statement.isCollection ? statement.target : '',
    procedure: statement.isProcedure ? statement.target : '',
    text:
      shown.length > LONGEST_QUERY_TEXT
        ? shown.slice(0, LONGEST_QUERY_TEXT - CUT.length) + CUT
        : isCut && hides
          ? shown + CUT
          : shown,
    statements: statement.statements,
    carried: settleCarried(ids),
  };
}

function nameOf(s: Statement, dialect: SqlDialect): string {
  if (s.operation === '') return dialect;
  return s.target === '' ? s.operation : `${s.operation} ${withoutIds(s.target, '._$')}`;
}

/** The attributes that a request with that SQL has. @param system `db.system.name` @param namespace `db.namespace`, '' unknown */
export function sqlAttributes(sql: SqlDescription, system: string, namespace: string = ''): Attributes {
  const attributes: Record<string, AttributeValue> = {
    'db.system.name': system,
    'db.query.text': sql.text,
    'db.query.summary': sql.name,
  };
  if (namespace !== '') attributes['db.namespace'] = namespace;
  if (sql.operation !== '') attributes['db.operation.name'] = sql.operation;
  if (sql.collection !== '') attributes['db.collection.name'] = sql.collection;
  if (sql.procedure !== '') attributes['db.stored_procedure.name'] = sql.procedure;
  if (sql.statements > 1) attributes['db.operation.batch.size'] = sql.statements;
  return attributes;
}
