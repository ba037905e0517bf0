/** A string as a ClickHouse literal. Backslash and quote are all that can end one. */
export function quote(text: string): string {
  return `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'").replace(/\0/g, '\\0')}'`;
}

/** Names of settings and parameters; anything else is refused. */
export function isIdentifier(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}

/** The statement without the comments and blanks before it. */
function statementStart(sql: string): string {
  return sql.replace(/^(\s+|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/)+/, '');
}

/** Statements that only read: they may run beside each other and beside the one writer. */
export function isRead(sql: string): boolean {
  return /^(\(|SELECT\b|WITH\b|SHOW\b|DESC(RIBE)?\b|EXISTS\b|EXPLAIN\b|CHECK\b|VALUES\b)/i.test(
    statementStart(sql),
  );
}

/**
 * An `INSERT … FORMAT X` whose data comes apart from it, made to read them from a file instead: inline
 * binary data is cut by the engine at the first empty line. Null when the statement is no such insert.
 */
export function insertFromFile(sql: string, path: string): string | null {
  const match = /^(INSERT\s[\s\S]*?)\s+FORMAT\s+([A-Za-z0-9]+)\s*;?\s*$/i.exec(statementStart(sql));
  return match === null ? null : `${match[1]} FROM INFILE ${quote(path)} FORMAT ${match[2]}`;
}

/** Names of the `{name:Type}` parameters in a statement, those in strings included: more is safe here. */
export function parameterNames(sql: string): string[] {
  const names: string[] = [];
  for (const match of sql.matchAll(/\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*:/g)) names.push(match[1]!);
  return names;
}
